"""A trial with arms of the wrong size, or with features that know the arm, is not read."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadTrial
from jobs.science.uplift.intake import Intake, TrialColumns, take_in
from jobs.science.uplift.readable import must_be_readable


def taken(treated: float = 0.5, n: int = 4000, **given: Any) -> Intake:
    generator = np.random.default_rng(5)
    arm = np.where(generator.random(n) < treated, "mail", "none")
    columns: dict[str, Any] = {
        "arm": arm,
        "spend": generator.normal(size=n),
        "age": generator.uniform(20, 60, n),
        **{name: value(arm, generator) if callable(value) else value for name, value in given.items()},
    }
    tasks = {name: name for name in ("cluster", "propensity") if name in given}
    return take_in(pa.table(columns), TrialColumns("arm", "none", "spend", **tasks), file="t.csv")


def test_arms_of_the_right_size_are_read() -> None:
    readable = must_be_readable(taken(), file="t.csv")
    assert readable.ratio.p_value > 0.001
    assert (readable.ratio_of, readable.design) == ("rows", "equal shares")
    assert readable.warnings == ()


def test_arms_of_other_sizes_are_refused_until_the_design_says_so() -> None:
    with pytest.raises(
        BadTrial, match=r"do not read this trial: t\.csv has, counted in rows, none .* \(--share for every arm"
    ):
        must_be_readable(taken(treated=0.7), file="t.csv")
    readable = must_be_readable(taken(treated=0.7), shares={"none": 0.3, "mail": 0.7}, file="t.csv")
    assert readable.design == "the shares given"
    known = must_be_readable(taken(treated=0.7, propensity=lambda a, _: np.where(a == "mail", 0.7, 0.3)), file="t.csv")
    assert known.design == "the propensities"


def test_no_chance_is_said_to_be_zero() -> None:
    with pytest.raises(BadTrial, match=r"\(p < 1e-300\)"):
        must_be_readable(taken(treated=0.05), file="t.csv")


def test_arms_that_miss_the_design_given_are_refused() -> None:
    with pytest.raises(BadTrial, match="find out where"):
        must_be_readable(taken(treated=0.7), shares={"none": 0.4, "mail": 0.6}, file="t.csv")
    with pytest.raises(BadTrial, match="find out where"):
        must_be_readable(taken(treated=0.7, propensity=np.full(4000, 0.5)), file="t.csv")


def test_outcomes_that_go_missing_in_one_arm_are_refused() -> None:
    lost = taken(spend=lambda a, g: np.where((a == "mail") & (g.random(len(a)) < 0.2), np.nan, g.normal(size=len(a))))
    assert lost.drawn == pytest.approx((2000, 2000), rel=0.05)
    with pytest.raises(BadTrial, match=r"rows left after \d+ were set aside"):
        must_be_readable(lost, file="t.csv")


@pytest.mark.parametrize(
    ("shares", "says"), [({"none": 0.5, "post": 0.5}, "names 'post'"), ({"none": 0.5}, "what share 'mail'")]
)
def test_shares_are_of_the_arms_there_are(shares: dict[str, float], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        must_be_readable(taken(), shares=shares, file="t.csv")


def test_where_clusters_were_drawn_clusters_are_counted() -> None:
    generator = np.random.default_rng(0)
    size = np.where(np.arange(200) % 2 == 0, 20, 30)
    group = np.repeat(np.arange(200), size)
    arm = np.where(group % 2 == 0, "none", "mail")
    columns = {"arm": arm, "spend": generator.normal(size=len(arm)), "age": generator.uniform(20, 60, 200)[group]}
    table = pa.table({**columns, "home": group})
    intake = take_in(table, TrialColumns("arm", "none", "spend", cluster="home"), file="t.csv")
    readable = must_be_readable(intake, file="t.csv")
    assert readable.ratio_of == "clusters"
    assert readable.ratio.counts == (100, 100)


def test_a_feature_that_knows_the_arm_is_refused_with_the_flags_that_leave_it_out() -> None:
    opened = taken(opened=lambda a, g: ((a == "mail") & (g.random(len(a)) < 0.4)).astype(int))
    with pytest.raises(BadTrial, match=r"'opened' \(p = .*\) predicts the arm.*\(--exclude 'opened'\)"):
        must_be_readable(opened, file="t.csv")


def test_another_outcome_is_left_out_and_said() -> None:
    generator = np.random.default_rng(0)
    arm = np.array(["none", "mail"])[generator.integers(0, 2, 4000)]
    visit = generator.random(4000) < np.where(arm == "mail", 0.3, 0.2)
    columns = {
        "arm": arm,
        "visit": visit,
        "spend": visit * generator.gamma(2.0, 5.0, 4000),
        "age": generator.uniform(20, 60, 4000),
    }
    readable = must_be_readable(take_in(pa.table(columns), TrialColumns("arm", "none", "spend"), file="t"), file="t")
    assert dict(readable.trial.features) == {"age": "number"}
    assert readable.left_out["visit"].startswith("is an outcome too: all ")


def test_few_clusters_are_said() -> None:
    said = must_be_readable(taken(cluster=np.arange(4000) % 20), file="t.csv").warnings
    assert any("Only 20 clusters" in w for w in said)
    assert any("Too few clusters to check" in w for w in said)


def test_few_customers_with_an_outcome_are_said() -> None:
    rare = taken(spend=lambda a, g: (g.random(len(a)) < 0.01) * 30.0)
    assert any("have an outcome other than 0 euro" in w for w in must_be_readable(rare, file="t.csv").warnings)
