"""The page of a day's customer segments: who they are, how sure that is, who moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.bar_chart import Bar, bar_chart
from jobs.pages.figures import Level
from jobs.pages.formats import count, percent, percent_ticks, whole_ticks
from jobs.pages.heat_grid import HeatRow, heat_grid
from jobs.pages.line_chart import Line, line_chart
from jobs.pages.rendering import render

_FULL_COLOUR = 3.0  # spreads from the median
_FEATURE_WORDS = {
    "recency": "Days since last",
    "frequency": "Payments",
    "money": "Euro a payment",
    "evening_share": "Evenings",
    "weekend_share": "Weekends",
    "favourite_share": "Same partner",
    "recent_share": "Of late",
}


@dataclass(frozen=True)
class SegmentRow:
    """One segment; figures are None where nothing was paid.

    Parameters
    ----------
    number, name : int, str
        Which.
    customers : int
        How many.
    share : float
        Of all customers, in [0, 1].
    share_before : float or None
        The same of the run before; None where there is none.
    payments_30d : float or None
        Payments of a customer in 30 days.
    amount_eur : float or None
        Mean amount of a payment, in euro.
    recency_days : float or None
        Mean days since the last payment.
    evening_share, weekend_share, favourite_share : float or None
        Of the payments, in [0, 1].
    centre : mapping of str to float
        Spreads from the median of all customers, by feature of :mod:`jobs.science.segments.measures`; empty of the
        segment without payments.
    history : sequence of float
        Shares of the last runs, oldest first, this one last; NaN where it was none.
    """

    number: int
    name: str
    customers: int
    share: float
    share_before: float | None
    payments_30d: float | None
    amount_eur: float | None
    recency_days: float | None
    evening_share: float | None
    weekend_share: float | None
    favourite_share: float | None
    centre: Mapping[str, float]
    history: Sequence[float] = ()


@dataclass(frozen=True)
class MoveRow:
    """Where the customers of one segment of the run before are now.

    Parameters
    ----------
    name : str
        The segment, or "not a customer then".
    customers : int
        How many they were.
    shares : sequence of float
        Share of them in each column of the table.
    same : int or None
        Column of the same segment.
    """

    name: str
    customers: int
    shares: Sequence[float]
    same: int | None


@dataclass(frozen=True)
class MoveTable:
    """The migration table.

    Parameters
    ----------
    before : datetime.date
        Date of the run before.
    columns : sequence of str
        Segments of today.
    rows : sequence of MoveRow
        Segments of then.
    stayed_share : float or None
        Share of the customers of both dates who are where they were.
    """

    before: date
    columns: Sequence[str]
    rows: Sequence[MoveRow]
    stayed_share: float | None


@dataclass(frozen=True)
class CandidateRow:
    """One number of segments that was tried.

    Parameters
    ----------
    segments : int
        How many.
    agreement, overlap : float or None
        Agreement with other samples, and that of the least stable segment; None where it was not measured.
    gap : float
        How much closer customers lie than those of one segment, as a share.
    chosen : bool
        Whether it was taken.
    """

    segments: int
    agreement: float | None
    overlap: float | None
    gap: float
    chosen: bool


@dataclass(frozen=True)
class SegmentsPage:
    """All that the page says.

    Parameters
    ----------
    run_date : datetime.date
        Business day.
    run_id : str
        Run in the ledger.
    source : str
        Where the data are.
    window_days : int
        Days of payments that were looked at.
    structure : bool
        Whether there is more than one segment of customers who paid.
    reason : str
        Why so many, in a sentence.
    halves_agreement : float
        Adjusted Rand index between the groupings of two halves of the customers.
    customers : int
        Of the day, all of them.
    unknown_payers : int
        Accounts that paid and are no customer's.
    segments : sequence of SegmentRow
        The largest first.
    candidates : sequence of CandidateRow
        Numbers of segments that were tried.
    model_version : str
        Model that assigned.
    fitted_last : datetime.date
        Last day of the payments the model was made of.
    fitted_customers : int
        Customers it was made of.
    dates : sequence of str
        Dates of the histories, oldest first.
    drift : Level or None
        How far the sizes are from those of the run before; None where there is none.
    psi : float or None
        The index behind it.
    moves : MoveTable or None
        None where there is no run before.
    """

    run_date: date
    run_id: str
    source: str
    window_days: int
    structure: bool
    reason: str
    halves_agreement: float
    customers: int
    unknown_payers: int
    segments: Sequence[SegmentRow]
    candidates: Sequence[CandidateRow]
    model_version: str
    fitted_last: date
    fitted_customers: int
    dates: Sequence[str] = ()
    drift: Level | None = None
    psi: float | None = None
    moves: MoveTable | None = None


def segments_html(page: SegmentsPage) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    page : SegmentsPage
        What to say; nothing is computed here.

    Returns
    -------
    str
        HTML, under 1 MB.
    """
    return render(
        "segments.html.j2",
        page=page,
        sizes=bar_chart(
            "Customers by segment",
            [Bar(f"{s.number} · {s.name}", s.customers) for s in page.segments],
            description="; ".join(f"{s.name}: {count(s.customers)}" for s in page.segments),
        ),
        apart=_apart(page) if page.structure else None,
        history=_history(page),
    )


def _apart(page: SegmentsPage) -> Markup | None:
    shown = sorted((s for s in page.segments if s.centre), key=lambda s: s.number)
    # A card keeps its names in the order of the alphabet.
    features = sorted(shown[0].centre, key=list(_FEATURE_WORDS).index) if shown else []
    return heat_grid(
        "What sets the segments apart",
        [str(s.number) for s in shown],
        [HeatRow(_FEATURE_WORDS[f], [s.centre[f] for s in shown]) for f in features],
        limit=_FULL_COLOUR,
        description="Spreads from the median of all customers, by feature and segment.",
    )


def _history(page: SegmentsPage) -> Markup | None:
    if len(page.dates) < 3:
        return None
    days = list(range(1 - len(page.dates), 1))
    return line_chart(
        "Share of each segment over the last runs",
        [Line(str(s.number), days, list(s.history)) for s in page.segments if len(s.history) == len(days)],
        Axis("runs before this one", whole_ticks),
        Axis("share of customers", percent_ticks, holds=(0,)),
        description="; ".join(f"{s.name}: {percent(s.share)}" for s in page.segments),
    )
