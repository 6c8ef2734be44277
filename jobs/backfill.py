"""Nights of days gone by, one after another: ``netlift run nightly --backfill 2026-11-01..2026-11-07``."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from jobs.errors import BadRequest, NetliftError
from jobs.nightly import Nightly, nightly
from jobs.nightly.publication import write_page
from jobs.runtime.command import flag, guarded, parse
from jobs.runtime.logs import to_stderr
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores, open_stores

LONGEST_DAYS = 366
"""Most days of one call: more is a mistyped year."""

Told = Callable[[date, Sequence[Report], str], object]


@dataclass(frozen=True)
class Backfill:
    """Run the nights of a span of days, the oldest first; the first failure ends it."""

    backfill: str = flag("first and last day, both included", unit="FIRST..LAST", example="2026-11-01..2026-11-07")


def backfill(
    first: date, last: date, stores: Stores, told: Told = lambda _day, _reports, _page: None
) -> dict[date, tuple[Report, ...]]:
    """Run the night of each day of a span, in order, and write its page.

    A night that was run before is "already done", so a backfill that stopped goes on where it stopped.

    Parameters
    ----------
    first, last : datetime.date
        Both included.
    stores : Stores
        Where rows come from and go to.
    told : callable
        Called with each day, its reports and the address of its page as its night ends.

    Returns
    -------
    dict of datetime.date to tuple of Report
        Each night's reports, in order.

    Raises
    ------
    BadRequest
        If `last` is before `first`, or more than a year after it.
    NetliftError
        What a step names, of the same class, with the day; later days are untouched, earlier ones stay.
    """
    days = (last - first).days + 1
    if not 1 <= days <= LONGEST_DAYS:
        raise BadRequest(
            f"{first}..{last} is a span of {days} days: give the first day, two dots, and a last day that is not "
            f"before it, at most {LONGEST_DAYS} days in all."
        )
    done: dict[date, tuple[Report, ...]] = {}
    for day in (first + timedelta(days=n) for n in range(days)):
        try:
            done[day] = nightly(Nightly(day), stores)
            page = write_page(day, done[day], stores)
        except NetliftError as error:
            raise type(error)(f"night of {day}: {error} Days from {day} on are still to be done.") from error
        told(day, done[day], page)
    return done


def span(text: str) -> tuple[date, date]:
    """Read ``FIRST..LAST``.

    Raises
    ------
    BadRequest
        If these are not two dates.

    Examples
    --------
    >>> span("2026-11-01..2026-11-07")
    (datetime.date(2026, 11, 1), datetime.date(2026, 11, 7))
    """
    first, _, last = text.partition("..")
    try:
        return date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise BadRequest(f"--backfill is {text!r}: give two dates, as in 2026-11-01..2026-11-07.") from error


def line(day: date, reports: Sequence[Report], page: str = "") -> str:
    """Return a night as one line for people, with its page under it where it has one.

    Examples
    --------
    >>> line(date(2026, 11, 1), [])
    '2026-11-01: no step'
    """
    states = [r.state for r in reports]
    said = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "no step"
    if not any(r.run_id for r in reports):
        return f"{day}: {said}"
    rows, aside, out = (
        sum(r.rows_in for r in reports),
        sum(r.rows_quarantined for r in reports),
        sum(sum(r.rows_out.values()) for r in reports),
    )
    counts = f"{day}: {said}; {rows:,} rows in, {aside:,} set aside, {out:,} out"
    return f"{counts}\n  page: {page}" if page else counts


def _say(day: date, reports: Sequence[Report], page: str) -> None:
    # Flushed: whoever watches a week of nights sees each as it ends.
    sys.stdout.write(line(day, reports, page) + "\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift run nightly --backfill FIRST..LAST``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``run nightly``; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    request = parse(Backfill, "netlift run nightly", sys.argv[1:] if argv is None else argv)
    to_stderr()

    def act() -> None:
        first, last = span(request.backfill)
        backfill(first, last, open_stores(), _say)

    return guarded(act)


if __name__ == "__main__":
    sys.exit(main())
