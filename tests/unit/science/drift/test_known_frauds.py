"""The newest report of a payment wins, whatever the order; days whose reports have not come are not matured."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.drift.known_frauds import known_frauds

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
END = datetime(2026, 11, 20, tzinfo=UTC)


def told(*reports: tuple[str, bool, datetime]) -> pa.Table:
    names = ("transaction_id", "is_fraud", "reported_at")
    types = (pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC"))
    return pa.table(
        {n: pa.array([r[i] for r in reports], t) for i, (n, t) in enumerate(zip(names, types, strict=True))}
    )


def frauds(*reports: tuple[str, bool, datetime]) -> list[str]:
    found: list[str] = known_frauds([told(*reports)], END).transaction_ids.to_pylist()
    return found


def test_a_report_that_is_taken_back_is_no_fraud_and_one_that_comes_twice_is_one() -> None:
    later = NOON + timedelta(days=1)
    assert frauds(("a", True, NOON), ("a", False, later), ("b", True, NOON), ("b", True, NOON)) == ["b"]
    assert frauds(("a", False, NOON), ("a", True, later)) == ["a"]


def test_reports_from_after_the_day_are_not_known_on_it() -> None:
    assert frauds(("a", True, END), ("b", True, END - timedelta(microseconds=1))) == ["b"]


def test_of_two_reports_at_once_fraud_stands() -> None:
    assert frauds(("a", True, NOON), ("a", False, NOON)) == ["a"]


reports = st.lists(
    st.tuples(st.sampled_from("abcd"), st.booleans(), st.integers(0, 3).map(lambda d: NOON + timedelta(days=d))),
    max_size=12,
)


@settings(deadline=None, max_examples=8)
@given(reports, st.randoms(use_true_random=False))
def test_order_and_files_make_no_difference(given_: list[tuple[str, bool, datetime]], chance: object) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    whole = known_frauds([told(*given_)], END)
    parts = known_frauds([told(*shuffled[:3]), told(*shuffled[3:])], END)
    assert whole.transaction_ids.equals(parts.transaction_ids)
    assert whole.newest_report == parts.newest_report


def test_labels_mature_a_delay_after_the_day_while_reports_come() -> None:
    found = known_frauds([told(("a", True, NOON))], END)
    assert found.matured_through(date(2026, 11, 10), 7) == date(2026, 11, 3)


def test_where_reports_have_stopped_no_later_day_matures() -> None:
    found = known_frauds([told(("a", True, NOON))], END)
    assert found.matured_through(date(2026, 11, 19), 7) == date(2026, 11, 3)


def test_without_a_report_nothing_has_matured() -> None:
    found = known_frauds([], END)
    assert (found.transaction_ids.to_pylist(), found.newest_report, found.matured_through(END.date(), 7)) == (
        [],
        None,
        None,
    )
