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


def test_a_slice_whose_effect_differs_is_told_after_paying_for_all_looks(held):
    r = np.random.default_rng(4)
    names = np.array([f"slice {i % 12}" for i in range(N)])
    lift = (1.0 * (names == "slice 3") + r.normal(size=N))[:, None]
    judged = judge_slices(names, held, np.zeros((N, 1)), lift, resamples=10)
    assert min(judged, key=lambda s: s.differs_p).slice == "slice 3"
    assert [s.slice for s in judged if s.differs_p < 1e-6] == ["slice 3"]
    (everything,) = judge_slices(["all"] * N, held, np.zeros((N, 1)), lift, resamples=10)
    assert everything.differs_p == 1.0


def test_slices_of_one_effect_are_seldom_said_to_differ(held):
    r = np.random.default_rng(5)
    names = np.array([f"slice {i % 10}" for i in range(N)])
    zeros = np.zeros((N, 1))
    wrong = sum(
        any(s.differs_p < 0.05 for s in judge_slices(names, held, zeros, r.normal(size=(N, 1)), resamples=2))
        for _ in range(60)
    )
    assert wrong <= 7


def test_promises_are_judged_inside_the_slice(held):
    r = np.random.default_rng(6)
    names = np.where(np.arange(N) % 2 == 0, "true", "noise")
    promised = r.normal(size=(N, 1))
    lift = promised * (names == "true")[:, None] + r.normal(size=(N, 1))
    judged = {s.slice: s for s in judge_slices(names, held, promised, lift, resamples=50)}
    assert judged["true"].slope.value == pytest.approx(1.0, abs=0.15)
    assert judged["noise"].slope.low < 0.0 < judged["noise"].slope.high
    assert judged["true"].rate.autoc.low > 0.5
    assert judged["noise"].rate.autoc.low < 0.0 < judged["noise"].rate.autoc.high
    assert judged["true"].negative.predicted == pytest.approx(0.5, abs=0.05)
    assert judged["true"].negative.beyond_doubt > 0.2
    assert judged["noise"].negative.beyond_doubt == 0.0


def test_a_slice_of_few_rows_is_left_out(held):
    names = np.where(np.arange(N) < FEWEST_ROWS - 1, "few", "rest")
    zeros = np.zeros((N, 1))
    assert [s.slice for s in judge_slices(names, held, zeros, zeros)] == ["rest"]


def test_slices_that_are_not_one_a_row_are_refused(held):
    with pytest.raises(BadRequest, match="3 slices were given for 4000"):
        judge_slices(["a"] * 3, held, np.zeros((N, 1)), np.zeros((N, 1)))
