"""The page of a day's drift: every variable's histogram before and now, worst first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jobs.pages.figures import Level
from jobs.pages.histogram_chart import HistogramBin, histogram_chart
from jobs.pages.rendering import render
from jobs.pages.sparkline import sparkline

PANELS = 60
"""Variables with a picture; all that are watched, in alarm or under an alarm that stands have one, up to `MOST`."""

MOST = 100
LINES = 500
"""Variables in the table under the pictures."""


@dataclass(frozen=True)
class DriftPanel:
    """One variable of one model.

    Parameters
    ----------
    kind, variable : str
        Whose, and which.
    level : {"stable", "watch", "alarm"}
        Verdict of the day.
    psi, psi_noise : float
        Stability index, and what chance could bring, in nat.
    missing_share, missing_share_reference : float
        In [0, 1].
    rows : int
        Rows of the batch.
    reference : str
        What it is held against: training, or weekday.
    alarm_since : datetime.date or None
        Day of the alarm that stands.
    jensen_shannon, kolmogorov_smirnov, wasserstein, cramers_v, unseen_share : float or None
        Other distances; None where one is not defined.
    bins : sequence of HistogramBin
        Histogram before and now.
    most_changed : str
        The bin whose share moved most, in a sentence.
    history : sequence of float
        Index of the last days, oldest first, this one last.
    alarm : float
        Index from which the variable is in alarm.
    """

    kind: str
    variable: str
    level: Level
    psi: float
    psi_noise: float
    missing_share: float
    missing_share_reference: float
    rows: int
    reference: str
    alarm_since: date | None
    jensen_shannon: float | None
    kolmogorov_smirnov: float | None
    wasserstein: float | None
    cramers_v: float | None
    unseen_share: float | None
    bins: Sequence[HistogramBin]
    most_changed: str
    history: Sequence[float] = ()
    alarm: float = 0.25


@dataclass(frozen=True)
class DriftPage:
    """All that the page says.

    Parameters
    ----------
    run_date : datetime.date
        Business day.
    run_id : str
        Run in the ledger.
    source : str
        Where the data are.
    rule : str
        When an alarm is raised and when it ends, in a sentence.
    panels : sequence of DriftPanel
        All variables, in any order.
    """

    run_date: date
    run_id: str
    source: str
    rule: str
    panels: Sequence[DriftPanel]


def drift_html(page: DriftPage) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    page : DriftPage
        What to say; nothing is computed here but the order.

    Returns
    -------
    str
        HTML, under 1 MB.
    """
    panels = sorted(page.panels, key=lambda p: (p.alarm_since is None, _WORST[p.level], -p.psi, p.kind, p.variable))
    shown = [p for i, p in enumerate(panels[:MOST]) if i < PANELS or p.level != "stable" or p.alarm_since is not None]
    return render(
        "drift.html.j2",
        page=page,
        levels=Counter(p.level for p in panels),
        raised=[p for p in panels if p.alarm_since is not None],
        kinds=sorted({p.kind for p in panels}),
        panels=[
            (
                p,
                histogram_chart(f"{p.variable} before and now", p.bins, description=p.most_changed),
                sparkline(p.history, limit=p.alarm),
            )
            for p in shown
        ],
        lines=panels[:LINES],
        hidden=max(len(panels) - LINES, 0),
    )


_WORST = {"alarm": 0, "watch": 1, "stable": 2}
