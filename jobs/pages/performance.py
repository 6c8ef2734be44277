"""The page of a model's performance: estimated before the labels, true after, and whether the estimate held."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import nan
from typing import Literal

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.calibration_chart import calibration_chart
from jobs.pages.figures import CalibrationBin
from jobs.pages.formats import (
    TickFormat,
    count,
    count_ticks,
    decimal,
    euro,
    euro_ticks,
    percent,
    percent_ticks,
    whole_ticks,
)
from jobs.pages.line_chart import Line, line_chart
from jobs.pages.rendering import render


@dataclass(frozen=True)
class Figure:
    """One figure of one day.

    Parameters
    ----------
    estimated : float or None
        Expected by the scores alone.
    measured : float or None
        True value; None until the labels are in.
    low, high : float or None
        95% limits of what is to come, where they are known.
    """

    estimated: float | None
    measured: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class PerformanceDay:
    """The payments of one day.

    Parameters
    ----------
    day : datetime.date
        When they were scored.
    payments : int
        How many.
    has_matured : bool
        Whether their labels are in.
    roc_auc, precision, recall, frauds, cost_eur : Figure
        In [0, 1], count, euro.
    """

    day: date
    payments: int
    has_matured: bool
    roc_auc: Figure
    precision: Figure
    recall: Figure
    frauds: Figure
    cost_eur: Figure


@dataclass(frozen=True)
class PerformancePage:
    """All that the page says.

    Parameters
    ----------
    run_date : datetime.date
        Business day.
    run_id, source : str
        Run in the ledger, and where the data are.
    kind, model_version : str
        Which model.
    trust : {"kept", "broken", "unknown"}
        Whether matured days bear the estimates out.
    reason : str
        Why, in a sentence.
    matured_through : datetime.date or None
        Last day whose labels are in.
    days : sequence of PerformanceDay
        Oldest first.
    calibration : sequence of CalibrationBin
        Probability against share of fraud on the matured days that were looked at.
    """

    run_date: date
    run_id: str
    source: str
    kind: str
    model_version: str
    trust: Literal["kept", "broken", "unknown"]
    reason: str
    matured_through: date | None
    days: Sequence[PerformanceDay]
    calibration: Sequence[CalibrationBin]


def performance_html(page: PerformancePage) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    page : PerformancePage
        What to say; nothing is computed here.

    Returns
    -------
    str
        HTML, under 1 MB.
    """
    return render(
        "performance.html.j2",
        page=page,
        decimals=decimal,
        percents=percent,
        counts=count,
        euros=euro,
        newest=page.days[-1] if page.days else None,
        matured=next((d for d in reversed(page.days) if d.has_matured), None),
        auc=_course(page, "AUC", lambda d: d.roc_auc, count_ticks, decimal),
        precision=_course(page, "Frauds among flagged payments", lambda d: d.precision, percent_ticks, percent),
        frauds=_course(page, "Frauds a day", lambda d: d.frauds, count_ticks, count),
        cost=_course(page, "Cost a day", lambda d: d.cost_eur, euro_ticks, euro),
        calibration=calibration_chart(
            "Promised against known share of fraud",
            page.calibration,
            unit="share of fraud",
            ticks_as=percent_ticks,
            description=f"{count(len(page.calibration))} groups of payments; on the diagonal both agree.",
        ),
    )


def _course(
    page: PerformancePage,
    title: str,
    figure: Callable[[PerformanceDay], Figure],
    ticks_as: TickFormat,
    written: Callable[[float | None], str],
) -> Markup | None:
    """Draw one figure day by day: what was expected, with its band where there is one, and what came true."""
    if len(page.days) < 2:
        return None
    at = [float((d.day - page.run_date).days) for d in page.days]
    found = [figure(d) for d in page.days]
    has_band = all(f.low is not None and f.high is not None for f in found)
    low, high = ([_or_nan(f.low) for f in found], [_or_nan(f.high) for f in found]) if has_band else ((), ())
    expected = Line("expected", at, [_or_nan(f.estimated) for f in found], low, high)
    measured = Line("came true", at, [_or_nan(f.measured) for f in found])
    return line_chart(
        title,
        [expected, measured],
        Axis("days before this one", whole_ticks),
        Axis("", ticks_as),
        description=f"Expected of the newest day: {written(found[-1].estimated)}.",
    )


def _or_nan(value: float | None) -> float:
    return nan if value is None else value
