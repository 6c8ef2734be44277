"""Figures that pages are told and never compute: estimates, curves, bins, rows of tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.errors import BadRequest

Level = Literal["stable", "watch", "alarm"]


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval.

    Parameters
    ----------
    value : float
        Best estimate.
    low, high : float or None
        Limits at the level the page names, None where there are none.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class QiniCurve:
    """What is gained when the customers with the highest scores are reached first.

    Parameters
    ----------
    name : str
        Learner, arm or policy.
    share : sequence of float
        Share of customers reached, in [0, 1], increasing.
    gain : sequence of float, same length
        Incremental euro per customer of the whole list.
    low, high : sequence of float, same length, or empty
        Limits of a band.

    Raises
    ------
    BadRequest
        If the lengths differ.
    """

    name: str
    share: Sequence[float]
    gain: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()

    def __post_init__(self) -> None:
        _same_length(f"Qini curve {self.name!r}", self.share, self.gain, self.low, self.high)


@dataclass(frozen=True)
class BudgetCurve:
    """Expected net margin of the best list at every budget.

    Parameters
    ----------
    spend_eur, net_eur : sequence of float, same length
        Contact cost in euro, increasing, and the expected net margin, in euro.
    chosen_spend_eur, chosen_net_eur : float
        The point the list was made at.
    low_eur, high_eur : sequence of float, same length, or empty
        Limits of a band.

    Raises
    ------
    BadRequest
        If the lengths differ.
    """

    spend_eur: Sequence[float]
    net_eur: Sequence[float]
    chosen_spend_eur: float
    chosen_net_eur: float
    low_eur: Sequence[float] = ()
    high_eur: Sequence[float] = ()

    def __post_init__(self) -> None:
        _same_length("budget curve", self.spend_eur, self.net_eur, self.low_eur, self.high_eur)


@dataclass(frozen=True)
class CalibrationBin:
    """Customers of about the same predicted effect, and the effect that was measured on them.

    Parameters
    ----------
    predicted, measured : float
        Mean effects in the bin, in euro a customer.
    low, high : float or None
        Interval of the measured effect.
    """

    predicted: float
    measured: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ArmRow:
    """What one arm of a campaign was given to.

    Parameters
    ----------
    arm : str
        Name of the arm.
    customers : int
        Customers who get it.
    cost_eur : float
        Cost of contact, in euro.
    expected_net_eur : float
        Expected net margin after that cost, in euro.
    offer, contact_window, partner_id : str
        What, when and whose; empty where the campaign does not say.
    """

    arm: str
    customers: int
    cost_eur: float
    expected_net_eur: float
    offer: str = ""
    contact_window: str = ""
    partner_id: str = ""


@dataclass(frozen=True)
class FileRow:
    """A file that was written, and what it is for.

    Parameters
    ----------
    path : str
        Where it lies.
    what : str
        What it holds, in words.
    """

    path: str
    what: str


@dataclass(frozen=True)
class ReasonRow:
    """Why customers got nothing.

    Parameters
    ----------
    reason : str
        In words.
    customers : int
        How many.
    """

    reason: str
    customers: int


@dataclass(frozen=True)
class DriftRow:
    """One variable against the profile of its model.

    Parameters
    ----------
    kind : str
        Kind of the model.
    variable : str
        Feature, or score.
    psi : float
        Population stability index, in nat.
    missing_share, missing_share_reference : float
        In [0, 1].
    rows : int
        Rows of the batch.
    level : {"stable", "watch", "alarm"}
        Verdict.
    history : sequence of float
        Index of the last nights, oldest first, this one last; empty where it is not kept.
    """

    kind: str
    variable: str
    psi: float
    missing_share: float
    missing_share_reference: float
    rows: int
    level: Level
    history: Sequence[float] = ()


def _same_length(what: str, first: Sequence[float], second: Sequence[float], *bands: Sequence[float]) -> None:
    if len(first) != len(second) or any(band and len(band) != len(first) for band in bands):
        raise BadRequest(f"{what} has parts of different lengths: give one value a point")
