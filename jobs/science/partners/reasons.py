"""Why a partner is to be looked into: three coded reasons, in words with the partner's own figures.

With a model, the contributions of the features to the margin (Shapley values of the trees) are added up over
groups that a person thinks of as one thing. Without one, the figures speak for themselves.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.partners.score import PartnerScorer, partner_matrix
from jobs.science.partners.statement import REPEAT_PARTNERS

REASONS = 3
SMALLEST_LOG_ODDS = 0.1
"""What raises the odds by less than a tenth is no reason."""

Row = Mapping[str, float]
"""Features of one partner by name, NaN where missing."""

Typical = Mapping[str, float]
"""The same of a partner in the middle; empty where there is no model."""


def partner_reasons(
    scorer: PartnerScorer | None, features: pa.Table, queued: NDArray[np.bool_], threads: int = 1
) -> tuple[pa.Array, ...]:
    """Say why partners are in the queue; the others get no reason and cost nothing.

    Parameters
    ----------
    scorer : PartnerScorer or None
        The model that scored the rows; None: the shrunk rate did.
    features : pyarrow.Table
        One row a partner.
    queued : ndarray of shape (n_partners,)
        Whether the partner is in the queue.
    threads : int
        Threads of LightGBM.

    Returns
    -------
    tuple of pyarrow.Array
        `REASONS` arrays of texts such as "known_fraud: 6 of 7 payments of the last week with known labels were
        fraud", the strongest first; null where there is none.

    References
    ----------
    .. [1] Lundberg et al. (2020), From local explanations to global understanding with explainable AI
       for trees, Nature Machine Intelligence.
    """
    texts = np.full((features.num_rows, REASONS), None, dtype=object)
    rows = np.flatnonzero(queued)
    if rows.size:
        chosen = features.take(pa.array(rows))
        if scorer is None:
            words = [_plain_reasons(row) for row in chosen.to_pylist()]
        else:
            matrix = partner_matrix(chosen, scorer.features)
            shares = np.asarray(scorer.booster.predict(matrix, pred_contrib=True, num_threads=threads))
            words = [
                _by_contribution(scorer, dict(zip(scorer.features, values.tolist(), strict=True)), share)
                for values, share in zip(matrix, shares, strict=True)
            ]
        for row, said in zip(rows, words, strict=True):
            texts[row, : len(said)] = said
    return tuple(pa.array(texts[:, place], pa.string()) for place in range(REASONS))


def _by_contribution(scorer: PartnerScorer, row: Row, share: NDArray[np.float64]) -> list[str]:
    added: dict[str, float] = {}
    for name, value in zip(scorer.features, share, strict=False):  # the last share is that of no feature
        group = next((g for g, prefixes, _ in _GROUPS if name.startswith(prefixes)), "given_vectors")
        added[group] = added.get(group, 0.0) + float(value)
    words = {group: write for group, _, write in _GROUPS} | {"given_vectors": _vectors}
    strongest = sorted(added, key=lambda group: -added[group])
    said = [words[g](row, scorer.typical) for g in strongest if added[g] >= SMALLEST_LOG_ODDS]
    return [text for text in said if text][:REASONS]


def _plain_reasons(row: Row) -> list[str]:
    said = (_known(row, {}), _early(row, {}), _scheme(row, {}), _volume(row, {}) if row["volume_z_7d"] > 4 else "")
    return [text for text in said if text][:REASONS]


def _known(row: Row, _: Typical) -> str:
    if row["streak"] >= 2:
        return (
            f"fraud_streak: the last {row['streak']:.0f} payments with known labels were all fraud, the first of them "
            f"{row['streak_days']:.0f} days ago; {row['known_frauds_28d']:.0f} of {row['known_28d']:.0f} in 28 days"
        )
    if row["known_frauds_7d"] > 0:
        return (
            f"known_fraud: {row['known_frauds_7d']:.0f} of {_payments(row['known_7d'])} of the last 7 days with known "
            f"labels were fraud, {row['known_frauds_28d']:.0f} of {row['known_28d']:.0f} in 28 days"
        )
    if row["known_frauds_28d"] > 0:
        return (
            f"known_fraud: {row['known_frauds_28d']:.0f} of {_payments(row['known_28d'])} of the last 28 days with "
            f"known labels were fraud, the latest {row['last_fraud_days']:.0f} days ago"
        )
    return ""  # that nothing is known yet is no reason, even where it raises the odds


def _early(row: Row, _: Typical) -> str:
    if not row["early_frauds_7d"] > 0:
        return ""
    return (
        f"early_reports: {row['early_frauds_7d']:.0f} of {_payments(row['payments_7d'])} of the last days are reported "
        f"as fraud already"
    )


def _scheme(row: Row, _: Typical) -> str:
    if math.isnan(row["scheme_ratio_28d"]) or not row["scheme_ratio_28d"] > 0:
        return ""
    return (
        f"scheme_ratio: fraud reports and disputes are {row['scheme_ratio_28d']:.2%} of {_payments(row['known_28d'])} "
        f"in 28 days, disputes alone {row['dispute_ratio_28d']:.2%}"
    )


def _refunds(row: Row, _: Typical) -> str:
    if math.isnan(row["refund_ratio_28d"]):
        return ""
    return f"refunds: {row['refund_ratio_28d']:.1%} of {_payments(row['payments_28d'])} in 28 days were refunds"


def _volume(row: Row, typical: Typical) -> str:
    if row["age_days"] <= 7:
        return (
            f"new_volume: {_payments(row['payments_7d'])} in the first {max(row['age_days'], 1):.0f} days of a partner"
        )
    ratio = row["volume_ratio_7d"]
    if math.isnan(ratio):
        return f"volume: {_payments(row['payments_7d'])} in 7 days, none in the 28 before"
    if 0.67 <= ratio <= 1.5:  # as usual there: what tells is how large the partner is beside others
        usual = typical.get("payments_7d", 0.0)
        if not row["payments_7d"] > usual:
            return ""  # to be small is no reason, even where it raises the odds
        return f"volume: {_payments(row['payments_7d'])} in 7 days ({usual:.0f} at a partner in the middle)"
    code = "volume_spike" if ratio > 1 else "volume_drop"
    return f"{code}: {_payments(row['payments_7d'])} in 7 days, {ratio:.1f} times the partner's own usual week"


def _ticket(row: Row, typical: Typical) -> str:
    ratio, ticket = row["ticket_ratio_7d"], row["ticket_eur_7d"]
    if math.isnan(ticket):
        return ""
    if ratio > 1.2 or ratio < 0.8:
        code = "ticket_spike" if ratio > 1 else "ticket_drop"
        return f"{code}: {ticket:.2f} euro a payment in 7 days, {ratio:.1f} times the partner's own 28 days before"
    usual = f" ({typical['ticket_eur_7d']:.2f} at a partner in the middle)" if "ticket_eur_7d" in typical else ""
    return f"ticket: {ticket:.2f} euro a payment in 7 days{usual}"


def _hours(row: Row, typical: Typical) -> str:
    night, weekend = row["night_share_28d"], row["weekend_share_28d"]
    usual, usual_weekend = typical.get("night_share_28d", 0.0), typical.get("weekend_share_28d", 0.0)
    # Fewer payments at odd hours than elsewhere are no ground to look into a partner, whatever the trees make of it.
    if not (night > usual or weekend > usual_weekend):
        return ""
    return (
        f"hours: {night:.0%} of payments before 07:00 UTC ({usual:.0%} at a partner in the middle), "
        f"{weekend:.0%} at weekends ({usual_weekend:.0%})"
    )


def _customers(row: Row, typical: Typical) -> str:
    share, usual = row["shared_customers_7d"], typical.get("shared_customers_7d", 0.0)
    if not share > usual:
        return ""
    return (
        f"shared_customers: {share:.0%} of the week's payments come from customers of other risky partners "
        f"({usual:.0%} at a partner in the middle)"
    )


def _devices(row: Row, typical: Typical) -> str:
    share, usual = row["shared_devices_7d"], typical.get("shared_devices_7d", 0.0)
    if not share > usual:
        return ""
    return (
        f"shared_devices: {share:.0%} of the week's payments come from devices seen at other risky partners "
        f"({usual:.0%} at a partner in the middle)"
    )


def _repeat_customers(row: Row, _: Typical) -> str:
    if not row["repeat_customers_7d"] > 0:
        return ""
    return (
        f"repeat_disputes: {row['repeat_customers_7d']:.0%} of the week's payments come from customers whose known "
        f"frauds lie at {REPEAT_PARTNERS} partners or more"
    )


def _repeat_devices(row: Row, _: Typical) -> str:
    if not row["repeat_devices_7d"] > 0:
        return ""
    return (
        f"repeat_devices: {row['repeat_devices_7d']:.0%} of the week's payments come from devices with known frauds "
        f"at {REPEAT_PARTNERS} partners or more"
    )


def _prior(row: Row, _: Typical) -> str:
    return f"category: {row['category_fraud_rate']:.2%} known fraud in the partner's line of business in 28 days"


def _text(_: Row, __: Typical) -> str:
    return "text: name, description or site read like those of partners that became risky"


def _vectors(_: Row, __: Typical) -> str:
    return "given_vectors: the vectors given for this partner resemble those of partners that became risky"


def _payments(number: float) -> str:
    return f"{number:.0f} payment{'' if number == 1 else 's'}"


# Prefixes of feature names: each feature belongs to the first group that has its prefix.
_GROUPS: Sequence[tuple[str, tuple[str, ...], Callable[[Row, Typical], str]]] = (
    (
        "known",
        ("fraud_rate_", "known_", "last_", "first_", "streak", "clean_since"),
        _known,
    ),
    ("early", ("early_",), _early),
    ("scheme", ("scheme_", "dispute_"), _scheme),
    ("refunds", ("refund_",), _refunds),
    ("volume", ("payments_", "volume_", "age_"), _volume),
    ("ticket", ("ticket_",), _ticket),
    ("hours", ("night_", "weekend_"), _hours),
    ("customers", ("shared_customers",), _customers),
    ("devices", ("shared_devices",), _devices),
    ("repeat_customers", ("repeat_customers",), _repeat_customers),
    ("repeat_devices", ("repeat_devices",), _repeat_devices),
    ("category", ("category_",), _prior),
    ("text", ("text_",), _text),
)
