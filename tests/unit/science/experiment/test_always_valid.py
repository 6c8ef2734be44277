"""A confidence sequence: what it costs, and that thirty looks together err less than once in twenty."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from jobs.errors import BadRequest
from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.interval import FixedHorizon
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments

SPEND = Metric("spend", "mean", "spend")
LOOKS = 30


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_it_is_narrowest_at_the_planned_end(alpha: float) -> None:
    """Widths shrink as reach over the root of units: other plans are wider at this look."""
    planned = AlwaysValid(1.0, alpha).reach(alpha, 1e9)
    others = [AlwaysValid(f, alpha).reach(alpha, 1e9) for f in (0.05, 0.5, 0.9, 1.1, 2.0, 20.0)]
    assert planned < min(others)
    assert 1.3 < planned / FixedHorizon().reach(alpha, 1e9) < 2.0


@pytest.mark.parametrize("fraction", [0.1, 1.0])
def test_the_p_value_is_one_over_the_normal_mixture(fraction: float) -> None:
    """The martingale that the paper integrates in closed form, integrated here by quadrature."""
    z, kind = 2.9, AlwaysValid(fraction)
    spread = np.sqrt(kind._information())
    mixture, _ = quad(lambda m: np.exp(m * z - m * m / 2.0) * norm.pdf(m, scale=spread), -60, 60, limit=400)
    assert kind.p_value(z, 10.0) == pytest.approx(1.0 / mixture, rel=1e-8)
    assert kind.p_value(kind.reach(0.05, 10.0), 10.0) == pytest.approx(0.05, rel=1e-12)
    assert kind.p_value(0.0, 10.0) == 1.0


def wrong_at_any_look(trials: int, seed: int) -> tuple[float, float, float]:
    """Share of A/A trials of skewed spend that claim an effect at some look.

    By the sequence at every look; by the sequence until the planned end and the t-test there; by the t-test always.
    """
    generator = np.random.default_rng(seed)
    kinds = [AlwaysValid((look + 1) / LOOKS) for look in range(LOOKS)]
    wrong = np.zeros(3)
    for _ in range(trials):
        arms = [Moments.empty(["spend"])] * 2
        claimed = np.zeros((LOOKS, 2), bool)
        spend = generator.lognormal(0.0, 1.0, (LOOKS, 2, 200, 1)) * (generator.random((LOOKS, 2, 200, 1)) < 0.3)
        for look, (kind, rows) in enumerate(zip(kinds, spend, strict=True)):
            arms = [arm.merge(Moments.of_rows(["spend"], new)) for arm, new in zip(arms, rows, strict=True)]
            found = effect(SPEND, *arms, reach=kind)
            assert (found.p_value < 0.05) == (not found.absolute.lower <= 0.0 <= found.absolute.upper)
            claimed[look] = found.p_value < 0.05, effect(SPEND, *arms).p_value < 0.05
        always, t_test = claimed.any(axis=0)
        wrong += always, claimed[:-1, 0].any() or claimed[-1, 1], t_test
    always, mixed, peeking = wrong / trials
    return float(always), float(mixed), float(peeking)


def test_a_few_trials_looked_at_thirty_times() -> None:
    always, mixed, peeking = wrong_at_any_look(100, 1)
    assert always < 0.05
    assert always <= mixed <= peeking
    assert peeking > 0.15


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_thirty_looks_err_in_under_five_percent_of_4000_trials() -> None:
    always, mixed, peeking = wrong_at_any_look(4000, 2)
    print(f"always-valid {always:.4f}, with the t-test at the end {mixed:.4f}, t-test at every look {peeking:.4f}")
    assert always < 0.05
    assert mixed < 0.065
    assert peeking > 0.2


@pytest.mark.parametrize(
    ("fraction", "alpha"), [(0.0, 0.05), (-1.0, 0.05), (float("nan"), 0.05), (1.0, 0.0), (1.0, 1.0)]
)
def test_what_cannot_be_planned_is_refused(fraction: float, alpha: float) -> None:
    with pytest.raises(BadRequest):
        AlwaysValid(fraction, alpha)
