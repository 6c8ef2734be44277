"""The page of drift shows the worst first, escapes what it was told, and stays small."""

from dataclasses import replace
from datetime import date

from jobs.pages.drift import DriftPage, DriftPanel, drift_html
from jobs.pages.histogram_chart import HistogramBin
from tests.unit.pages.markup import checked

BINS = tuple(HistogramBin(f"{i} to {i + 1}", 0.1, 0.05 + 0.01 * i, f"{i}–") for i in range(10))
CALM = DriftPanel(
    kind="fraud", variable="amount", level="stable", psi=0.01, psi_noise=0.02, missing_share=0.0,
    missing_share_reference=0.0, rows=5_000, reference="training", alarm_since=None, jensen_shannon=0.02,
    kolmogorov_smirnov=0.01, wasserstein=0.5, cramers_v=None, unseen_share=None, bins=BINS,
    most_changed="Most changed: 9 to 10, from 10.0% to 14.0%.", history=(0.0, 0.02, 0.01),
)  # fmt: skip
RAISED = replace(CALM, variable="<b>channel", level="alarm", psi=0.6, alarm_since=date(2026, 11, 20), unseen_share=0.2)
PAGE = DriftPage(date(2026, 11, 21), "run-7", "file:///home", "Raised by 2 of 3 days.", (CALM, RAISED))


def test_an_alarm_that_stands_is_said_first_and_its_variable_stands_first() -> None:
    page = drift_html(PAGE)
    checked(page)
    assert "1 alarm on 21 November 2026" in page
    assert "alarm since 20 November 2026" in page
    assert page.index("&lt;b&gt;channel") < page.index("<figcaption>amount")
    assert "<b>channel" not in page


def test_a_calm_day_and_one_without_models_say_so() -> None:
    assert "No alarm on 21 November 2026" in drift_html(replace(PAGE, panels=(CALM,)))
    empty = drift_html(replace(PAGE, panels=()))
    checked(empty)
    assert "there is nothing to measure" in empty


def test_far_from_usual_for_the_first_time_is_no_alarm_yet() -> None:
    page = drift_html(replace(PAGE, panels=(CALM, replace(RAISED, alarm_since=None))))
    assert "1 variable far from usual" in page


def test_the_page_of_a_thousand_variables_in_alarm_is_under_a_megabyte() -> None:
    bins = tuple(HistogramBin(f"category number {i}", 0.05, 0.04, f"category {i}") for i in range(22))
    many = [replace(RAISED, variable=f"a_rather_long_name_of_a_variable_{i}", bins=bins) for i in range(1_000)]
    page = drift_html(replace(PAGE, panels=many))
    assert len(page.encode()) < 1_000_000
    assert "500 more" in page
