"""A/A trials from aggregates: every metric kind claims an effect that is not there in one of twenty."""

import numpy as np
import pytest

from jobs.science.experiment.estimates import effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.statement import ROWS

COLUMNS = ("spend", "orders", "visit", "past")
METRICS = {
    "skewed mean": Metric("m", "mean", "spend"),
    "proportion": Metric("m", "proportion", "visit"),
    "ratio": Metric("m", "ratio", "spend", "orders"),
    "cuped": Metric("m", "mean", "spend", covariates=("past",), adjustment="cuped"),
    "lin": Metric("m", "mean", "spend", covariates=("past",), adjustment="lin"),
    "ratio cuped": Metric("m", "ratio", "spend", "orders", covariates=("past",), adjustment="cuped"),
}


def units(generator: np.random.Generator, n: int, shared: np.ndarray | float = 0.0) -> np.ndarray:
    """Skewed spend of those who order (its standard deviation is 3 times its mean), orders, visits and a past."""
    past = generator.gamma(2.0, 1.0, n)
    visit = generator.random(n) < 0.4 + 0.05 * np.tanh(past - 2.0 + shared)
    orders = visit * (1 + generator.poisson(0.3 * past, n))
    spend = orders * generator.lognormal(1.0 + 0.1 * past + shared, 1.0, n)
    return np.column_stack([spend, orders, visit, past])


def rates(trials: int, n: int, seed: int) -> dict[str, float]:
    generator = np.random.default_rng(seed)
    wrong = dict.fromkeys(METRICS, 0)
    for _ in range(trials):
        arms = [Moments.of_rows(COLUMNS, units(generator, size)) for size in (n, n // 2)]
        for name, metric in METRICS.items():
            wrong[name] += effect(metric, *arms).p_value < 0.05
    return {name: count / trials for name, count in wrong.items()}


def cluster_rates(trials: int, clusters: int, seed: int) -> dict[str, float]:
    """Clusters of one to nine rows that share a taste: read by cluster sums, and by rows as if drawn one by one."""
    generator = np.random.default_rng(seed)
    kinds = {"clusters": Metric("m", "mean", "spend"), "ratio of clusters": METRICS["ratio"]}
    wrong = dict.fromkeys([*kinds, "rows"], 0)
    for _ in range(trials):
        by_cluster, by_row = [], []
        for _arm in range(2):
            group = np.repeat(np.arange(clusters), generator.integers(1, 10, clusters))
            rows = units(generator, len(group), generator.normal(0.0, 0.6, clusters)[group])
            sums = [np.bincount(group, values) for values in rows[:, :2].T]
            by_cluster.append(Moments.of_rows(["spend", "orders", ROWS], np.column_stack([*sums, np.bincount(group)])))
            by_row.append(Moments.of_rows(COLUMNS, rows))
        for name, metric in kinds.items():
            wrong[name] += effect(metric, *by_cluster).p_value < 0.05
        wrong["rows"] += effect(kinds["clusters"], *by_row).p_value < 0.05
    return {name: count / trials for name, count in wrong.items()}


def test_a_few_trials_of_every_kind_err_about_as_often_as_stated() -> None:
    found = {**rates(500, 600, 1), **cluster_rates(300, 200, 2)}
    rows = found.pop("rows")
    assert all(0.02 < rate < 0.085 for rate in found.values()), found
    assert rows > found["clusters"]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_4000_trials_of_every_kind_err_in_4_to_6_percent() -> None:
    found = {**rates(4000, 4000, 3), **cluster_rates(4000, 600, 4)}
    print(found)
    assert found.pop("rows") > 0.06
    assert all(0.04 < rate < 0.06 for rate in found.values()), found
