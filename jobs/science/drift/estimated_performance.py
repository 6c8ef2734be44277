"""How good a calibrated score is before its labels are known, and whether that estimate kept its word.

Where probabilities are calibrated, each score says how likely its own label is: expected counts of frauds take the
place of known ones in every figure (confidence-based performance estimation). Where the relation of features to fraud
changes, the estimate does not see it: only labels do, and then it is called not trustworthy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jobs.science.drift.score_tally import MICRO, NANO, Floats, ScoreTally
from jobs.science.fraud.calibration_bin import NORMAL_975, CalibrationBin
from jobs.science.fraud.decision import Costs

Trust = Literal["kept", "broken", "unknown"]

FEWEST_FRAUDS = 30
"""Expected or known frauds below which labels say nothing of the estimate."""

LARGEST_AUC_GAP = 0.02
LARGEST_FRAUD_RATIO = 1.25
"""Frauds over expected ones, or the other way round, from which calibration is broken, if it is no chance."""

_CHANCE_SD = 4.0  # frauds come in waves: more often apart than independent ones


@dataclass(frozen=True)
class Performance:
    """Figures of a day, or of several days together; None where there is nothing to compute it from.

    Parameters
    ----------
    payments : int
        Scored payments.
    frauds : float
        Frauds, expected or known.
    roc_auc : float or None
        In [0, 1].
    precision, recall : float or None
        Share of frauds among the payments that were reviewed or declined, and of all frauds that are among them.
    cost_eur : float
        Reviews, frauds that went through and good customers declined, in euro.
    """

    payments: int
    frauds: float
    roc_auc: float | None
    precision: float | None
    recall: float | None
    cost_eur: float


def estimated_performance(tally: ScoreTally, costs: Costs) -> Performance:
    """Return what is to be expected of a batch if its probabilities are calibrated.

    Parameters
    ----------
    tally : ScoreTally
        The batch; its labels are not looked at.
    costs : Costs
        What outcomes cost.

    Returns
    -------
    Performance
        Expected figures; of ratios the ratio of the expectations.

    References
    ----------
    .. [1] Białek, J. et al. (2024). Estimating model performance under covariate shift without labels.
       arXiv:2401.08348.

    Examples
    --------
    >>> tally = ScoreTally.of([0.9, 0.1], [50.0, 50.0], ["review", "approve"])
    >>> found = estimated_performance(tally, Costs(review_eur=5, loss_share=1))
    >>> found.frauds, round(found.precision, 3), round(found.cost_eur, 2)
    (1.0, 0.9, 10.0)
    """
    expected = tally.expected / NANO
    flagged = tally.flagged_expected / NANO
    return Performance(
        payments=tally.payments,
        frauds=float(tally.expected.sum()) / NANO,
        # A payment is no pair with itself, though it may be either fraud or genuine.
        roc_auc=_auc(expected, tally.rows - expected, float(tally.variance.sum()) / NANO),
        precision=flagged / tally.flagged if tally.flagged else None,
        recall=flagged / float(expected.sum()) if expected.sum() else None,
        cost_eur=_cost(tally, costs, tally.approved_loss / MICRO, tally.declined_genuine / NANO),
    )


def true_performance(tally: ScoreTally, costs: Costs) -> Performance:
    """Return the figures of a batch whose labels are in."""
    frauds = tally.frauds.astype(np.float64)
    return Performance(
        payments=tally.payments,
        frauds=float(frauds.sum()),
        roc_auc=_auc(frauds, tally.rows - frauds, 0.0),
        precision=tally.flagged_frauds / tally.flagged if tally.flagged else None,
        recall=tally.flagged_frauds / float(frauds.sum()) if frauds.sum() else None,
        cost_eur=_cost(tally, costs, tally.approved_lost / MICRO, float(tally.declined - tally.declined_frauds)),
    )


def auc_standard_error(roc_auc: float, frauds: float, genuine: float) -> float:
    """Return about how far chance takes an AUC of so many frauds and genuine payments.

    References
    ----------
    .. [1] Hanley, J. A. & McNeil, B. J. (1982). The meaning and use of the area under a receiver operating
       characteristic curve. Radiology 143, 29-36.

    Examples
    --------
    >>> round(auc_standard_error(0.9, 50, 950), 3)
    0.029
    """
    if frauds < 1 or genuine < 1:
        return 0.5
    q1, q2 = roc_auc / (2 - roc_auc), 2 * roc_auc**2 / (1 + roc_auc)
    square = roc_auc * (1 - roc_auc) + (frauds - 1) * (q1 - roc_auc**2) + (genuine - 1) * (q2 - roc_auc**2)
    return float(np.sqrt(max(square, 0.0) / (frauds * genuine)))


def expected_band(tally: ScoreTally, roc_auc: float) -> tuple[float, float]:
    """Return between what limits the true AUC falls 95 times of 100, if the probabilities are calibrated."""
    frauds = float(tally.expected.sum()) / NANO
    half = NORMAL_975 * auc_standard_error(roc_auc, frauds, tally.payments - frauds)
    return max(roc_auc - half, 0.0), min(roc_auc + half, 1.0)


@dataclass(frozen=True)
class Verdict:
    """Whether labels bear out what was estimated.

    Parameters
    ----------
    trust : {"kept", "broken", "unknown"}
        "unknown" until there are enough labels.
    reason : str
        In a sentence.
    """

    trust: Trust
    reason: str


def verdict(tally: ScoreTally) -> Verdict:
    """Hold the estimate against the labels of days that have matured, all of them together.

    Broken is an AUC that lies more than `LARGEST_AUC_GAP` from the expected one, or frauds that are more or less than
    expected by a factor of `LARGEST_FRAUD_RATIO`; each by four standard deviations too, so that chance is no reason.

    Parameters
    ----------
    tally : ScoreTally
        Payments of matured days with their labels.

    Examples
    --------
    >>> verdict(ScoreTally.empty()).trust
    'unknown'
    """
    costs = Costs()
    expected, known = estimated_performance(tally, costs), true_performance(tally, costs)
    if max(expected.frauds, known.frauds) < FEWEST_FRAUDS:
        return Verdict(
            "unknown",
            f"Labels of {tally.payments:,} payments are in, with {known.frauds:,.0f} frauds: too few to tell whether "
            "the estimate holds.",
        )
    spread = float(np.sqrt(tally.variance.sum() / NANO))
    ratio = max(known.frauds / max(expected.frauds, 1e-9), expected.frauds / max(known.frauds, 1e-9))
    if ratio > LARGEST_FRAUD_RATIO and abs(known.frauds - expected.frauds) > _CHANCE_SD * spread:
        return Verdict(
            "broken",
            f"{known.frauds:,.0f} frauds became known where {expected.frauds:,.0f} were to be expected: the score is "
            "no longer calibrated, so its estimated figures are not trustworthy.",
        )
    if expected.roc_auc is None or known.roc_auc is None:
        return Verdict("unknown", "The labels that are in are all alike: they say nothing of the ranking.")
    error = auc_standard_error(known.roc_auc, known.frauds, known.payments - known.frauds)
    if abs(known.roc_auc - expected.roc_auc) > max(LARGEST_AUC_GAP, _CHANCE_SD * error):
        return Verdict(
            "broken",
            f"The AUC was {known.roc_auc:.3f} where {expected.roc_auc:.3f} was to be expected: frauds look otherwise "
            "than those the model learnt from, so its estimated figures are not trustworthy.",
        )
    return Verdict(
        "kept",
        f"{known.frauds:,.0f} frauds became known where {expected.frauds:,.0f} were to be expected, with an AUC of "
        f"{known.roc_auc:.3f} where {expected.roc_auc:.3f} was: the estimate holds.",
    )


def calibration_groups(tally: ScoreTally, groups: int = 8) -> tuple[CalibrationBin, ...]:
    """Compare shares of fraud, in groups of at least an equal part of the expected frauds, from the least suspect."""
    expected = tally.expected / NANO
    least, first = float(expected.sum()) / groups, 0
    found: list[CalibrationBin] = []
    for i in np.flatnonzero(tally.rows):
        rest = float(expected[i + 1 :].sum())
        # What would be left over for a group of its own too small joins this one.
        if expected[first : i + 1].sum() >= least * _NEARLY and (rest >= least * _NEARLY or not rest):
            found.append(_group(tally, first, int(i) + 1))
            first = int(i) + 1
    return tuple(found)


_NEARLY = 1 - 1e-9


def _group(tally: ScoreTally, first: int, end: int) -> CalibrationBin:
    rows, frauds = int(tally.rows[first:end].sum()), int(tally.frauds[first:end].sum())
    return CalibrationBin(float(tally.expected[first:end].sum()) / NANO / rows, frauds / rows, rows)


def pooled(tallies: Sequence[ScoreTally]) -> ScoreTally:
    """Add up the tallies of several days."""
    return sum(tallies, ScoreTally.empty())


def _auc(positive: Floats, negative: Floats, own_pairs: float) -> float | None:
    """Probability that a fraud's score is above a genuine payment's, ties counting half."""
    pairs = float(positive.sum() * negative.sum()) - own_pairs
    if pairs <= _LEAST_PAIRS:
        return None
    below = np.cumsum(negative) - negative
    wins = float(np.sum(positive * (below + negative / 2))) - own_pairs / 2
    return min(max(wins / pairs, 0.0), 1.0)


_LEAST_PAIRS = 1e-6  # what rounding to billionths leaves of none


def _cost(tally: ScoreTally, costs: Costs, lost_eur: float, good_declined: float) -> float:
    return tally.reviewed * costs.review_eur + lost_eur * costs.loss_share + good_declined * costs.insult_eur
