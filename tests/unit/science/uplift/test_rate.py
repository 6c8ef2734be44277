"""AUTOC and QINI are grf's, ties and clusters included, and their errors are honest."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from jobs.errors import BadTrial
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.half_samples import half_samples, units_of
from jobs.science.uplift.rate import heterogeneity_p, rate


def stated(priority: Sequence[float], score: Sequence[float]) -> tuple[float, float]:
    """grf's formulas, row by row: ties get their mean score, TOC(i/n) is the mean of the first i less that of all."""
    ranked = sorted(zip(priority, score, strict=True), key=lambda row: -row[0])
    shared = [float(np.mean([s for p, s in ranked if p == own])) for own, _ in ranked]
    n = len(shared)
    toc = [sum(shared[: i + 1]) / (i + 1) - sum(shared) / n for i in range(n)]
    return sum(toc) / n, sum((i + 1) / n * t for i, t in enumerate(toc)) / n


def stated_errors(
    priority: NDArray[np.float64], score: NDArray[np.float64], cluster: NDArray[np.int64] | None, resamples: int
) -> tuple[float, float]:
    """Standard deviation of the formulas over the half samples of clusters that the seed 0 draws."""
    unit = units_of(len(score), cluster)
    drawn = [stated(priority[half[unit]], score[half[unit]]) for half in half_samples(unit.max() + 1, resamples)]
    autoc, qini = np.std(drawn, axis=0, ddof=1)
    return float(autoc), float(qini)


def drawn(rows: int, decimals: int | None, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    priority = generator.normal(size=rows)
    return priority if decimals is None else np.round(priority, decimals), priority + 3.0 * generator.normal(size=rows)


@pytest.mark.parametrize("decimals", [None, 1, 0], ids=["distinct", "some ties", "many ties"])
@pytest.mark.parametrize("clusters", [None, 25], ids=["rows", "clusters"])
def test_values_and_errors_are_those_of_grfs_formulas(decimals: int | None, clusters: int | None) -> None:
    priority, score = drawn(120, decimals)
    cluster = None if clusters is None else np.random.default_rng(1).integers(0, clusters, 120) * 7
    found = rate(priority, score, cluster=cluster, resamples=20)
    assert (found.autoc.value, found.qini.value) == pytest.approx(stated(priority, score), abs=1e-9)
    errors = (found.autoc.standard_error, found.qini.standard_error)
    assert errors == pytest.approx(stated_errors(priority, score, cluster, 20), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.floats(-1e3, 1e3)), min_size=4, max_size=40))
def test_values_are_those_of_grfs_formulas_for_any_rows(rows: list[tuple[int, float]]) -> None:
    priority, score = (np.array(column, float) for column in zip(*rows, strict=True))
    found = rate(priority, score, resamples=2)
    assert (found.autoc.value, found.qini.value) == pytest.approx(stated(priority, score), abs=1e-9)


def test_equal_priorities_say_nothing_for_certain() -> None:
    found = rate(np.full(50, 0.1), np.random.default_rng(0).normal(size=50))
    assert found.autoc == found.qini == Estimate(0.0, 0.0)
    assert heterogeneity_p([found.autoc]) == 1.0


def test_the_order_of_rows_says_nothing() -> None:
    priority, score = drawn(200, 1)
    shuffled = np.random.default_rng(3).permutation(200)
    assert rate(priority[shuffled], score[shuffled]).autoc.value == pytest.approx(rate(priority, score).autoc.value)


def test_the_reversed_ranking_has_the_opposite_qini() -> None:
    priority, score = drawn(2000, None)
    there, back = rate(priority, score, resamples=10), rate(-priority, score, resamples=10)
    assert back.qini.value == pytest.approx(-there.qini.value, abs=0.01)


def test_copies_inside_a_cluster_add_no_certainty() -> None:
    priority, score = drawn(300, None)
    one = rate(priority, score, resamples=100)
    copied = rate(np.repeat(priority, 3), np.repeat(score, 3), cluster=np.repeat(np.arange(300), 3), resamples=100)
    assert copied.autoc.standard_error == pytest.approx(one.autoc.standard_error, rel=0.02)


def test_many_arms_pay_for_their_looks() -> None:
    assert heterogeneity_p([Estimate(3.0, 1.0)] * 10) == pytest.approx(10 * heterogeneity_p([Estimate(3.0, 1.0)]))
    assert heterogeneity_p([Estimate(-3.0, 1.0)] * 3) == 1.0


def test_three_rows_are_refused() -> None:
    with pytest.raises(BadTrial, match="hold out more rows"):
        rate(np.arange(3.0), np.arange(3.0))
