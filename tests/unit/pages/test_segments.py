"""The page of segments says what it was told, escapes it, and says when there is no structure."""

import math
from dataclasses import replace
from datetime import date

from jobs.pages.segments import CandidateRow, MoveRow, MoveTable, SegmentRow, SegmentsPage, segments_html
from tests.unit.pages.markup import checked

CENTRE = dict.fromkeys(
    ("evening_share", "favourite_share", "frequency", "money", "recency", "recent_share", "weekend_share"), 0.5
)
SEGMENTS = (
    SegmentRow(1, "typical spenders", 6_000, 0.6, 0.58, 7.4, 53.3, 12.4, 0.2, 0.28, 0.21, CENTRE, (0.5, 0.58, 0.6)),
    SegmentRow(3, "evening <b>spenders</b>", 3_900, 0.39, None, 9.8, 53.8, 11.5, 0.92, 0.28, 0.2, CENTRE,
               (math.nan, math.nan, 0.39)),
    SegmentRow(0, "without payments", 100, 0.01, 0.01, None, None, None, None, None, None, {}, (0.01, 0.01, 0.01)),
)  # fmt: skip
FULL = SegmentsPage(
    run_date=date(2026, 11, 11),
    run_id="run-7",
    source="file:///home",
    window_days=90,
    structure=True,
    reason="2 segments: groupings of other samples agree.",
    halves_agreement=0.987,
    customers=10_000,
    unknown_payers=17,
    segments=SEGMENTS,
    candidates=(CandidateRow(2, 0.991, 0.984, 0.31, True), CandidateRow(3, None, None, 0.02, False)),
    model_version="2026-11-10-abc",
    fitted_last=date(2026, 11, 9),
    fitted_customers=9_900,
    dates=("2026-11-09", "2026-11-10", "2026-11-11"),
    drift="watch",
    psi=0.123,
    moves=MoveTable(
        date(2026, 11, 10),
        ("typical spenders", "gone"),
        (MoveRow("typical spenders", 5_800, (0.95, 0.05), 0), MoveRow("not a customer then", 50, (1.0, 0.0), None)),
        0.973,
    ),
)


def test_a_full_page_is_whole_and_says_its_numbers() -> None:
    words = checked(segments_html(FULL))
    for said in (
        "Customer segments of 11 November 2026", "run-7", "2 segments: groupings of other samples agree.", "10,000",
        "0.987", "watch", "0.123", "97.3%", "17 accounts paid and are no customer’s", "typical spenders", "was 58.0%",
        "evening <b>spenders</b>", "92.0%", "€53.30", "7.4", "without payments", "Who moved since 10 November 2026",
        "95.0%", "not a customer then", "gone", "2026-11-10-abc", "9 November 2026", "2 (taken)", "0.991", "31.0%",
    ):  # fmt: skip
        assert said in words, said


def test_every_picture_is_there_once() -> None:
    html = segments_html(FULL)
    for title in ("Customers by segment", "What sets the segments apart", "Share of each segment over the last runs"):
        assert html.count(f"<title>{title}</title>") == 1, title


def test_runs_are_counted_in_whole_numbers_however_few_there_are() -> None:
    words = checked(segments_html(FULL))
    assert "−2" in words
    assert "−1.5" not in words
    assert "−0.5" not in words


def test_the_features_stand_in_the_order_of_a_sentence_whatever_the_order_of_the_card() -> None:
    html = segments_html(FULL)
    places = [html.index(f">{words}</text>") for words in ("Days since last", "Euro a payment", "Evenings", "Of late")]
    assert places == sorted(places)


def test_where_there_is_no_structure_the_page_says_so_first_and_draws_no_differences() -> None:
    one = replace(
        FULL, structure=False, reason="No structure: they lie no closer.", segments=(replace(SEGMENTS[0], name="all"),)
    )
    words = checked(segments_html(one))
    assert words.index("No segments among the customers of 11 November 2026") < words.index("No structure:")
    assert "What sets the segments apart" not in words
    assert "Two halves agree" not in words


def test_the_first_night_has_nothing_to_compare_with() -> None:
    first = replace(FULL, moves=None, drift=None, psi=None, dates=("2026-11-11",), unknown_payers=0, candidates=())
    words = checked(segments_html(first))
    for part in ("Who moved", "Sizes since", "over the last runs", "no customer’s", "Closer:"):
        assert part not in words, part
