"""A metric says what it is in one line, or is refused in one sentence."""

import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.metric import Metric, parse_metric


def test_the_four_kinds_are_read() -> None:
    assert parse_metric("revenue:mean:spend") == Metric("revenue", "mean", "spend")
    assert parse_metric("visit:proportion:visit") == Metric("visit", "proportion", "visit")
    assert parse_metric("aov:ratio:spend / orders") == Metric("aov", "ratio", "spend", "orders")
    assert parse_metric("large:quantile:spend@0.9") == Metric("large", "quantile", "spend", share=0.9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("spend", "name:kind:columns"),
        ("a:median:spend", "choose mean, proportion, ratio, quantile"),
        ("a:ratio:spend", "two columns"),
        ("a:quantile:spend", "names no quantile"),
        ("a:quantile:spend@1", "both excluded"),
    ],
)
def test_what_is_none_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        parse_metric(text)


def test_contradictions_are_refused() -> None:
    with pytest.raises(BadRequest, match="name both or neither"):
        Metric("a", "mean", "spend", covariates=("past",))
    with pytest.raises(BadRequest, match="each once"):
        Metric("a", "mean", "spend", covariates=("spend",), adjustment="lin")
    with pytest.raises(BadRequest, match="cap == -1"):
        Metric("a", "mean", "spend", cap=-1.0)
    with pytest.raises(BadRequest, match="only a ratio"):
        Metric("a", "mean", "spend", "orders")
    with pytest.raises(BadRequest, match="cannot be adjusted"):
        Metric("a", "quantile", "spend", covariates=("past",), adjustment="lin", share=0.5)
