"""Arms among explorers, against effects that are known."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.drawn_arms import DrawnArm, Explored, drawn_arms

ARMS = ("mail", "call")


def explored(seed: int, rows: int = 6_000) -> tuple[Explored, dict[str, float]]:
    """Who spends much is drawn for a call rather: a plain difference of means would be wrong by far."""
    r = np.random.default_rng(seed)
    habit = r.gamma(2.0, 5.0, rows)
    pull = np.column_stack([0.2 * np.ones(rows), np.minimum(habit, 30.0) / 12.0, np.ones(rows)])
    probability = np.exp(pull) / np.exp(pull).sum(axis=1, keepdims=True)
    choice = (r.random((rows, 1)) > probability.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    drawn = np.where(choice == 2, -1, choice)
    effect = np.column_stack([1.0 + 0.1 * habit, 2.0 - 0.05 * habit, np.zeros(rows)])
    outcome = habit + r.normal(0.0, 2.0, rows) + effect[np.arange(rows), choice]
    promised = 2.0 * effect[np.arange(rows), choice]
    truth = {arm: float(effect[drawn == i, i].mean()) for i, arm in enumerate(ARMS)}
    return Explored(drawn, probability, outcome, promised), truth


def covered(seed: int) -> list[bool]:
    rows, truth = explored(seed)
    return [a.effect.absolute.lower <= truth[a.arm] <= a.effect.absolute.upper for a in drawn_arms(ARMS, rows)]


def test_effects_of_arms_are_found_though_draws_depend_on_the_customer() -> None:
    found = [hit for seed in range(60) for hit in covered(seed)]
    assert len(found) == 120
    assert 0.88 <= np.mean(found) <= 1.0


@pytest.mark.long
def test_in_a_thousand_worlds_intervals_hold_the_effect() -> None:
    assert 0.92 <= np.mean([hit for seed in range(1_000) for hit in covered(seed)]) <= 0.99


def test_the_promise_stands_beside_what_was_measured() -> None:
    rows, truth = explored(7, 40_000)
    found: dict[str, DrawnArm] = {a.arm: a for a in drawn_arms(ARMS, rows)}
    for arm in ARMS:
        assert found[arm].promised_effect_eur == pytest.approx(2.0 * truth[arm])
        assert found[arm].effective_rows <= (rows.drawn == -1).sum() + 0.5


def test_an_arm_with_few_rows_is_not_spoken_of() -> None:
    assert drawn_arms(ARMS, explored(1, 60)[0]) == ()


def test_what_could_not_be_drawn_is_refused() -> None:
    rows, _ = explored(1, 500)
    impossible = rows.probability.copy()
    impossible[3] = [0.0, 0.0, 0.0]
    with pytest.raises(BadRequest, match="row 3 drew"):
        drawn_arms(ARMS, Explored(rows.drawn, impossible, rows.outcome_eur, rows.promised_effect_eur))
    with pytest.raises(BadRequest, match="are not of 500 rows and 3 arms"):
        drawn_arms(("a", "b", "c"), rows)
