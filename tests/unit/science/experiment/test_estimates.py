"""Effects from moments are those of tea-tasting and statsmodels on the same rows, to 1e-9."""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from jobs.errors import BadTrial
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.interval import Effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.statement import ROWS
from tests.unit.science.experiment.trials import COLUMNS, two_arms

TEA_TASTING = json.loads((Path(__file__).parent / "tea_tasting.json").read_text())["figures"]
METRICS = {
    "mean": Metric("m", "mean", "spend"),
    "proportion": Metric("m", "proportion", "visit"),
    "ratio": Metric("m", "ratio", "spend", "orders"),
    "mean cuped": Metric("m", "mean", "spend", covariates=("past_spend",), adjustment="cuped"),
    "proportion cuped": Metric("m", "proportion", "visit", covariates=("past_orders",), adjustment="cuped"),
    "ratio cuped": Metric("m", "ratio", "spend", "orders", covariates=("past_spend",), adjustment="cuped"),
}
ROWS_OF_ALL, ARM = two_arms()
EVERY = np.column_stack([ROWS_OF_ALL[c].astype(float) for c in COLUMNS])


def of_arm(arm: int) -> Moments:
    return Moments.of_rows(COLUMNS, EVERY[arm == ARM])


def column(name: str) -> np.ndarray:
    return ROWS_OF_ALL[name].astype(float)


def read(metric: Metric) -> Effect:
    return effect(metric, of_arm(0), of_arm(1))


@pytest.mark.parametrize("name", METRICS)
def test_it_is_tea_tastings_figure(name: str) -> None:
    found = read(METRICS[name])
    assert found.relative is not None
    figures = [found.control, found.treatment]
    figures += [found.absolute.value, found.absolute.lower, found.absolute.upper]
    figures += [found.relative.value, found.relative.lower, found.relative.upper, found.p_value]
    assert figures == pytest.approx(list(TEA_TASTING[name].values()), rel=1e-9)


@pytest.mark.parametrize("name", ["mean", "proportion"])
def test_it_is_statsmodels_welch_test(name: str) -> None:
    y = column(METRICS[name].value)
    oracle = CompareMeans(DescrStatsW(y[ARM == 1]), DescrStatsW(y[ARM == 0]))
    found = read(METRICS[name])
    t, p, degrees = oracle.ttest_ind(usevar="unequal")
    ours = [found.absolute.value / found.standard_error, found.p_value, found.degrees]
    ours += [found.absolute.lower, found.absolute.upper]
    assert ours == pytest.approx([t, p, degrees, *oracle.tconfint_diff(usevar="unequal")], rel=1e-9)


COVARIATES = ("past_spend", "past_orders")


def test_cuped_with_several_covariates_is_a_regression_of_the_outcome_on_them() -> None:
    y, x = column("spend"), np.column_stack([column(c) for c in COVARIATES])
    left = sm.OLS(y, sm.add_constant(x)).fit().resid
    oracle = CompareMeans(DescrStatsW(left[ARM == 1]), DescrStatsW(left[ARM == 0]))
    found = read(Metric("m", "mean", "spend", covariates=COVARIATES, adjustment="cuped"))
    assert [found.absolute.lower, found.absolute.upper] == pytest.approx(
        oracle.tconfint_diff(usevar="unequal"), rel=1e-9
    )


def test_lin_is_the_regression_with_interactions() -> None:
    """The effect is statsmodels' coefficient; each arm's error is that of its own regression's prediction."""
    y, x = column("spend"), np.column_stack([column(c) for c in COVARIATES])
    away = x - x.mean(axis=0)
    whole = sm.OLS(y, np.column_stack([np.ones(len(y)), ARM, away, away * ARM[:, None]])).fit()
    found = read(Metric("m", "mean", "spend", covariates=COVARIATES, adjustment="lin"))
    assert found.absolute.value == pytest.approx(whole.params[1], rel=1e-9)
    arms = [sm.OLS(y[a == ARM], np.column_stack([np.ones((a == ARM).sum()), away[a == ARM]])).fit() for a in (0, 1)]
    apart = arms[1].params[1:] - arms[0].params[1:]
    shared = apart @ np.cov(away, rowvar=False) @ apart / len(y)
    error = np.sqrt(arms[0].bse[0] ** 2 + arms[1].bse[0] ** 2 + shared)
    assert found.standard_error == pytest.approx(error, rel=1e-9)


def by_cluster(arm: int, names: tuple[str, ...]) -> Moments:
    kept = arm == ARM
    _, group = np.unique(column("cluster")[kept], return_inverse=True)
    sums = [np.bincount(group, column(n)[kept]) for n in names]
    return Moments.of_rows([*names, ROWS], np.column_stack([*sums, np.bincount(group)]))


def test_errors_from_cluster_sums_are_statsmodels_cluster_robust_ones() -> None:
    """Arm by arm, because the arms' clusters are drawn apart; the ratio is a mean of linearised rows."""
    for metric, values in (
        (METRICS["mean"], column("spend")),
        (METRICS["ratio"], None),
    ):
        variance = 0.0
        for arm in (0, 1):
            kept = arm == ARM
            y = values
            if y is None:
                ratio = column("spend")[kept].sum() / column("orders")[kept].sum()
                y = (column("spend") - ratio * column("orders")) / column("orders")[kept].mean()
            fit = sm.OLS(y[kept], np.ones(kept.sum())).fit(
                cov_type="cluster", cov_kwds={"groups": column("cluster")[kept].astype(int)}
            )
            variance += fit.bse[0] ** 2
        found = effect(metric, by_cluster(0, ("spend", "orders")), by_cluster(1, ("spend", "orders")))
        assert found.absolute.value == pytest.approx(read(metric).absolute.value, rel=1e-12)
        assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-9)
        assert found.standard_error != pytest.approx(read(metric).standard_error, rel=1e-3)


def test_a_covariate_that_repeats_another_or_never_varies_changes_nothing() -> None:
    once = read(METRICS["mean cuped"])
    double = np.column_stack([EVERY, EVERY[:, 3] * 2.0, np.full(len(EVERY), 7.0)])
    arms = [Moments.of_rows([*COLUMNS, "again", "same"], double[a == ARM]) for a in (0, 1)]
    for kind in ("cuped", "lin"):
        many = Metric("m", "mean", "spend", covariates=("past_spend", "again", "same"), adjustment=kind)
        alone = Metric("m", "mean", "spend", covariates=("past_spend",), adjustment=kind)
        assert effect(many, *arms).absolute.value == pytest.approx(effect(alone, *arms).absolute.value, rel=1e-9)
    assert effect(METRICS["mean cuped"], *arms).absolute.lower == pytest.approx(once.absolute.lower, rel=1e-12)


def test_adjustment_narrows_the_interval_by_what_the_past_explains() -> None:
    orders = Metric("m", "mean", "orders")
    cuped = Metric("m", "mean", "orders", covariates=("past_orders",), adjustment="cuped")
    explained = np.corrcoef(column("orders"), column("past_orders"))[0, 1] ** 2
    assert explained > 0.02
    ratio = read(cuped).standard_error / read(orders).standard_error
    assert ratio == pytest.approx(np.sqrt(1.0 - explained), rel=0.01)


def test_what_has_no_answer_is_refused() -> None:
    same = Moments.of_rows(["spend", "orders"], np.ones((5, 2)))
    with pytest.raises(BadTrial, match="a constant has no interval"):
        effect(METRICS["mean"], same, same)
    none = Moments.of_rows(["spend", "orders"], np.column_stack([np.arange(5.0), np.zeros(5)]))
    with pytest.raises(BadTrial, match="'orders' is 0 in every row"):
        effect(METRICS["ratio"], none, none)
    few = Moments.of_rows(["spend", "past_spend"], np.array([[1.0, 2.0], [3.0, 1.0]]))
    with pytest.raises(BadTrial, match="needs more units"):
        effect(Metric("m", "mean", "spend", covariates=("past_spend",), adjustment="lin"), few, few)


def test_a_figure_that_is_not_above_zero_has_no_relative_effect() -> None:
    below = Moments.of_rows(["spend"], np.array([[-1.0], [-2.0], [0.5]]))
    above = Moments.of_rows(["spend"], np.array([[1.0], [2.0], [0.5]]))
    assert effect(METRICS["mean"], below, above).relative is None
