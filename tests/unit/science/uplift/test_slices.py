"""Effects by slice are the means of the slice's own rows; small slices are left out."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest
from jobs.science.uplift.slices import FEWEST_ROWS, judge_slices
from jobs.science.uplift.trial import Trial

N = 4_000


@pytest.fixture(scope="module")
def held():
    r = np.random.default_rng(1)
    arm = np.array(["none", "mail"])[r.integers(2, size=N)]
    rows = pa.table({"f": r.normal(size=N)})
    return Trial.checked(rows, {"f": "number"}, arm=arm, control="none", outcome=r.normal(size=N))


def test_a_slice_with_an_effect_is_told_from_one_without(held):
    r = np.random.default_rng(2)
    names = np.where(np.arange(N) % 3 == 0, "evening", "typical")
    lift = (2.0 * (names == "evening") + r.normal(size=N))[:, None]
    judged = {s.slice: s for s in judge_slices(names, held, np.full((N, 1), 0.7), lift)}
    assert set(judged) == {"evening", "typical"}
    assert judged["evening"].arm == "mail"
    assert judged["evening"].rows == (names == "evening").sum()
    assert judged["evening"].measured.low > 1.5
    assert judged["typical"].measured.low < 0 < judged["typical"].measured.high
    assert judged["typical"].promised_eur == pytest.approx(0.7)


def test_a_slice_of_few_rows_is_left_out(held):
    names = np.where(np.arange(N) < FEWEST_ROWS - 1, "few", "rest")
    zeros = np.zeros((N, 1))
    assert [s.slice for s in judge_slices(names, held, zeros, zeros)] == ["rest"]


def test_slices_that_are_not_one_a_row_are_refused(held):
    with pytest.raises(BadRequest, match="3 slices were given for 4000"):
        judge_slices(["a"] * 3, held, np.zeros((N, 1)), np.zeros((N, 1)))
