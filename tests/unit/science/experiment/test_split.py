"""No effect is concluded where arms or holdout are not the size that was drawn."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadTrial
from jobs.science.experiment.assignment import HOLDOUT, OUTSIDE, Assignment, Holdout, assign
from jobs.science.experiment.split import check_split, refuse_mismatch

SHARES = {"none": 0.5, "mail": 0.25, "call": 0.25}


def test_what_the_assignment_draws_is_sound_and_a_lost_arm_is_not() -> None:
    holdouts = (Holdout("all", 0.05), Holdout("ours", 0.1))
    rule = Assignment("split", SHARES, exposure=0.8, holdouts=holdouts)
    arm = assign(rule, pa.array([str(i) for i in range(20_000)])).arm
    counts = {name: int((arm == name).sum()) for name in SHARES}
    held, outside = int((arm == HOLDOUT).sum()), int((arm == OUTSIDE).sum())
    shares = [h.share for h in holdouts]
    sound = check_split(counts, SHARES, held=held, outside=outside, holdout_shares=shares)
    assert refuse_mismatch(sound) is sound
    lost = check_split(
        {**counts, "call": counts["call"] - 300}, SHARES, held=held, outside=outside, holdout_shares=shares
    )
    with pytest.raises(
        BadTrial, match=r"mismatch .*'call' has \d+ units where \d+ were to be expected.*find the cause"
    ):
        refuse_mismatch(lost)
    leaked = check_split(counts, SHARES, held=held - 500, outside=outside + 500, holdout_shares=shares)
    assert not leaked.arms.mismatch
    with pytest.raises(BadTrial, match="'held back' has"):
        refuse_mismatch(leaked)


def test_a_followed_design_is_refused_about_once_in_a_thousand() -> None:
    generator = np.random.default_rng(0)
    refused = [
        check_split(dict(zip(SHARES, map(int, row), strict=True)), SHARES).mismatch
        for row in generator.multinomial(10_000, list(SHARES.values()), 4000)
    ]
    assert np.mean(refused) < 0.004


@pytest.mark.parametrize(
    ("counts", "held", "holdout", "says"),
    [
        ({"none": 5, "mail": 5}, None, [], "must be the same"),
        ({"none": 5, "mail": 5, "call": 0}, None, [], "arm 'call' has no units"),
        ({"none": 5, "mail": 5, "call": 5}, None, [0.1], "not counted"),
        ({"none": 5, "mail": 5, "call": 5}, 7, [], "holds nobody back"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    counts: dict[str, int], held: int | None, holdout: list[float], says: str
) -> None:
    with pytest.raises(BadTrial, match=says):
        check_split(counts, SHARES, held=held, holdout_shares=holdout)
