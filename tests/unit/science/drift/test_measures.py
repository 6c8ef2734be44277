"""Every distance agrees with scipy given the same bins; what has nothing to compare has no distance."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from jobs.errors import BadRequest
from jobs.science.drift.bins import CategoryBins, NumberBins, category_bins, number_bins
from jobs.science.drift.counts import Counter, VariableCounts
from jobs.science.drift.measures import (
    chi_square,
    distances,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    places,
    wasserstein_distance,
)

pairs = st.integers(1, 25).flatmap(
    lambda size: st.tuples(*(st.lists(st.integers(0, 10**6), min_size=size + 1, max_size=size + 1) for _ in range(2)))
)
edges = st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=20, unique=True).map(sorted)


def counted(line: list[int]) -> VariableCounts:
    return VariableCounts(tuple(line[:-1]), line[-1])


@settings(deadline=None)
@given(pairs)
def test_jensen_shannon_is_that_of_scipy(lines: tuple[list[int], list[int]]) -> None:
    """The divergence to 1e-12; its root to what a root leaves of that near 0."""
    batch, reference = lines
    assume(sum(batch) and sum(reference))
    got = jensen_shannon_distance(counted(batch), counted(reference))
    assert got is not None
    assert got**2 == pytest.approx(np.nan_to_num(jensenshannon(batch, reference, base=2)) ** 2, abs=1e-12)


@settings(deadline=None)
@given(pairs)
def test_chi_square_is_that_of_scipy(lines: tuple[list[int], list[int]]) -> None:
    batch, reference = lines
    assume(sum(batch) and sum(reference))
    got = chi_square(counted(batch), counted(reference))
    assert got is not None
    table = np.array(lines)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] == 1:
        assert (got.statistic, got.p_value, got.cramers_v) == (0.0, 1.0, 0.0)
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert got.freedom == expected.dof
    assert got.statistic == pytest.approx(expected.statistic, rel=1e-12, abs=1e-12)
    assert got.p_value == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-12)
    assert got.cramers_v == pytest.approx(stats.contingency.association(table, method="cramer"), rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(edges, st.data())
def test_wasserstein_is_that_of_scipy_with_values_where_their_bins_place_them(
    cut: list[float], data: st.DataObject
) -> None:
    bins = NumberBins(tuple(cut))
    counts = st.lists(st.integers(0, 10**6), min_size=bins.size, max_size=bins.size)
    batch, reference = data.draw(counts), data.draw(counts)
    assume(sum(batch) and sum(reference))
    at = places(bins)
    expected = stats.wasserstein_distance(at, at, batch, reference)
    got = wasserstein_distance(bins, VariableCounts(tuple(batch), 3), VariableCounts(tuple(reference), 0))
    # Of a distance of 0 scipy too leaves some last digits of the width.
    assert got == pytest.approx(expected, rel=1e-12, abs=1e-12 * (cut[-1] - cut[0]))


def test_ks_is_that_of_scipy_where_every_value_has_a_bin() -> None:
    rng = np.random.default_rng(3)
    trained, now = rng.poisson(3, 5_000), rng.poisson(3.4, 700)
    bins = NumberBins(tuple(float(v) for v in range(1, 20)))
    counts = [VariableCounts(tuple(bins.count(pa.chunked_array([v]))[0].tolist()), 0) for v in (now, trained)]
    assert kolmogorov_smirnov(*counts) == pytest.approx(stats.ks_2samp(now, trained).statistic, abs=1e-12)


def test_ks_of_bins_is_a_bound_from_below_and_close() -> None:
    rng = np.random.default_rng(4)
    trained, now = rng.normal(size=20_000), rng.normal(0.3, 1, 20_000)
    bins = number_bins(pa.chunked_array([trained]), bins=50)
    counts = [VariableCounts(tuple(bins.count(pa.chunked_array([v]))[0].tolist()), 0) for v in (now, trained)]
    whole = stats.ks_2samp(now, trained).statistic
    got = kolmogorov_smirnov(*counts)
    assert got is not None
    assert whole - 0.02 <= got <= whole + 1e-12


@pytest.mark.parametrize("bins", [NumberBins((1.0, 2.0)), NumberBins(()), CategoryBins(("a", "b"))])
def test_an_empty_batch_and_one_without_values_have_an_outcome(bins: NumberBins | CategoryBins) -> None:
    full = VariableCounts((5,) * bins.size, 0)
    empty = distances(bins, VariableCounts((0,) * bins.size, 0), full)
    assert set(vars(empty).values()) == {None}
    missing = distances(bins, VariableCounts((0,) * bins.size, 7), full)
    assert missing.jensen_shannon == 1.0
    assert missing.kolmogorov_smirnov is None
    assert missing.wasserstein is None


def test_one_row_and_a_constant_column_have_distances() -> None:
    bins = number_bins(pa.chunked_array([[5.0] * 100]))
    trained = VariableCounts(tuple(bins.count(pa.chunked_array([[5.0] * 100]))[0].tolist()), 0)
    same = distances(bins, VariableCounts((0, 1, 0), 0), trained)
    assert (same.jensen_shannon, same.kolmogorov_smirnov, same.wasserstein) == (0.0, 0.0, 0.0)
    moved = distances(bins, VariableCounts((0, 0, 1), 0), trained)
    assert (moved.jensen_shannon, moved.kolmogorov_smirnov) == (1.0, 1.0)


def test_a_new_category_is_unseen_and_a_move_among_known_ones_is_not() -> None:
    trained = pa.table({"channel": ["web"] * 70 + ["shop"] * 30})
    bins = category_bins(trained["channel"])
    found = {}
    for name, batch in (("new", ["web"] * 8 + ["app"] * 2), ("moved", ["web"] * 2 + ["shop"] * 8)):
        counter, reference = Counter({"channel": bins}), Counter({"channel": bins})
        counter.add(pa.table({"channel": batch}))
        reference.add(trained)
        found[name] = distances(bins, counter.counts()["channel"], reference.counts()["channel"])
    assert (found["new"].unseen_share, found["moved"].unseen_share) == (0.2, 0.0)
    assert (found["moved"].cramers_v or 0) > 0.3


def test_bins_of_a_retired_model_are_refused() -> None:
    with pytest.raises(BadRequest, match="batch has counts of 2 bins, the profile 3: count with its bins"):
        distances(NumberBins((1.0, 2.0)), VariableCounts((1, 1), 0), VariableCounts((1, 1, 1), 0))
