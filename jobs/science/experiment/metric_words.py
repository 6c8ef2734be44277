"""All metrics of a command line: a word each, and the covariates that they share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from jobs.errors import BadRequest
from jobs.science.experiment.metric import Adjustment, Metric, parse_metric


def metrics_in_words(
    words: Sequence[str], covariates: Sequence[str] = (), adjustment: str | None = None
) -> tuple[Metric, ...]:
    """Return the metrics that words declare, adjusted by covariates where a metric can be.

    Parameters
    ----------
    words : sequence of str
        One at least, each ``name:kind:columns`` (:func:`~jobs.science.experiment.metric.parse_metric`).
    covariates : sequence of str
        Columns known before the draw. Every metric but a quantile is adjusted by them.
    adjustment : str, optional
        ``cuped`` or ``lin``; ``cuped`` where there are covariates and nothing is said.

    Returns
    -------
    tuple of Metric
        In the order of the words.

    Raises
    ------
    BadRequest
        If there is no word, one is of another form, two metrics have one name, an adjustment has no covariate, or
        covariates meet quantiles only.

    Examples
    --------
    >>> metrics_in_words(["revenue:mean:spend"], ["past_spend"])[0].adjustment
    'cuped'
    """
    if not words:
        raise BadRequest("no metric was given: name one at least, as --metric revenue:mean:spend.")
    plain = [parse_metric(word) for word in words]
    twice = [name for name, times in Counter(metric.name for metric in plain).items() if times > 1]
    if twice:
        raise BadRequest(f"two metrics are called {twice[0]!r}: give each a name of its own.")
    if not covariates:
        if adjustment not in {None, "none"}:
            raise BadRequest(
                f"adjustment {adjustment!r} has nothing to adjust by: name --covariate COLUMN, or leave it."
            )
        return tuple(plain)
    if adjustment == "none":
        raise BadRequest(f"covariates {list(covariates)} and adjustment 'none' contradict each other: leave one out.")
    if all(metric.kind == "quantile" for metric in plain):
        raise BadRequest(f"covariates {list(covariates)} adjust no quantile: name a mean, proportion or ratio as well.")
    how = cast("Adjustment", adjustment or "cuped")  # Metric refuses any other word
    return tuple(
        metric if metric.kind == "quantile" else replace(metric, covariates=tuple(covariates), adjustment=how)
        for metric in plain
    )
