"""The page of a night's run: what came in, what went out, what it should earn, what wants a look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.bar_chart import Bar, bar_chart
from jobs.pages.figures import (
    ArmRow,
    BudgetCurve,
    CalibrationBin,
    DriftRow,
    FileRow,
    Interval,
    Level,
    QiniCurve,
    ReasonRow,
)
from jobs.pages.formats import count, euro_ticks, percent, signed_euro
from jobs.pages.interval_chart import Estimate, interval_chart
from jobs.pages.night_rows import LimitRow, ModelRow, PartnerRow, ReviewRow, StepRow
from jobs.pages.pictures import budget_picture, calibration_picture, qini_picture
from jobs.pages.rendering import render
from jobs.pages.sparkline import sparkline

DRIFT_ROWS = 15
"""Variables in the drift table; all that are watched or in alarm stand there even if they are more."""

QUEUE_ROWS = 10
"""Rows of a queue that a page shows."""

_ALARM_PSI = 0.25  # where the line of a sparkline lies


@dataclass(frozen=True)
class Headline:
    """The numbers of the night.

    Parameters
    ----------
    rows_read, rows_quarantined : int
        Rows of all inputs, and those of them that were set aside.
    scored, offered : int
        Customers scored, and customers who got an offer.
    cost_eur : float
        Cost of contact, in euro.
    budget_eur : float or None
        What could have been spent; None where there was no budget.
    net_eur : Interval
        Expected net margin after that cost, in euro.
    true_net_eur : float or None
        What it will truly be, known only in the synthetic world.
    confidence : float
        Level of the interval, in (0, 1).
    interval_says : str
        What the interval covers and what it does not, in whole sentences.
    """

    rows_read: int
    rows_quarantined: int
    scored: int
    offered: int
    cost_eur: float
    budget_eur: float | None
    net_eur: Interval
    true_net_eur: float | None = None
    confidence: float = 0.95
    interval_says: str = ""


@dataclass(frozen=True)
class CampaignPart:
    """What one campaign did this night; parts without data are left out of the page.

    Parameters
    ----------
    campaign_id, owner : str
        Which, and whose.
    sentences : sequence of str
        What its trial and its list have to say, in whole sentences.
    qini : sequence of QiniCurve
        Measured on held-out rows of the trial.
    calibration : sequence of CalibrationBin
        Of the same rows.
    budget : BudgetCurve or None
        Expected net margin at every budget.
    arms : sequence of ArmRow
        Offers by arm.
    not_offered : sequence of ReasonRow
        Why the others got nothing, the commonest first.
    """

    campaign_id: str
    owner: str = ""
    sentences: Sequence[str] = ()
    qini: Sequence[QiniCurve] = ()
    calibration: Sequence[CalibrationBin] = ()
    budget: BudgetCurve | None = None
    arms: Sequence[ArmRow] = ()
    not_offered: Sequence[ReasonRow] = ()


@dataclass(frozen=True)
class NightPage:
    """All that the page of a night says. Every part but the first four may be empty.

    Parameters
    ----------
    run_date : datetime.date
        Business day.
    run_id : str
        Run in the ledger.
    source : str
        Where the data came from, in words.
    headline : Headline
        The numbers of the night.
    notes : sequence of str
        What a reader must know about these data, in whole sentences.
    steps, campaigns, limits, reviews, partners, drift, models, files : sequence
        See the classes.
    allocation : sequence of str
        What all lists together have to say, in whole sentences.
    reviews_in_all, partners_in_all : int or None
        Rows of the whole queue and of the whole ranking, where only their tops are given.
    partners_calibrated : bool
        Whether a partner's risk is a calibrated probability.
    pages : sequence of FileRow
        Pages that steps of the night made.
    next_commands : sequence of str
        What to try next.
    """

    run_date: date
    run_id: str
    source: str
    headline: Headline
    notes: Sequence[str] = ()
    steps: Sequence[StepRow] = ()
    campaigns: Sequence[CampaignPart] = ()
    allocation: Sequence[str] = ()
    limits: Sequence[LimitRow] = ()
    reviews: Sequence[ReviewRow] = ()
    partners: Sequence[PartnerRow] = ()
    drift: Sequence[DriftRow] = ()
    models: Sequence[ModelRow] = ()
    files: Sequence[FileRow] = ()
    next_commands: Sequence[str] = ()
    reviews_in_all: int | None = None
    partners_in_all: int | None = None
    partners_calibrated: bool = False
    pages: Sequence[FileRow] = ()


def night_html(page: NightPage) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    page : NightPage
        What to say; nothing is computed here but totals and order.

    Returns
    -------
    str
        HTML, under 1 MB.
    """
    drift = sorted(page.drift, key=lambda d: (_WORST_FIRST[d.level], -d.psi, d.kind, d.variable))
    shown = [d for i, d in enumerate(drift) if i < DRIFT_ROWS or d.level != "stable"]
    return render(
        "night.html.j2",
        page=page,
        attention=_attention(page),
        net_picture=_net_picture(page.headline),
        campaigns=[(c, _campaign_pictures(c)) for c in page.campaigns],
        reviews=page.reviews[:QUEUE_ROWS],
        more_reviews=_beyond(page.reviews, page.reviews_in_all),
        partners=page.partners[:QUEUE_ROWS],
        more_partners=_beyond(page.partners, page.partners_in_all),
        drift=[(d, sparkline(d.history, limit=_ALARM_PSI)) for d in shown],
        drift_history=any(len(d.history) > 1 for d in shown),
        drift_hidden=len(drift) - len(shown),
    )


_WORST_FIRST = {"alarm": 0, "watch": 1, "stable": 2}


def _attention(page: NightPage) -> list[tuple[str, str]]:
    """What a person should look at, as (level, sentence)."""
    found: list[tuple[str, str]] = [
        ("alarm", f"{_step_name(step)} failed: see the steps.") for step in page.steps if step.state == "failed"
    ]
    levels = Counter(d.level for d in page.drift)
    said: tuple[tuple[Level, str], ...] = (
        ("alarm", "drifted far from what the models know"),
        ("watch", "drifted a little"),
    )
    for level, say in said:
        if levels[level]:
            names = [d.variable for d in page.drift if d.level == level]
            listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            found.append((level, f"{_some(levels[level], 'variable')} {say}: {listed}."))
    if page.headline.rows_quarantined:
        share = page.headline.rows_quarantined / max(page.headline.rows_read, 1)
        rows = _some(page.headline.rows_quarantined, "row")
        found.append(("watch", f"{rows} ({percent(share)} of those read) set aside: see table quarantine."))
    return found


def _beyond(rows: Sequence[object], in_all: int | None) -> int:
    """How many rows a shortened table leaves out."""
    return max((len(rows) if in_all is None else in_all) - min(len(rows), QUEUE_ROWS), 0)


def _some(n: int, thing: str) -> str:
    return f"{count(n)} {thing}" + ("" if n == 1 else "s")


def _step_name(step: StepRow) -> str:
    return f"{step.verb} ({step.kind})" if step.kind else step.verb


def _net_picture(headline: Headline) -> Markup | None:
    net = headline.net_eur
    if net.low is None and headline.true_net_eur in {None, net.value}:
        return None
    return interval_chart(
        "Expected net margin",
        [Estimate("", net.value, net.low, net.high, chosen=True, truth=headline.true_net_eur)],
        Axis("", euro_ticks, holds=(0,)),
        written=lambda _: "",
        description=f"{signed_euro(net.value)}, from {signed_euro(net.low)} to {signed_euro(net.high)}.",
    )


def _campaign_pictures(part: CampaignPart) -> dict[str, Markup | None]:
    return {
        "qini": qini_picture(part.qini),
        "budget": budget_picture(part.budget),
        "calibration": calibration_picture(part.calibration),
        "reasons": bar_chart(
            "Why the others got nothing", [Bar(r.reason, r.customers) for r in part.not_offered],
            description="; ".join(f"{r.reason}: {count(r.customers)}" for r in part.not_offered),
        ),
    }  # fmt: skip
