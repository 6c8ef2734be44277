"""Which runs there were: their state, rows, seconds, what they cost, and how they ended."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jobs.runtime.command import flag, guarded, parse
from jobs.runtime.effort import Effort, efforts, spent
from jobs.runtime.home import Home, open_home
from jobs.runtime.prices import Prices, prices
from jobs.runtime.refusal import UNPLANNED

_WIDTHS = (("state", 10), ("try", 5), ("rows in", 12), ("set aside", 11), ("rows out", 12), ("seconds", 9), ("USD", 9))
"""Columns behind the run's name; with the longest verb they fill a terminal of 120. The rest is in --json."""


@dataclass(frozen=True)
class Runs:
    """List runs: state, rows, seconds, what they cost, how they ended."""

    run_date: date | None = flag(
        "day the runs speak of; all days without it", unit="YYYY-MM-DD", default=None, example="2026-11-22"
    )
    json: bool = flag("print JSON, with each run's report", default=False, example="--json")


@dataclass(frozen=True)
class RunRow:
    """One run.

    Parameters
    ----------
    run_id, verb, kind, run_date : str
        Which run.
    state : str
        "running", "finished", "failed", or "dead": its lease ran out.
    attempt : int
        Newest attempt.
    holder, started_at : str
        Who took that attempt, and when (ISO).
    seconds : float or None
        From its claim to its end, or until now; None of a dead one.
    rows_in, rows_quarantined, rows_out : int or None
        As the report says; None without a report.
    spent : dict
        Seconds, GB seconds and vCPU seconds of all attempts, by service; empty where nothing was billed.
    usd : float or None
        Estimate of what that costs; None where it is not known.
    error : str
        How the newest attempt, or its last shard that failed, ended; "" without a failure.
    report : dict or None
        The report of a finished run.
    unplanned : bool
        Whether it was refused before it had a plan: then there is nothing to work again.
    """

    run_id: str
    verb: str
    kind: str
    run_date: str
    state: str
    attempt: int
    holder: str
    started_at: str
    seconds: float | None
    rows_in: int | None
    rows_quarantined: int | None
    rows_out: int | None
    spent: dict[str, Any]
    usd: float | None
    error: str
    report: dict[str, Any] | None
    unplanned: bool = False


def runs(request: Runs, home: Home, at: Prices | None = None) -> tuple[RunRow, ...]:
    """Return the runs of a day, or all, in order of day and start.

    Parameters
    ----------
    request : Runs
        Which day.
    home : Home
        Where the ledger is.
    at : Prices, optional
        Prices of the estimate; those on record by default.
    """
    costs = efforts(home.objects, request.run_date)
    return tuple(
        _row(entry, costs.get(entry["run_id"], []), home.clock(), at or Prices())
        for entry in home.ledger.runs(request.run_date)
    )


def _row(entry: Mapping[str, Any], of: list[Effort], now: datetime, at: Prices) -> RunRow:
    report = entry.get("report")
    total = spent(of)
    return RunRow(
        run_id=entry["run_id"],
        verb=entry["job"],
        kind=entry["kind"],
        run_date=entry["run_date"],
        state=entry["state"],
        attempt=entry["attempt"],
        holder=entry["holder"],
        started_at=entry["started_at"],
        seconds=_seconds(entry, now),
        rows_in=report["rows_in"] if report else None,
        rows_quarantined=report["rows_quarantined"] if report else None,
        rows_out=sum(report["rows_out"].values()) if report else None,
        spent=total,
        usd=at.usd(total),
        error="" if report else _error(entry, of),
        report=dict(report) if report else None,
        unplanned=bool(entry.get("error", {}).get(UNPLANNED)),
    )


def _seconds(entry: Mapping[str, Any], now: datetime) -> float | None:
    if entry["state"] == "finished":
        return float(entry["report"]["seconds"])
    if entry["state"] == "dead":
        return None
    end = datetime.fromisoformat(entry["ended_at"]) if "ended_at" in entry else now
    return round((end - datetime.fromisoformat(entry["started_at"])).total_seconds(), 3)


def _error(entry: Mapping[str, Any], of: list[Effort]) -> str:
    if "error" in entry:
        return f"{entry['error']['type']}: {entry['error']['message']}"
    # A shard that fails in a process of its own does not end the run: its attempt may be tried again.
    failed = [e for e in of if e.error and e.attempt == entry["attempt"]]
    if not failed or failed[-1].error is None:
        return ""
    return f"{failed[-1].name}: {failed[-1].error['type']}: {failed[-1].error['message']}"


def lines(rows: Sequence[RunRow]) -> str:
    """Return runs as a table for people; what ended a run badly stands under it, with what to do."""
    if not rows:
        return "no run yet: netlift run nightly --run-date YYYY-MM-DD starts some"
    width = max(len(row.run_id) for row in rows) + 1
    table = [f"{'run':<{width}}" + "".join(f"{name:>{w}}" for name, w in _WIDTHS)]
    for row in rows:
        values = (row.state, row.attempt, row.rows_in, row.rows_quarantined, row.rows_out, row.seconds, row.usd)
        cells = [f"{_cell(v, 4 if name == 'USD' else 1):>{w}}" for v, (name, w) in zip(values, _WIDTHS, strict=True)]
        table.append(f"{row.run_id:<{width}}" + "".join(cells))
        if row.error:
            table.append(f"    {row.error}")
        if row.unplanned:
            table.append("    never planned: mend what it names, then start the chain again")
        elif row.state in {"failed", "dead"}:
            table.append(f"    netlift rerun {row.run_id}   works the shards that are left")
    return "\n".join(table)


def _cell(value: object, digits: int = 1) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift runs``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure.
    """
    request = parse(Runs, "netlift runs", sys.argv[1:] if argv is None else argv)

    def act() -> None:
        rows = runs(request, open_home(), prices())
        said = json.dumps([vars(row) for row in rows], indent=2, default=str) if request.json else lines(rows)
        sys.stdout.write(said + "\n")

    return guarded(act)


if __name__ == "__main__":
    sys.exit(main())
