"""How good a model is on parts of the judged rows, and whether groups are suspected in vain alike."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.science.fraud.assess import Rows
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.judged import Judged
from jobs.science.fraud.ranking import Ranker

AMOUNT_BANDS_EUR = (0.0, 25.0, 100.0, 250.0)
"""Lower ends of the bands of amounts."""

FEWEST_GENUINE = 200
"""Genuine rows of a group below which its false-positive rate is chance."""


@dataclass(frozen=True)
class Slice:
    """Figures of some of the judged rows.

    Parameters
    ----------
    name : str
        What they have in common.
    rows, frauds : int
        Transactions, and frauds among them.
    average_precision : float or None
        Of the ranking; None without frauds.
    recall : float or None
        Share of the frauds above the review threshold; None without frauds.
    false_positive_rate : float
        Share of the genuine rows above the review threshold.
    promised, happened : float
        Mean probability and share of fraud.
    """

    name: str
    rows: int
    frauds: int
    average_precision: float | None
    recall: float | None
    false_positive_rate: float
    promised: float
    happened: float


@dataclass(frozen=True)
class GroupRates:
    """False positives of groups of customers, held against each other.

    Parameters
    ----------
    groups : tuple of Slice
        One a group, the largest first.
    ratio : float or None
        Highest false-positive rate over the lowest, of groups with `FEWEST_GENUINE` rows; None where fewer
        than two such groups are there or the lowest is 0.
    """

    groups: tuple[Slice, ...]
    ratio: float | None


def slices(judged: Judged, test: Rows) -> tuple[Slice, ...]:
    """Cut judged rows by amount, history, partner and time.

    Parameters
    ----------
    judged : Judged
        The rows.
    test : Rows
        The same rows with their features.

    Returns
    -------
    tuple of Slice
        Those that hold rows.
    """
    feature = dict(zip(FEATURE_NAMES, test.matrix.T, strict=True))
    edges = [*AMOUNT_BANDS_EUR, np.inf]
    parts: dict[str, NDArray[np.bool_]] = {
        (f"amount {low:g} to {high:g} euro" if high < np.inf else f"amount of {low:g} euro and more"): (
            (judged.amount_eur >= low) & (judged.amount_eur < high)
        )
        for low, high in itertools.pairwise(edges)
    }
    bought = feature["customer_count_30d"]
    risky = feature["partner_fraud_rate_30d"] > 0
    night, weekend = feature["is_night"] > 0, feature["is_weekend"] > 0
    parts |= {
        "customer with fewer than 10 purchases in 30 days": bought < 10,
        "customer with 10 purchases and more": bought >= 10,
        "partner with known fraud in 30 days": risky,
        "partner without": ~risky,
        "by night": night,
        "by day": ~night,
        "at the weekend": weekend,
        "on weekdays": ~weekend,
    }
    return tuple(one_slice(name, judged.part(rows)) for name, rows in parts.items() if rows.any())


def group_rates(judged: Judged, group: ArrayLike) -> GroupRates:
    """Hold the false-positive rates of groups against each other.

    Parameters
    ----------
    judged : Judged
        The rows.
    group : array-like of shape (n_transactions,)
        Group of each row's customer; a missing one is a group of its own.

    Returns
    -------
    GroupRates
        Rates and their ratio.
    """
    names = np.array(["missing" if value is None else str(value) for value in np.asarray(group, dtype=object)])
    found: Mapping[str, Slice] = {name: one_slice(name, judged.part(names == name)) for name in np.unique(names)}
    groups = tuple(sorted(found.values(), key=lambda part: (-part.rows, part.name)))
    rates = [part.false_positive_rate for part in groups if part.rows - part.frauds >= FEWEST_GENUINE]
    ratio = max(rates) / min(rates) if len(rates) > 1 and min(rates) > 0 else None
    return GroupRates(groups, ratio)


def one_slice(name: str, rows: Judged) -> Slice:
    """Return the figures of rows, at least one."""
    y, seen = rows.is_fraud, rows.looked_at
    frauds = int(y.sum())
    both = 0 < frauds < y.size
    return Slice(
        name=name,
        rows=int(y.size),
        frauds=frauds,
        average_precision=Ranker(y, rows.margin).ranking().average_precision if both else None,
        recall=float(seen[y].mean()) if frauds else None,
        false_positive_rate=float(seen[~y].mean()) if frauds < y.size else 0.0,
        promised=float(rows.probability.mean()),
        happened=float(y.mean()),
    )
