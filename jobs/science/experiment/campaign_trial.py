"""A campaign's nights as a trial: its holdout against everybody else who could have been offered something."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial
from jobs.science.experiment.calibration_ratio import Calibration, calibration
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.holdout import below
from jobs.science.experiment.interval import Effect, Interval
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Floats, Moments
from jobs.science.experiment.statement import ROWS

HOLDOUT, OFFERED = "holdout", "campaign"
"""Names of the two arms."""

OUTCOME = "outcome_eur"
"""Name of the outcome among the moments."""

_ROWS_A_COVARIATE = 20
"""Customers of the holdout that a covariate needs, so that its coefficient costs less than it saves."""


@dataclass(frozen=True)
class CampaignRows:
    """A row a customer and night, of everybody who was eligible and whose outcome is known.

    Eligible is who passed what is asked before the holdout: consent, segment, fraud limit. Whether an offer was then
    made is part of the treatment.

    Parameters
    ----------
    customer : numpy.ndarray of int64, shape (n,)
        Number of the customer.
    held : numpy.ndarray of bool, shape (n,)
        Members of the holdout; a customer is in it on all nights or on none.
    outcome_eur : numpy.ndarray of shape (n,)
        Net margin within the outcome window, euro, before the cost of contact.
    model_effect_eur : numpy.ndarray of shape (n,)
        Effect of the customer's offers as the model made it, euro; 0 without an offer.
    promised_effect_eur : numpy.ndarray of shape (n,)
        The same as it was promised: multiplied by the factor of its night.
    cost_eur : numpy.ndarray of shape (n,)
        Cost of his contacts, euro.
    loss_eur : numpy.ndarray of shape (n,)
        Expected loss by fraud, and at risky partners, as it was taken off the promise, euro.
    covariates : numpy.ndarray of shape (n, k)
        What was known of him before the night, of everybody alike.
    covariate_names : tuple of str, length k
        Their names.
    """

    customer: NDArray[np.int64]
    held: NDArray[np.bool_]
    outcome_eur: Floats
    model_effect_eur: Floats
    promised_effect_eur: Floats
    cost_eur: Floats
    loss_eur: Floats
    covariates: Floats
    covariate_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """What the holdout measured beside what was promised.

    Parameters
    ----------
    metric : Metric
        What was read.
    moments : dict of str to Moments
        Sufficient statistics of both arms.
    effect : Effect
        Of a row, euro, before contact costs.
    rows : int
        Rows that were not held out.
    held_customers, customers : int
        Customers held out, and the others.
    measured_eur, promised_eur : Interval, float
        Net euro: effects, less contacts, less the loss by fraud as it was scored.
    measured_effect_eur, promised_effect_eur, model_effect_eur : Interval, float, float
        The same before anything is taken off; of the promise with and without the factors of its nights.
    cost_eur, loss_eur : float
        Contacts, and the loss as it was scored.
    calibration : Calibration or None
        None where nothing was promised.
    """

    metric: Metric
    moments: dict[str, Moments]
    effect: Effect
    rows: int
    held_customers: int
    customers: int
    measured_eur: Interval
    promised_eur: float
    measured_effect_eur: Interval
    promised_effect_eur: float
    model_effect_eur: float
    cost_eur: float
    loss_eur: float
    calibration: Calibration | None


def measure(rows: CampaignRows, alpha: float = 0.05) -> Measured:
    """Measure a campaign by its holdout, by intention to treat.

    The effect of a row is the difference of means, adjusted by Lin's regression on what was known before; times the
    rows that were not held out it is what the campaign brought. Rows of a customer stay together in the error.

    Parameters
    ----------
    rows : CampaignRows
        The trial; covariates that never vary, and more of them than the holdout can bear, are left out.
    alpha : float
        One less the confidence, in (0, 1).

    Returns
    -------
    Measured

    Raises
    ------
    BadTrial
        If fewer than two customers are in an arm, or the outcome is constant.

    Examples
    --------
    >>> half = np.repeat([True, False], 4)
    >>> zero, some = np.zeros(8), np.where(half, 0.0, 1.0)
    >>> spend = np.array([1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 4.0, 5.0])
    >>> found = measure(CampaignRows(np.arange(8), half, spend, some, some, 0.1 * some, zero, np.empty((8, 0))))
    >>> round(found.measured_eur.value, 2), round(found.promised_eur, 2)
    (3.6, 3.6)
    """
    sizes = {name: len(np.unique(rows.customer[mine])) for name, mine in _arms(rows).items()}
    for name, count in sizes.items():
        if count < 2:
            raise BadTrial(
                f"{count} customers with an outcome are in arm {name!r}: two at least are needed; set holdout_share in "
                "the campaign's file, and ask for nights after that."
            )
    metric, moments, found = compared(rows, "net margin", OUTCOME, rows.outcome_eur, alpha)
    offered = ~rows.held
    n = int(offered.sum())
    total = _times(found.absolute, n)
    cost, loss = float(rows.cost_eur[offered].sum()), float(rows.loss_eur[offered].sum())
    promised, model = (float(of[offered].sum()) for of in (rows.promised_effect_eur, rows.model_effect_eur))
    return Measured(
        metric=metric,
        moments=moments,
        effect=found,
        rows=n,
        held_customers=sizes[HOLDOUT],
        customers=sizes[OFFERED],
        measured_eur=Interval(total.value - cost - loss, total.lower - cost - loss, total.upper - cost - loss),
        promised_eur=promised - cost - loss,
        measured_effect_eur=total,
        promised_effect_eur=promised,
        model_effect_eur=model,
        cost_eur=cost,
        loss_eur=loss,
        calibration=calibration(found, n, model) if model > 0.0 else None,
    )


def compared(
    rows: CampaignRows, name: str, column: str, outcome: Floats, alpha: float = 0.05
) -> tuple[Metric, dict[str, Moments], Effect]:
    """Compare everybody else with the holdout in some outcome of the same rows.

    Parameters
    ----------
    rows : CampaignRows
        The trial.
    name, column : str
        Of the metric, and of its value among the moments.
    outcome : numpy.ndarray of shape (n,)
        What is compared.
    alpha : float
        One less the confidence, in (0, 1).

    Returns
    -------
    tuple of (Metric, dict of str to Moments, Effect)

    Raises
    ------
    BadTrial
        If an arm has fewer than two units, or the outcome is constant.
    """
    arms = _arms(rows)
    sizes = {arm: len(np.unique(rows.customer[mine])) for arm, mine in arms.items()}
    kept = _worth(rows.covariates, min(sizes.values()))
    names = [rows.covariate_names[i] for i in kept]
    metric = Metric(name, "mean", column, covariates=tuple(names), adjustment="lin" if names else "none")
    moments = moments_of(rows, metric, outcome)
    return metric, moments, effect(metric, moments[HOLDOUT], moments[OFFERED], alpha)


def moments_of(rows: CampaignRows, metric: Metric, outcome: Floats) -> dict[str, Moments]:
    """Return the moments that a metric of these rows needs, of both arms; sums of a customer where he has several rows.

    Parameters
    ----------
    rows : CampaignRows
        The trial, or a part of it.
    metric : Metric
        Its covariates are among those of the rows.
    outcome : numpy.ndarray of shape (n,)
        Values of the metric.
    """
    at = [rows.covariate_names.index(name) for name in metric.covariates]
    values = np.column_stack([outcome, rows.covariates[:, at]])
    clustered = len(np.unique(rows.customer)) < len(rows.customer)
    return {
        arm: _moments([metric.column, *metric.covariates], values[mine], rows.customer[mine], clustered=clustered)
        for arm, mine in _arms(rows).items()
    }


def share_of_night(numbers: NDArray[np.uint64], held: NDArray[np.bool_], stated: float) -> float:
    """Return the share of the holdout by which a night was decided.

    The campaign's file may have another share since. Where one number parts who was held out from all others, the share
    of that night is known from it; where none does, it is the stated one, and some are on the wrong side.

    Parameters
    ----------
    numbers : ndarray of uint64, shape (n,)
        Numbers of the ids under the campaign's salt.
    held : ndarray of bool, shape (n,)
        Who was held out.
    stated : float
        Share that the campaign's file states now, in [0, 1].

    Examples
    --------
    >>> from jobs.science.experiment.holdout import id_numbers
    >>> ids = [f"c{i}" for i in range(1_000)]
    >>> numbers = id_numbers(ids, "spring")
    >>> share_of_night(numbers, below(numbers, 0.1), 0.1), round(share_of_night(numbers, below(numbers, 0.1), 0.3), 2)
    (0.1, 0.1)
    """
    if np.array_equal(below(numbers, stated), held) or held.all() or not held.any():
        return stated
    last, first = int(numbers[held].max()), int(numbers[~held].min())
    return (last + first) / 2.0**65 if last < first else stated


def on_the_wrong_side(numbers: NDArray[np.uint64], held: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """Return who is on the other side of the holdout than the digest of his id says, shape (n,).

    Parameters
    ----------
    numbers, held : ndarray of shape (n,)
        As of :func:`share_of_night`.
    share : float
        Share of the holdout, in [0, 1].

    Examples
    --------
    >>> from jobs.science.experiment.holdout import id_numbers
    >>> numbers = id_numbers(["a", "b", "c", "d"], "spring")
    >>> on_the_wrong_side(numbers, np.array([False, False, True, True]), 0.5).tolist()
    [False, False, False, True]
    """
    return np.asarray(below(numbers, share) != held)


def _arms(rows: CampaignRows) -> dict[str, NDArray[np.bool_]]:
    return {HOLDOUT: rows.held, OFFERED: ~rows.held}


def _worth(covariates: Floats, smallest_arm: int) -> list[int]:
    """Return the covariates that vary, as many as the smaller arm bears."""
    varying = [i for i in range(covariates.shape[1]) if np.ptp(covariates[:, i]) > 0.0] if len(covariates) else []
    return varying[: smallest_arm // _ROWS_A_COVARIATE]


def _moments(columns: Sequence[str], values: Floats, customer: NDArray[np.int64], *, clustered: bool) -> Moments:
    if not clustered:
        return Moments.of_rows(columns, values)
    _, place = np.unique(customer, return_inverse=True)
    weights = (*values.T, np.ones(len(values)))
    sums = np.column_stack([np.bincount(place, weights=column).astype(np.float64) for column in weights])
    return Moments.of_rows([*columns, ROWS], sums)


def _times(interval: Interval, rows: int) -> Interval:
    return Interval(interval.value * rows, interval.lower * rows, interval.upper * rows)
