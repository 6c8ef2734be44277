"""The page of performance says what is expected, what came true, and whether the one may be trusted."""

from dataclasses import replace
from datetime import date, timedelta

from jobs.pages.figures import CalibrationBin
from jobs.pages.performance import Figure, PerformanceDay, PerformancePage, performance_html
from tests.unit.pages.markup import checked

DAY = date(2026, 11, 21)


def day(back: int) -> PerformanceDay:
    known = back > 3
    return PerformanceDay(
        DAY - timedelta(days=back),
        1_000,
        known,
        Figure(0.9, 0.88 if known else None, 0.85, 0.95),
        Figure(0.3, 0.25 if known else None),
        Figure(0.4, 0.5 if known else None),
        Figure(12.4, 11.0 if known else None),
        Figure(1_200.0, 1_100.0 if known else None),
    )


PAGE = PerformancePage(
    DAY, "run-7", "file:///home", "fraud", "2026-11-20-<abc>", "kept", "The estimate holds.", DAY - timedelta(days=4),
    [day(back) for back in reversed(range(8))], [CalibrationBin(0.1, 0.12, 0.08, 0.16)],
)  # fmt: skip


def test_expected_and_true_figures_stand_beside_each_other() -> None:
    page = performance_html(PAGE)
    checked(page)
    assert "The model does what it promises" in page
    assert "came true" in page
    assert "0.880" in page
    assert "17 November 2026" in page
    assert "&lt;abc&gt;" in page
    assert len(page.encode()) < 1_000_000


def test_an_estimate_that_labels_contradict_is_not_to_be_trusted() -> None:
    page = performance_html(replace(PAGE, trust="broken", reason="So it is."))
    checked(page)
    assert "The estimate is not trustworthy" in page
    assert "not to be trusted" in page


def test_a_first_day_without_labels_and_a_version_without_payments_have_a_page() -> None:
    first = performance_html(replace(PAGE, trust="unknown", days=[day(0)], calibration=(), matured_through=None))
    checked(first)
    assert "Too few labels to tell" in first
    empty = performance_html(replace(PAGE, trust="unknown", days=[], calibration=()))
    checked(empty)
    assert "has scored no payment" in empty


def test_figures_that_are_not_defined_are_left_out() -> None:
    none = Figure(None)
    bare = replace(day(0), roc_auc=none, precision=none, recall=none)
    page = performance_html(replace(PAGE, days=[replace(bare, day=DAY - timedelta(days=1)), bare]))
    words = checked(page)
    assert "0.900" in checked(performance_html(PAGE))
    assert not {"0.900", "0.880", "None", "nan"} & set(words.split())
