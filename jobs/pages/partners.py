"""The page of the partner team: whom to look into first, why, and how the risk came about night by night."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jobs.pages.axes import Axis
from jobs.pages.formats import percent_ticks, whole_ticks
from jobs.pages.line_chart import Line, line_chart
from jobs.pages.rendering import render
from jobs.pages.sparkline import sparkline

_LINES = 4
"""Partners whose history is drawn large: more lines cannot be told apart."""


@dataclass(frozen=True)
class QueueRow:
    """One partner to look into; figures are None where there is nothing to go by.

    Parameters
    ----------
    rank : int
        1 is the first to be looked into.
    partner_id, name, category : str
        Which; name and category may be empty.
    risk : float
        Calibrated probability, or without a model the shrunk fraud rate, in [0, 1].
    transactions_28d, frauds_28d, early_frauds : int
        Payments of 28 days with known labels, frauds among them, and frauds that are known early.
    scheme_ratio, scheme_headroom : float or None
        Fraud reports and disputes over payments, and what is left to the scheme's limit.
    volume_ratio : float or None
        Payments of the week over the partner's own usual week.
    reasons : sequence of str
        Strongest first, in words.
    history : sequence of float
        Risk of the last nights, oldest first, this one last.
    days : sequence of float
        Days before this night of each of them, 0 for this one, so negative before.
    """

    rank: int
    partner_id: str
    name: str
    category: str
    risk: float
    transactions_28d: int
    frauds_28d: int
    early_frauds: int
    scheme_ratio: float | None
    scheme_headroom: float | None
    volume_ratio: float | None
    reasons: Sequence[str] = ()
    history: Sequence[float] = ()
    days: Sequence[float] = ()


@dataclass(frozen=True)
class PartnersPage:
    """All that the page of a day's partners says.

    Parameters
    ----------
    run_date : datetime.date
        Day that has just ended.
    run_id, scored_by : str
        Which run, and what ranked, in words.
    calibrated : bool
        Whether risk is a calibrated probability.
    partners : int
        Partners that were ranked.
    scheme_limit : float
        Ratio at which the scheme calls a partner excessive.
    beyond_limit : int
        Partners beyond it.
    queue : sequence of QueueRow
        Whom to look into, the first first.
    notes : sequence of str
        What a reader must know, in whole sentences.
    """

    run_date: date
    run_id: str
    scored_by: str
    calibrated: bool
    partners: int
    scheme_limit: float
    beyond_limit: int
    queue: Sequence[QueueRow] = ()
    notes: Sequence[str] = ()


def partners_html(page: PartnersPage) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    page : PartnersPage
        What to say; nothing is computed here.

    Returns
    -------
    str
        HTML, under 1 MB.
    """
    drawn = [row for row in page.queue if len(row.history) > 1][:_LINES]
    word = "probability of being risky" if page.calibrated else "shrunk fraud rate"
    return render(
        "partners.html.j2",
        page=page,
        risk_word=word,
        history=line_chart(
            "Risk of the first partners, night by night",
            [Line(f"{row.rank} {row.name or row.partner_id}", row.days, row.history) for row in drawn],
            Axis("nights up to this one", whole_ticks),
            Axis(word, percent_ticks, holds=(0,)),
        ),
        sparklines=[sparkline(row.history) for row in page.queue],
    )
