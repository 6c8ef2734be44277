"""A backfill runs night after night, stops at the first that fails, and leaves later days alone."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

import jobs.backfill
from jobs.backfill import backfill, line, main, span
from jobs.errors import BadFile, BadRequest
from jobs.nightly import Nightly
from jobs.runtime.report import Report
from jobs.runtime.run import run_job
from jobs.runtime.stores import Stores
from jobs.tables.outputs import UPLIFT_SCORES
from tests.trained import DAY as TRAINED_DAY
from tests.trained import states
from tests.unit.runtime.worlds import DAY, JOB, Toy, customers, put, small_home


def days(n: int) -> list[date]:
    return [DAY + timedelta(days=i) for i in range(n)]


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """A home whose night is one step, with customers as of each of four days."""

    def one_step(request: Nightly, stores: Stores) -> tuple[Report, ...]:
        return (run_job(JOB, Toy(request.run_date, "spring"), stores),)

    monkeypatch.setattr(jobs.backfill, "nightly", one_step)
    made = small_home(tmp_path)
    for number, day in enumerate(days(4)):
        put(made, f"inputs/customers/date={day}/a.parquet", customers(10 * number, number + 1))
    return made


def rows_by_day(stores: Stores) -> dict[date, int]:
    counts = {day: stores.tables.count(UPLIFT_SCORES, {"run_date": day}) for day in days(4)}
    return {day: rows for day, rows in counts.items() if rows}


def test_nights_run_in_order_both_ends_included(stores: Stores) -> None:
    seen: list[date] = []
    done = backfill(days(3)[0], days(3)[-1], stores, lambda day, *_: seen.append(day))
    assert seen == list(done) == days(3)
    # Customers without a date are read on every day beside that day's own.
    assert rows_by_day(stores) == {days(3)[0]: 6, days(3)[1]: 7, days(3)[2]: 8}
    assert [reports[0].run_date for reports in done.values()] == [str(day) for day in days(3)]


def test_the_first_failure_names_its_day_and_later_days_are_untouched(stores: Stores, tmp_path: Path) -> None:
    first, second, _, last = days(4)
    (tmp_path / f"inputs/customers/date={second}/a.parquet").write_bytes(b"no parquet")
    told: list[tuple[date, Sequence[Report]]] = []
    with pytest.raises(BadFile, match=rf"night of {second}: .*date={second}/a\.parquet.*from {second} on"):
        backfill(first, last, stores, lambda day, reports, _: told.append((day, reports)))
    assert [day for day, _ in told] == [first]
    assert set(rows_by_day(stores)) == {first}
    assert {run["run_date"] for run in stores.ledger.runs()} == {str(first), str(second)}


def test_after_the_failure_is_mended_it_goes_on_where_it_stopped(stores: Stores, tmp_path: Path) -> None:
    first, second, _, last = days(4)
    file = tmp_path / f"inputs/customers/date={second}/a.parquet"
    good = file.read_bytes()
    file.write_bytes(b"no parquet")
    with pytest.raises(BadFile):
        backfill(first, last, stores)
    file.write_bytes(good)
    done = backfill(first, last, stores)
    assert [reports[0].state for reports in done.values()] == ["already done", "finished", "finished", "finished"]


@pytest.mark.parametrize("text", ["", "2026-11-01", "2026-11-01..", "2026-11-01-2026-11-02", "x..y", "..2026-11-01"])
def test_a_span_that_is_none_is_named(text: str) -> None:
    with pytest.raises(BadRequest, match="give two dates, as in"):
        span(text)


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 11, 2), date(2026, 11, 1)), (date(2025, 11, 1), date(2026, 11, 2))]
)
def test_a_span_backwards_or_beyond_a_year_runs_nothing(stores: Stores, first: date, last: date) -> None:
    with pytest.raises(BadRequest, match=r"a span of -?\d+ days"):
        backfill(first, last, stores)
    assert stores.ledger.runs() == []


def test_the_command_prints_a_line_a_night_and_ends_with_the_failures_code(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NETLIFT_HOME", str(tmp_path))
    monkeypatch.setattr(jobs.backfill, "to_stderr", lambda: None)
    (tmp_path / f"inputs/customers/date={days(2)[1]}/a.parquet").write_bytes(b"no parquet")
    assert main(["--backfill", f"{days(2)[0]}..{days(2)[1]}"]) == BadFile.exit_code
    out, err = capsys.readouterr()
    night, page = out.splitlines()
    assert night == "2026-03-01: 1 finished; 6 rows in, 0 set aside, 6 out"
    assert (tmp_path / page.removeprefix(f"  page: file://{tmp_path}/")).is_file()
    assert err.startswith("netlift: night of 2026-03-02: ")
    assert main(["--backfill", "yesterday"]) == 2


def test_a_night_without_input_says_so() -> None:
    assert line(DAY, [Report.without_input("score-fraud", "fraud", str(DAY), "none")]) == "2026-03-01: 1 no input"


def test_real_nights_are_run_and_run_again_they_are_done(trained: Stores) -> None:
    """The declared chain, on the trained home: two days, the first without customers' payments of the second."""
    eve = TRAINED_DAY - timedelta(days=1)
    pages: list[str] = []
    done = backfill(eve, TRAINED_DAY, trained, lambda _day, _reports, page: pages.append(page))
    keys = [o.key for o in trained.objects.list("published/night/")]
    assert [f"{trained.objects.uri}/{key}" for key in keys] == pages, "a page for each day"
    assert [f"/{day}/" in page for day, page in zip((eve, TRAINED_DAY), pages, strict=True)] == [True, True]
    assert {r.verb for r in done[TRAINED_DAY] if r.state == "finished"} >= {"score-uplift", "allocate-offers"}
    before = states(trained)
    again = backfill(eve, TRAINED_DAY, trained)
    assert {r.state for reports in again.values() for r in reports} <= {"already done", "no input"}
    assert states(trained) == before
    assert [o.key for o in trained.objects.list("published/night/")] == keys, "and the same pages"
