"""The effect on the exposed is the instrumental-variable estimate, and is not stated where the draw moved nobody."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.exposed import exposed_effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments

SPEND = Metric("spend", "mean", "spend")
CUPED = Metric("spend", "mean", "spend", covariates=("past",), adjustment="cuped")
COLUMNS = ("spend", "opened", "past")


def arms(generator: np.random.Generator, n: int, opened: float) -> list[Moments]:
    """Two arms: who opens gains 2, and those who would open spend more anyway."""
    found = []
    for arm in (0, 1):
        eager = generator.random(n) < opened
        past = generator.normal(0.0, 1.0, n)
        met = eager & (arm == 1)
        spend = 5.0 + 3.0 * eager + 2.0 * met + past + generator.normal(0.0, 1.0, n)
        found.append(Moments.of_rows(COLUMNS, np.column_stack([spend, met.astype(float), past])))
    return found


@pytest.mark.parametrize("metric", [SPEND, CUPED])
def test_its_interval_covers_the_truth_in_nineteen_of_twenty_trials(metric: Metric) -> None:
    generator = np.random.default_rng(3)
    covered, trials = 0, 500
    for _ in range(trials):
        effect = exposed_effect(metric, "opened", *arms(generator, 800, 0.4)).effect
        assert effect is not None
        covered += effect.lower <= 2.0 <= effect.upper
    assert 0.92 < covered / trials < 0.98


def test_it_is_silent_where_the_draw_moved_nobody() -> None:
    generator = np.random.default_rng(4)
    found = exposed_effect(SPEND, "opened", *arms(generator, 800, 0.0))
    assert (found.effect, found.control, found.treatment) == (None, 0.0, 0.0)


def test_everyone_exposed_is_the_effect_of_the_draw() -> None:
    control, treatment = arms(np.random.default_rng(5), 800, 1.0)
    found = exposed_effect(SPEND, "opened", control, treatment)
    assert found.effect is not None
    assert found.effect.value == pytest.approx(treatment.of("spend") - control.of("spend"))


def test_a_ratio_is_refused() -> None:
    with pytest.raises(BadRequest, match="of means only"):
        exposed_effect(Metric("a", "ratio", "spend", "past"), "opened", *arms(np.random.default_rng(6), 50, 0.5))
