"""One payment's score, outcome and reasons: what the batch gives it, without preparing a batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadSchema
from jobs.science.fraud.decision import APPROVE, DECLINE, REVIEW, DecisionPolicy, Outcome
from jobs.science.fraud.online import row_of
from jobs.science.fraud.reasons import reasons_of
from jobs.science.fraud.score import FraudScorer, load_scorer
from jobs.science.fraud.single_row import SingleRowBooster

HIGHEST_SCORE = 1_000
Level = Literal["low", "medium", "high"]
LEVELS: tuple[tuple[float, Level], ...] = ((0.5, "high"), (0.1, "medium"), (0.0, "low"))
"""Level of risk by the least probability that it begins at."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the model says of a payment, and what is to be done with it.

    Parameters
    ----------
    probability : float
        Calibrated probability of fraud, in [0, 1].
    score : int
        The same in thousandths.
    level : str
        "low", "medium" or "high".
    outcome : str
        "approve", "review" or "decline".
    reasons : tuple of tuple of str
        Code and words of what raised the odds, the strongest first; none where it is approved.
    """

    probability: float
    score: int
    level: Level
    outcome: Outcome
    reasons: tuple[tuple[str, str], ...]


class OnlineScorer:
    """A fraud model for one payment at a time; it must not be used by two threads at once.

    Parameters
    ----------
    files : mapping of str to bytes
        The model's files, their digests already checked.
    known : frozenset of str
        Names of the features that can be given.

    Raises
    ------
    BadFile
        If a file is missing or damaged.
    BadSchema
        If the model reads a feature that cannot be given.
    """

    def __init__(self, files: Mapping[str, bytes], known: frozenset[str] | None = None) -> None:
        self.scorer: FraudScorer = load_scorer(files, SingleRowBooster)
        self._booster: SingleRowBooster = self.scorer.booster
        self._margins = np.array(self.scorer.calibration.margin)
        self._probabilities = np.array(self.scorer.calibration.probability)
        unknown = sorted(set(self.scorer.features) - known) if known is not None else []
        if unknown:
            raise BadSchema(f"the fraud model reads {unknown[0]!r}, which is not known online: train it anew.")

    @cached_property
    def policy_version(self) -> str:
        """Version of the rules that outcomes are chosen by."""
        return self.policy.version

    @property
    def policy(self) -> DecisionPolicy:
        """What the outcomes are chosen by."""
        return self.scorer.policy

    def assess(self, features: Mapping[str, float], amount_eur: float) -> Assessment:
        """Score a payment.

        Parameters
        ----------
        features : mapping of str to float
            Features by name, NaN where missing.
        amount_eur : float
            Amount, euro, at least 0.

        Returns
        -------
        Assessment
            The batch's own probability and outcome, to the last digit.
        """
        row = row_of(features, self.scorer.features)
        probability = float(np.interp(self._booster.margin(row), self._margins, self._probabilities))
        outcome = outcome_of(self.policy, probability, amount_eur)
        return Assessment(
            probability,
            round(HIGHEST_SCORE * probability),
            next(level for least, level in LEVELS if probability >= least),
            outcome,
            () if outcome == APPROVE else self._reasons(row),
        )

    def _reasons(self, row: NDArray[np.float32]) -> tuple[tuple[str, str], ...]:
        [texts] = reasons_of(self.scorer, row.reshape(1, -1))
        return tuple((code, words) for code, _, words in (text.partition(": ") for text in texts))


def outcome_of(policy: DecisionPolicy, probability: float, amount_eur: float) -> Outcome:
    """Return the outcome of one payment, as `DecisionPolicy.decide` gives it to many.

    Examples
    --------
    >>> outcome_of(DecisionPolicy(), 0.2, 60.0)
    'review'
    """
    costs = policy.costs
    passed = probability * amount_eur * costs.loss_share
    declined = (1 - probability) * costs.insult_eur
    if min(passed, declined) - costs.review_eur >= policy.review_price_eur:
        return REVIEW
    return DECLINE if declined < passed else APPROVE
