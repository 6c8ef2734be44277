"""What was measured after the draw is found; what was known before is let be."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.science.uplift.leakage import arm_p_value, find_leaks
from jobs.science.uplift.trial import Trial


def trial(n: int, seed: int, features: dict[str, str], columns: dict[str, object], **given: object) -> Trial:
    generator = np.random.default_rng(seed)
    arm = given.pop("arm", None)
    drawn = generator.choice(np.array(["none", "a", "b"]), n) if arm is None else arm
    outcome = given.pop("outcome", generator.normal(size=n))
    return Trial.checked(pa.table(columns), features, arm=drawn, control="none", outcome=outcome, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("design", ["shares", "propensities", "clusters"])
def test_what_was_known_before_the_draw_is_seldom_said_to_predict_it(design: str) -> None:
    found = []
    for seed in range(300):
        generator = np.random.default_rng(1000 + seed)
        n = 1200
        x = generator.lognormal(size=n)
        given: dict[str, object] = {}
        if design == "propensities":
            # The old are drawn more often: the feature goes with the arm, by design.
            chance = np.where(x > 1.0, 0.7, 0.3)
            treated = generator.random(n) < chance
            given = {"arm": np.where(treated, "a", "none"), "propensity": np.where(treated, chance, 1.0 - chance)}
        if design == "clusters":
            group = np.repeat(np.arange(n // 3), 3)
            x = x[group]
            given = {"arm": np.array(["none", "a"])[generator.integers(0, 2, n // 3)[group]], "cluster": group}
        made = trial(n, seed, {"x": "number"}, {"x": x}, **given)
        p = arm_p_value(made, np.searchsorted(np.quantile(x, [0.25, 0.5, 0.75]), x))
        assert p is not None
        found.append(p)
    assert np.mean(np.array(found) < 0.05) <= 0.09
    assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.1)
    assert min(found) > 1e-5


def test_a_feature_measured_after_the_draw_is_found() -> None:
    generator = np.random.default_rng(0)
    arm = generator.choice(np.array(["none", "a"]), 4000)
    clicks = (generator.random(4000) < np.where(arm == "a", 0.12, 0.06)).astype(int)
    age = generator.uniform(20, 60, 4000)
    made = trial(4000, 0, {"age": "number", "clicks": "number"}, {"age": age, "clicks": clicks}, arm=arm)
    assert [leak.feature for leak in find_leaks(made).arm] == ["clicks"]


@pytest.mark.parametrize("name", ["device", "middle"])
def test_categories_and_effects_without_a_direction_are_found_too(name: str) -> None:
    generator = np.random.default_rng(0)
    arm = generator.choice(np.array(["none", "a"]), 6000)
    wide = np.where(arm == "a", 2.0, 1.0)
    columns = {
        "middle": generator.normal(size=6000) * wide,
        "device": np.where(wide * generator.random(6000) > 0.9, "app", "web"),
    }
    made = trial(6000, 0, {name: "number" if name == "middle" else "category"}, columns, arm=arm)
    assert [leak.feature for leak in find_leaks(made).arm] == [name]


def test_a_feature_that_goes_missing_in_one_arm_is_found() -> None:
    generator = np.random.default_rng(0)
    arm = generator.choice(np.array(["none", "a"]), 3000)
    score = np.where((arm == "a") & (generator.random(3000) < 0.2), np.nan, generator.normal(size=3000))
    made = trial(3000, 0, {"score": "number"}, {"score": score}, arm=arm)
    assert [leak.feature for leak in find_leaks(made).arm] == ["score"]


def funnel(effect: float) -> Trial:
    """Customers who visit, and some of those who buy."""
    generator = np.random.default_rng(1)
    n = 6000
    arm = generator.choice(np.array(["none", "a"]), n)
    visit = generator.random(n) < 0.3 + effect * (arm == "a")
    spend = np.where(visit & (generator.random(n) < 0.3), generator.gamma(2.0, 20.0, n), 0.0)
    columns = {
        "visit": visit.astype(int),
        "pages": np.where(visit, generator.poisson(4.0, n) + 1, 0),
        "age": generator.uniform(20, 60, n),
    }
    return trial(n, 0, dict.fromkeys(columns, "number"), columns, arm=arm, outcome=spend)


def test_another_outcome_of_the_same_trial_is_known_by_what_it_settles() -> None:
    leaks = find_leaks(funnel(effect=0.1))
    assert {leak.feature for leak in leaks.outcomes} == {"visit", "pages"}
    assert leaks.outcomes[0].settles.startswith("all ")
    assert leaks.arm == leaks.doubtful == ()


def test_where_the_arm_moves_nothing_it_is_only_a_doubt() -> None:
    leaks = find_leaks(funnel(effect=0.0))
    assert {leak.feature for leak in leaks.doubtful} == {"visit", "pages"}
    assert leaks.outcomes == leaks.arm == ()


def test_the_outcome_in_another_unit_is_known_by_its_order() -> None:
    generator = np.random.default_rng(2)
    arm = generator.choice(np.array(["none", "a"]), 3000)
    margin = generator.gamma(2.0, 10.0, 3000) + 3.0 * (arm == "a")
    columns = {"revenue": margin * generator.normal(3.0, 0.05, 3000)}
    leaks = find_leaks(trial(3000, 0, {"revenue": "number"}, columns, arm=arm, outcome=margin))
    assert [leak.settles for leak in leaks.outcomes] == ["it rises and falls with the outcome"]


def test_with_few_clusters_it_says_that_it_cannot_tell() -> None:
    group = np.repeat(np.arange(20), 30)
    arm = np.where(group % 2 == 0, "none", "a")
    generator = np.random.default_rng(0)
    made = trial(600, 0, {"x": "number"}, {"x": generator.normal(size=600)}, arm=arm, cluster=group)
    assert find_leaks(made).unchecked == ("x",)
