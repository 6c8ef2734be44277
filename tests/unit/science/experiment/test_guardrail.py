"""A guardrail holds when the whole interval is inside its margin, in either direction and unit."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.guardrail import Guardrail, judged
from jobs.science.experiment.interval import Estimate, contrast


def latency(treatment: float) -> object:
    """Errors of .1 each: the interval reaches .28 to both sides."""
    return contrast(Estimate(10.0, 0.01, 10_000), Estimate(treatment, 0.01, 10_000))


@pytest.mark.parametrize(
    ("treatment", "better", "verdict"),
    [
        (10.0, "lower", "held"),
        (10.5, "lower", "open"),
        (11.0, "lower", "broken"),
        (12.0, "higher", "held"),
        (9.5, "higher", "open"),
        (9.0, "higher", "broken"),
    ],
)
def test_the_verdict_is_the_intervals_place(treatment: float, better: str, verdict: str) -> None:
    assert judged(Guardrail(0.5, better), latency(treatment)) == verdict  # type: ignore[arg-type]
    assert judged(Guardrail(0.05, better, relative=True), latency(treatment)) == verdict  # type: ignore[arg-type]


def test_harm_of_exactly_the_margin_is_let_through_once_in_forty() -> None:
    """A 95% interval is a one-sided test at 2.5%."""
    generator = np.random.default_rng(0)
    held = [
        judged(
            Guardrail(0.2),
            contrast(
                Estimate(generator.normal(10.0, 0.1), 0.01, 10**6), Estimate(generator.normal(9.8, 0.1), 0.01, 10**6)
            ),
        )
        == "held"
        for _ in range(4000)
    ]
    assert 0.018 < np.mean(held) < 0.033


def test_a_margin_that_is_none_is_refused() -> None:
    for margin, relative in ((0.0, False), (-1.0, False), (1.0, True), (float("nan"), False)):
        with pytest.raises(BadRequest, match="how much worse"):
            Guardrail(margin, relative=relative)
    with pytest.raises(BadRequest, match="choose higher or lower"):
        Guardrail(0.1, "up")  # type: ignore[arg-type]
    below = contrast(Estimate(-1.0, 0.01, 100), Estimate(1.0, 0.01, 100))
    with pytest.raises(BadRequest, match="in the metric's unit"):
        judged(Guardrail(0.1, relative=True), below)
