"""Power and smallest effect are statsmodels' own; covariates, clusters and arms change them as they must."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from statsmodels.stats.power import TTestIndPower

from jobs.errors import BadRequest
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.power import (
    Baseline,
    Design,
    baseline,
    minimum_detectable_effect,
    power_at,
    sample_size,
)
from tests.unit.science.experiment.trials import COLUMNS, rows

KNOWN = Baseline(10.0, 4.0)


@pytest.mark.parametrize("units", [12, 100, 1000, 40_000])
@pytest.mark.parametrize(("shares", "alpha", "power"), [((0.5, 0.5), 0.05, 0.8), ((0.9, 0.1), 0.01, 0.95)])
def test_the_smallest_effect_is_statsmodels_to_1e_6(
    units: int, shares: tuple[float, float], alpha: float, power: float
) -> None:
    """The root of its power function: its own solver stops within 1e-4 of it where trials are large."""
    control, ratio = units * shares[0], shares[1] / shares[0]
    design = Design(shares, alpha, power)
    found = minimum_detectable_effect(units, KNOWN, design)
    ours = found / math.sqrt(KNOWN.variance)

    def short(effect_size: float) -> float:
        return float(TTestIndPower().power(effect_size, control, alpha, ratio=ratio)) - power

    # a narrow bracket, because its noncentral t is NaN in places; it must change sign, so it holds the root
    assert ours == pytest.approx(brentq(short, 0.99 * ours, 1.01 * ours, xtol=1e-13), rel=1e-8)
    assert power_at(-found, units, KNOWN, design) == pytest.approx(power, rel=1e-9)
    assert power_at(0.7 * found, units, KNOWN, design) == pytest.approx(short(0.7 * ours) + power, rel=1e-8)


def test_the_sample_size_is_the_least_that_has_the_power() -> None:
    for design in (Design(), Design((0.5, 0.3, 0.2), power=0.9), Design(cluster_size=5, intracluster_correlation=0.1)):
        for wanted in (0.2, -0.7, 3.0):
            units = sample_size(wanted, KNOWN, design)
            arm = len(design.shares) - 1
            assert power_at(wanted, units, KNOWN, design, arm) >= design.power
            assert units <= 15 or power_at(wanted, units - 1, KNOWN, design, arm) < design.power


def test_a_tiny_effect_in_a_huge_trial_has_its_closed_form() -> None:
    found = minimum_detectable_effect(1e9, KNOWN, Design())
    assert found == pytest.approx((1.959963985 + 0.841621234) * 4.0 / math.sqrt(1e9), rel=2e-6)


def test_covariates_clusters_and_arms_change_the_size_as_they_must() -> None:
    plain = sample_size(0.2, KNOWN, Design())
    assert sample_size(0.2, Baseline(10.0, 4.0, 0.75), Design()) == pytest.approx(plain / 4, rel=0.01)
    clusters = Design(cluster_size=5, intracluster_correlation=0.1)
    assert clusters.design_effect == pytest.approx(1.4)
    assert sample_size(0.2, KNOWN, clusters) == pytest.approx(1.4 * plain, rel=0.01)
    three = Design((1.0, 1.0, 1.0))
    assert three.alpha_each == 0.025
    assert sample_size(0.2, KNOWN, three) > 1.5 * plain


def test_the_baseline_of_a_ratio_is_its_linearised_variance_and_what_the_past_explains() -> None:
    found = rows(4000)
    history = Moments.of_rows(COLUMNS, np.column_stack([found[c].astype(float) for c in COLUMNS]))
    known = baseline(Metric("aov", "ratio", "spend", "orders"), history)
    linear = (found["spend"] - known.value * found["orders"]) / found["orders"].mean()
    assert known.value == pytest.approx(found["spend"].sum() / found["orders"].sum())
    assert (known.variance, known.explained) == (pytest.approx(linear.var(ddof=1)), 0.0)
    cuped = baseline(Metric("o", "mean", "orders", covariates=("past_orders",), adjustment="cuped"), history)
    assert cuped.explained == pytest.approx(np.corrcoef(found["orders"], found["past_orders"])[0, 1] ** 2)


def found_at_the_smallest_effect(trials: int, units: int, seed: int) -> float:
    """Share of simulated trials, with a covariate, in which the stated smallest effect is found."""
    generator = np.random.default_rng(seed)
    metric = Metric("m", "mean", "y", covariates=("x",), adjustment="cuped")
    known = Baseline(5.0, 4.0, explained=0.36)
    design = Design((0.6, 0.4))
    wanted = minimum_detectable_effect(units, known, design)
    finds = 0
    for _ in range(trials):
        x = generator.normal(0.0, 1.0, units)
        y = 5.0 + 2.0 * (0.6 * x + 0.8 * generator.normal(0.0, 1.0, units))
        data, first = np.column_stack([y, x]), int(0.6 * units)
        data[first:, 0] += wanted
        arms = [Moments.of_rows(["y", "x"], data[:first]), Moments.of_rows(["y", "x"], data[first:])]
        finds += effect(metric, *arms).p_value < 0.05
    return finds / trials


def test_the_smallest_effect_is_found_as_often_as_stated() -> None:
    assert 0.75 < found_at_the_smallest_effect(600, 300, 3) < 0.85


@pytest.mark.long
def test_the_smallest_effect_is_found_in_78_to_82_percent_of_4000_trials() -> None:
    power = found_at_the_smallest_effect(4000, 500, 4)
    print(f"power {power:.4f}")
    assert 0.78 < power < 0.82


def test_what_cannot_be_planned_is_refused() -> None:
    for wrong in (
        lambda: Design((0.5,)),
        lambda: Design((0.5, 0.0)),
        lambda: Design(alpha=0.0),
        lambda: Design(alpha=1.0),
        lambda: Design(power=0.01),
        lambda: Design(comparisons=0),
        lambda: Design(cluster_size=0.5),
        lambda: Design(intracluster_correlation=1.5),
        lambda: Baseline(1.0, 0.0),
        lambda: sample_size(0.0, KNOWN, Design()),
        lambda: sample_size(1e-9, KNOWN, Design()),
        lambda: minimum_detectable_effect(2, KNOWN, Design()),
        lambda: power_at(1.0, 100, KNOWN, Design(), arm=2),
    ):
        with pytest.raises(BadRequest):
            wrong()
