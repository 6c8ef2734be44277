"""Rows of the tables on the page of a night: steps, review queue, partners, models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StepRow:
    """One step of the run.

    Parameters
    ----------
    verb : str
        Name of the job.
    kind : str
        Campaign or kind it ran for, empty where there is none.
    rows_in, rows_used, rows_quarantined, rows_out : int
        Rows read, used, set aside and written.
    seconds : float
        How long it took.
    state : {"done", "already done", "no input", "failed"}
        How it ended; "no input" had nothing new to read.
    """

    verb: str
    kind: str
    rows_in: int
    rows_used: int
    rows_quarantined: int
    rows_out: int
    seconds: float
    state: Literal["done", "already done", "no input", "failed"]


@dataclass(frozen=True)
class ReviewRow:
    """One transaction that a person should look at.

    Parameters
    ----------
    rank : int
        1 is the first to be looked at.
    transaction_id, customer_id, partner_id : str
        Which.
    amount_eur : float
        In euro.
    fraud_probability : float
        Calibrated, in [0, 1].
    reasons : sequence of str
        Strongest first, in words.
    partner_name : str
        Name of the partner; may be empty.
    """

    rank: int
    transaction_id: str
    customer_id: str
    partner_id: str
    amount_eur: float
    fraud_probability: float
    reasons: Sequence[str] = ()
    partner_name: str = ""


@dataclass(frozen=True)
class PartnerRow:
    """One merchant partner in the order of risk.

    Parameters
    ----------
    rank : int
        1 is the riskiest.
    partner_id, name : str
        Which; the name may be empty.
    risk : float
        Calibrated probability that the partner is risky, or without a model the shrunk fraud rate, in [0, 1].
    transactions, frauds : int
        In the days whose labels are known.
    """

    rank: int
    partner_id: str
    name: str
    risk: float
    transactions: int
    frauds: int


@dataclass(frozen=True)
class ModelRow:
    """A model that scored this night.

    Parameters
    ----------
    kind, version : str
        Which.
    trained_on : str
        Rows and days, in words.
    judged : str
        Its figures on held-out rows, in words.
    """

    kind: str
    version: str
    trained_on: str = ""
    judged: str = ""


@dataclass(frozen=True)
class LimitRow:
    """Something of which the night had only so much, or had to use at least so much.

    Parameters
    ----------
    name : str
        As a reader knows it: "budget of spring".
    unit : {"eur", "customers"}
        Unit of the next three.
    used : float
        What the offers use.
    most, least : float or None
        Limits; None is none.
    says : str
        Its price, in a sentence.
    """

    name: str
    unit: Literal["eur", "customers"]
    used: float
    most: float | None
    least: float | None
    says: str
