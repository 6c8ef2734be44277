"""A trial that cannot answer is refused in one sentence that says what and what to do."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadTrial
from jobs.science.uplift.trial import MIN_ARM_ROWS, Trial, draw_share


def checked(**changes: Any) -> Trial:
    n = 2 * MIN_ARM_ROWS
    given: dict[str, Any] = {
        "arm": ["none", "mail"] * MIN_ARM_ROWS,
        "control": "none",
        "outcome": np.arange(n) % 7 * 1.0,
        **changes,
    }
    rows = pa.table({"x": np.zeros(len(given["arm"]))})
    return Trial.checked(rows, {"x": "number"}, **given)


def test_the_control_comes_first_and_shares_are_the_propensities_when_none_are_given() -> None:
    trial = checked(arm=(["a"] * 3 + ["none"]) * MIN_ARM_ROWS, outcome=np.arange(4 * MIN_ARM_ROWS) * 1.0)
    assert trial.arms == ("none", "a")
    assert trial.arm[:4].tolist() == [1, 1, 1, 0]
    assert trial.propensity[:4].tolist() == [0.75, 0.75, 0.75, 0.25]


def test_declared_arms_keep_their_order() -> None:
    arm = ["none", "b", "a"] * MIN_ARM_ROWS
    trial = checked(arm=arm, arms=["b", "a"], outcome=np.arange(len(arm)) * 1.0)
    assert trial.arms == ("none", "b", "a")
    assert trial.arm[:3].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arm": ["mail"] * 200}, "no row has the control arm 'none', only 'mail'"),
        ({"arm": ["none"] * 200}, "one arm, 'none'"),
        ({"arms": ["letter"]}, "nobody declared, 'mail'"),
        ({"arms": ["mail", "letter"]}, r"too few rows in letter \(0\)"),
        ({"arm": ["none", "mail"] * 25, "outcome": np.arange(50.0)}, r"none \(25\), mail \(25\)"),
        ({"outcome": np.ones(200)}, "the outcome is 1.0 in every row"),
        ({"outcome": np.r_[np.arange(199.0), np.nan]}, "the outcome of row 199 is nan"),
        ({"outcome": np.r_[np.inf, np.arange(199.0)]}, "the outcome of row 0 is inf"),
        ({"propensity": np.r_[np.full(199, 0.5), 0.0]}, "the propensity of row 199 is 0.0"),
        ({"propensity": np.r_[1.0, np.full(199, 0.5)]}, "the propensity of row 0 is 1.0"),
        ({"propensity": np.r_[np.nan, np.full(199, 0.5)]}, "the propensity of row 0 is nan"),
        ({"propensity": np.full(200, 0.4)}, "sum to 0.8, not to 1"),
    ],
)
def test_a_trial_that_cannot_answer_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadTrial, match=says) as refused:
        checked(**changes)
    assert "\n" not in str(refused.value)


def test_ten_arms_with_three_rows_each_are_refused() -> None:
    arm = ["none"] * 200 + [f"arm {k}" for k in range(10)] * 3
    with pytest.raises(BadTrial, match=r"too few rows in arm 0 \(3\)"):
        checked(arm=arm, outcome=np.arange(len(arm)) * 1.0)


def test_propensities_that_vary_by_row_are_taken_as_they_are() -> None:
    p = np.where(np.arange(200) < 100, 0.3, 0.7)
    assert checked(propensity=p).propensity.tolist() == p.tolist()


def test_a_split_takes_the_same_share_of_every_arm_and_is_repeatable() -> None:
    trial = checked(arm=["none"] * 300 + ["mail"] * 100, outcome=np.arange(400.0))
    drawn = trial.split(0.5, seed=3)
    assert (int(drawn[:300].sum()), int(drawn[300:].sum())) == (150, 50)
    assert (drawn == trial.split(0.5, seed=3)).all()
    assert (drawn != trial.split(0.5, seed=4)).any()


def test_a_part_keeps_its_rows_together() -> None:
    trial = checked(cluster=[f"g{i // 4}" for i in range(200)])
    part = trial.part(np.arange(200) < 10)
    assert len(part) == part.rows.num_rows == len(part.outcome) == len(part.propensity) == 10
    assert part.cluster is not None
    assert part.cluster.tolist() == trial.cluster[:10].tolist()  # type: ignore[index]


def test_a_split_never_cuts_a_cluster() -> None:
    trial = checked(cluster=[f"g{i // 4}" for i in range(200)])
    drawn = trial.split(0.5, seed=0).reshape(50, 4)
    assert (drawn.all(axis=1) | ~drawn.any(axis=1)).all()
    assert drawn[:, 0].sum() == 25


def test_an_arm_that_is_one_cluster_cannot_be_split() -> None:
    trial = checked(cluster=["a", "b"] * MIN_ARM_ROWS)
    with pytest.raises(BadTrial, match="clusters"):
        trial.split(0.5, seed=0)


def test_rows_are_drawn_without_regard_to_their_order() -> None:
    drawn = draw_share(np.zeros(10_000, np.int64), None, 0.5, seed=0)
    assert abs(float(np.mean(np.flatnonzero(drawn))) - 5000) < 100
