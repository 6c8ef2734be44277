"""A payment assessed: what is known of it gathered, scored, counted; and what is said where that cannot be.

The policy says what happens where a score cannot be given, since DynamoDB or the model cannot be reached or the
night's features are missing. "open" answers that the payment is not assessed, so that the caller lets it pass by his
own rules; "closed" refuses with 503, so that he waits or declines. No score is ever guessed.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol
from uuid import uuid4

from functions.champion import Champion, Champions
from functions.fraud_messages import FraudAnswer, FraudRequest, Said
from functions.problem import Problem
from jobs.errors import BadField, NetliftError
from jobs.runtime.online_lookup import Known, count, look_up
from jobs.science.fraud.decision import NOT_ASSESSED
from jobs.science.fraud.online import Payment, features_of
from jobs.storage.online import OnlineRecords

Policy = Literal["open", "closed"]

RETRY_AFTER_S = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a payment is scored by.

    Parameters
    ----------
    features : mapping of str to float
        Features by name, NaN where missing.
    is_large : bool
        Whether the payment is large for its customer.
    counted : bool
        Whether it was counted before.
    as_of : datetime.date
        Day at whose start the night's features were known.
    warnings : list of Said
        What was not known.
    """

    features: Mapping[str, float]
    is_large: bool
    counted: bool
    as_of: date
    warnings: list[Said] = field(default_factory=list)


class Day(Protocol):
    """What is known of payments, and where they are counted."""

    def gather(self, payment: Payment, fingerprint: str) -> Gathered:
        """Return what is known of a payment strictly before it."""

    def count(self, payment: Payment, fingerprint: str, is_large: bool) -> None:
        """Count a payment; the same one again changes nothing."""


class OnlineDay:
    """The day as it stands in online records.

    Parameters
    ----------
    records : OnlineRecords
        Where the night writes and the day is counted.
    """

    def __init__(self, records: OnlineRecords) -> None:
        self._records = records

    def gather(self, payment: Payment, fingerprint: str) -> Gathered:
        """Return what is known of a payment strictly before it."""
        known = look_up(self._records, payment, fingerprint)
        features, is_large = features_of(payment, known.past, known.partner)
        return Gathered(features, is_large, known.counted, known.as_of, _warnings(payment, known))

    def count(self, payment: Payment, fingerprint: str, is_large: bool) -> None:
        """Count a payment; the same one again changes nothing."""
        count(self._records, payment, fingerprint, is_large)


@dataclass(frozen=True)
class Desk:
    """Where payments are assessed.

    Parameters
    ----------
    champions : callable
        Returns the model at work.
    day : Day
        What is known, and where payments are counted.
    policy : "open" or "closed"
        What happens where a score cannot be given.
    """

    champions: Callable[[], Champion]
    day: Day
    policy: Policy

    def assess(self, request: FraudRequest, fingerprint: str) -> FraudAnswer:
        """Assess a payment.

        Parameters
        ----------
        request : FraudRequest
            The payment.
        fingerprint : str
            Differs for payments that differ.

        Returns
        -------
        FraudAnswer
            With a score; or without one, and the reason why.

        Raises
        ------
        Problem
            If a value is not allowed beside what is known, or a score cannot be given and the policy is "closed".
        """
        payment = request.payment()
        champion: Champion | None = None
        try:
            champion = self.champions()
            known = self.day.gather(payment, fingerprint)
        except BadField as error:
            raise Problem("not-allowed", str(error), ((error.field, str(error)),)) from None
        except NetliftError as error:
            return self._without_score(request, champion, error)
        found = champion.scorer.assess(known.features, payment.amount_eur)
        warnings = known.warnings
        if not known.counted:
            warnings = [*warnings, *self._counted(payment, fingerprint, known.is_large)]
        return FraudAnswer(
            id=uuid4().hex,
            transaction_id=payment.transaction_id,
            score=found.score,
            probability=found.probability,
            level=found.level,
            outcome=found.outcome,
            reasons=[Said(code=code, words=words) for code, words in found.reasons],
            warnings=warnings,
            model_version=champion.version,
            policy_version=self._policy_version(champion),
            features_as_of=known.as_of,
        )

    def _counted(self, payment: Payment, fingerprint: str, is_large: bool) -> list[Said]:
        """Count the payment before its answer goes out, so that the next one knows of it."""
        try:
            self.day.count(payment, fingerprint, is_large)
        except NetliftError as error:
            log.error("payment %s was not counted: %s", payment.transaction_id, error)  # noqa: TRY400  its sentence suffices
            if self.policy == "closed":
                raise _unavailable("the payment could not be counted") from error
            return [Said(code="not_counted", words="the payment could not be counted: later ones do not know of it")]
        return []

    def _without_score(self, request: FraudRequest, champion: Champion | None, error: NetliftError) -> FraudAnswer:
        what = "the model" if champion is None else "what is known of the customer and the partner"
        log.error("payment %s is not assessed: %s", request.transaction_id, error)
        if self.policy == "closed":
            raise _unavailable(f"{what} is not at hand") from error
        code = "model_unavailable" if champion is None else "features_unavailable"
        return FraudAnswer(
            id=uuid4().hex,
            transaction_id=request.transaction_id,
            score=None,
            probability=None,
            level=None,
            outcome=NOT_ASSESSED,
            reasons=[],
            warnings=[Said(code=code, words=f"{what} is not at hand, so that no score is given")],
            model_version=None,
            policy_version=self._policy_version(champion),
            features_as_of=None,
        )

    def _policy_version(self, champion: Champion | None) -> str:
        return f"{'none' if champion is None else champion.scorer.policy_version}-{self.policy}"


def open_desk(champions: Champions, records: OnlineRecords, policy: Policy) -> Desk:
    """Return a desk that assesses by the champion and by online records."""
    return Desk(champions.current, OnlineDay(records), policy)


def _unavailable(why: str) -> Problem:
    return Problem(
        "unavailable",
        f"{why}, and the policy is to refuse then: ask again in {RETRY_AFTER_S} seconds.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _warnings(payment: Payment, known: Known) -> list[Said]:
    found = []
    if not known.customer_seen:
        found.append(("customer_never_seen", "no payment of the customer is known in the 30 days before"))
    if not known.partner_seen:
        found.append(("partner_never_seen", "no payment at the partner is known in the 30 days before"))
    if known.left_out:
        found.append(("history_cut", f"{known.left_out} older payments of the customer had no room in his record"))
    if known.counted:
        found.append(("counted_before", "this payment was asked before; it is counted once"))
    days = payment.day - (known.as_of - date(1970, 1, 1)).days
    if days:
        found.append(("night_features_old", f"the night's features are of {known.as_of}, {days} days before"))
    return [Said(code=code, words=words) for code, words in found]
