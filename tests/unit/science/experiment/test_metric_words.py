"""Words of a command line become metrics that share their covariates, or one sentence."""

from collections.abc import Sequence

import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.metric_words import metrics_in_words


def test_covariates_adjust_every_metric_but_a_quantile() -> None:
    found = metrics_in_words(["r:mean:spend", "large:quantile:spend@0.9"], ["past"], "lin")
    assert [(m.name, m.covariates, m.adjustment) for m in found] == [("r", ("past",), "lin"), ("large", (), "none")]
    assert metrics_in_words(["r:mean:spend"], ["past"])[0].adjustment == "cuped"
    assert metrics_in_words(["r:mean:spend"])[0].adjustment == "none"


@pytest.mark.parametrize(
    ("words", "covariates", "adjustment", "says"),
    [
        ([], [], None, "no metric was given"),
        (["a:mean:x", "a:mean:y"], [], None, "two metrics are called 'a'"),
        (["a:mean:x"], [], "cuped", "nothing to adjust by"),
        (["a:mean:x"], ["past"], "none", "contradict"),
        (["a:mean:x"], ["past"], "magic", "cannot be adjusted by 'magic'"),
        (["a:quantile:x@0.5"], ["past"], None, "adjust no quantile"),
        (["a:mean:x"], ["x"], None, "must be other columns"),
    ],
)
def test_what_cannot_be_is_refused(
    words: Sequence[str], covariates: Sequence[str], adjustment: str | None, says: str
) -> None:
    with pytest.raises(BadRequest, match=says):
        metrics_in_words(words, covariates, adjustment)
