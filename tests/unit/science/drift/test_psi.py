"""The stability index agrees with scipy; planted drift is found, stable batches stay quiet."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr

from jobs.errors import BadRequest
from jobs.science.drift.counts import Counter, VariableCounts
from jobs.science.drift.profile import SCORE, Profile, profile_of
from jobs.science.drift.psi import Drift, Thresholds, measure_drift, population_stability_index, psi_noise


def world(rows: int, seed: int, **changed: object) -> pa.Table:
    """Customers of a made-up world; `changed` replaces columns."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {
        "amount": rng.lognormal(3, 1, rows),
        "count": rng.poisson(0.7, rows),
        "constant": np.full(rows, 4.2),
        "empty": pa.nulls(rows, pa.float64()),
        "sparse": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
        "channel": pa.array(rng.choice(["web", "phone", "shop"], rows, p=[0.7, 0.25, 0.05]).tolist(), pa.string()),
        SCORE: rng.beta(1, 50, rows),
    }
    return pa.table(columns | changed)


PROFILE = profile_of(world(50_000, seed=1))


def drift_of(batch: pa.Table, profile: Profile = PROFILE) -> dict[str, Drift]:
    counter = Counter(profile.bins)
    counter.add(batch)
    return {d.variable: d for d in measure_drift(profile, counter.counts())}


counts = st.lists(st.integers(0, 10**7), min_size=1, max_size=30)


@settings(deadline=None)
@given(counts, st.data())
def test_psi_is_the_sum_of_both_relative_entropies(reference: list[int], data: st.DataObject) -> None:
    """A second statement of index and smoothing, by scipy, to 1e-12."""
    batch = data.draw(st.lists(st.integers(0, 10**7), min_size=len(reference), max_size=len(reference)))
    pairs = [(n, m) for n, m in zip(batch, reference, strict=True) if n or m]
    half = 0.5 * len(pairs)
    q = np.array([(m + 0.5) / (sum(reference) + half) for _, m in pairs])
    p = np.array([(n + half * share) / (sum(batch) + half) for (n, _), share in zip(pairs, q, strict=True)])
    expected = float(np.sum(rel_entr(p, q)) + np.sum(rel_entr(q, p)))
    got = population_stability_index(
        VariableCounts(tuple(batch[:-1]), batch[-1]), VariableCounts(tuple(reference[:-1]), reference[-1])
    )
    assert got == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert got >= -1e-15


def test_smoothing_hardly_moves_the_index_where_no_bin_is_empty() -> None:
    p, q = np.array([0.3, 0.5, 0.2]), np.array([0.2, 0.5, 0.3])
    got = population_stability_index(VariableCounts((30_000, 50_000, 20_000), 0), VariableCounts((2000, 5000, 3000), 0))
    assert got == pytest.approx(float(np.sum((p - q) * np.log(p / q))), rel=1e-3)


def test_two_hundred_stable_batches_raise_no_alarm() -> None:
    """Sizes from one row to thousands, seven variables each."""
    sizes = np.geomspace(1, 5_000, 200).astype(int)
    levels = [d.level for i, n in enumerate(sizes) for d in drift_of(world(int(n), seed=1000 + i)).values()]
    assert len(levels) == 1_400
    assert set(levels) == {"stable"}


def test_a_planted_shift_is_found_and_nothing_else() -> None:
    rng = np.random.default_rng(5)
    found = drift_of(world(5_000, seed=2, amount=rng.lognormal(3.6, 1, 5_000)))
    assert found["amount"].level == "alarm"
    assert {name for name, d in found.items() if d.level != "stable"} == {"amount"}
    assert next(iter(found)) == "amount"  # the worst stands first


def test_a_small_shift_is_watched() -> None:
    rng = np.random.default_rng(5)
    found = drift_of(world(20_000, seed=2, amount=rng.lognormal(3.4, 1, 20_000)))["amount"]
    assert found.level == "watch"
    assert 0.1 <= found.psi < 0.25


def test_a_change_of_scale_is_found() -> None:
    rng = np.random.default_rng(6)
    assert drift_of(world(5_000, seed=3, amount=rng.lognormal(3, 2.2, 5_000)))["amount"].level == "alarm"


def test_a_column_that_empties_is_found() -> None:
    found = drift_of(world(1_000, seed=3, amount=pa.nulls(1_000, pa.float64())))["amount"]
    assert found.level == "alarm"
    assert (found.missing_share, found.missing_share_reference) == (1, 0)


def test_a_column_that_was_always_empty_and_fills_is_found() -> None:
    assert drift_of(world(1_000, seed=3))["empty"].psi == 0
    assert drift_of(world(1_000, seed=3, empty=np.ones(1_000)))["empty"].level == "alarm"


def test_a_constant_that_moves_is_found_and_one_that_stays_is_quiet() -> None:
    assert drift_of(world(1_000, seed=3))["constant"].psi == 0
    assert drift_of(world(1_000, seed=3, constant=np.full(1_000, 4.3)))["constant"].level == "alarm"


def test_an_unseen_category_is_found() -> None:
    channel = np.random.default_rng(7).choice(["web", "phone", "shop", "chat"], 4_000, p=[0.6, 0.25, 0.05, 0.1])
    assert drift_of(world(4_000, seed=4, channel=channel))["channel"].level == "alarm"


def test_an_empty_batch_is_stable_everywhere() -> None:
    for d in drift_of(world(10, seed=1).slice(0, 0)).values():
        assert (d.rows, d.missing_share, d.level) == (0, 0, "stable")
        assert d.psi == pytest.approx(0, abs=1e-15)


def test_one_row_is_never_an_alarm() -> None:
    for seed in range(50):
        assert {d.level for d in drift_of(world(1, seed=seed)).values()} == {"stable"}
    strange = drift_of(world(1, seed=1, amount=[1e30], channel=["moon"]))
    assert {d.level for d in strange.values()} == {"stable"}


def test_a_profile_of_no_rows_judges_nothing() -> None:
    assert psi_noise(VariableCounts((5,), 0), VariableCounts((0,), 0)) == float("inf")
    empty = profile_of(pa.table({"amount": pa.array([], pa.float64())}))
    found = drift_of(pa.table({"amount": [1.0, 2.0]}), empty)["amount"]
    assert found.level == "stable"


def test_thresholds_decide_the_level() -> None:
    counter = Counter(PROFILE.bins)
    counter.add(world(5_000, seed=2, amount=np.random.default_rng(5).lognormal(3.6, 1, 5_000)))
    levels = {
        watch: {d.variable: d.level for d in measure_drift(PROFILE, counter.counts(), Thresholds(watch, 9))}["amount"]
        for watch in (0.1, 8)
    }
    assert levels == {0.1: "watch", 8: "stable"}


@pytest.mark.parametrize(("watch", "alarm"), [(0, 1), (0.3, 0.2), (-1, 1)])
def test_thresholds_out_of_order_are_refused(watch: float, alarm: float) -> None:
    with pytest.raises(BadRequest, match="watch"):
        Thresholds(watch, alarm)


def test_counts_of_another_profile_are_refused() -> None:
    with pytest.raises(BadRequest, match="'age' is not in the model's profile"):
        measure_drift(PROFILE, {"age": VariableCounts((1,), 0)})
    with pytest.raises(BadRequest, match="variable 'amount': batch has counts of 2 bins, the profile 10"):
        measure_drift(PROFILE, {"amount": VariableCounts((1, 1), 0)})
