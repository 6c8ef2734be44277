"""What the drift table says of the days before: levels, alarms that stand, counts of the same weekday."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from jobs.science.drift.counts import VariableCounts
from jobs.science.drift.profile import Profile
from jobs.science.drift.psi import Level
from jobs.storage.tables import Tables, read_whole
from jobs.tables.outputs import DRIFT

WEEKS = 4
"""Weeks before whose same weekday is the reference of a day, where that is asked for."""

FEWEST_WEEKS = 2
"""Of one day alone nobody knows whether it was a usual one: until there are two, training is the reference."""

HISTORY_DAYS = 7 * WEEKS


@dataclass(frozen=True)
class Past:
    """Earlier days of one model version, of another version nothing: its bins are others.

    Parameters
    ----------
    days : mapping of str to sequence of dict
        Rows of the drift table by variable, oldest first.
    """

    days: Mapping[str, Sequence[Mapping[str, Any]]]

    def levels(self, variable: str) -> list[Level]:
        """Levels of the days before, oldest first."""
        return [row["level"] for row in self.days.get(variable, ())]

    def indices(self, variable: str) -> list[float]:
        """Stability indices of the days before, oldest first."""
        return [row["psi"] for row in self.days.get(variable, ())]

    def alarm_since(self, variable: str) -> date | None:
        """Day on which the alarm was raised that stood after the day before, or None."""
        rows = self.days.get(variable, ())
        return rows[-1]["alarm_since"] if rows else None

    def weekday_references(self, day: date, profile: Profile) -> dict[str, VariableCounts]:
        """Add up what was counted on the same weekday, of each variable of which it was on at least two days."""
        added = {}
        for name, rows in self.days.items():
            same = [r["counts"] for r in rows if r["counts"] and (day - r["run_date"]).days % 7 == 0]
            if len(same) >= FEWEST_WEEKS and name in profile.variables:
                zero = VariableCounts((0,) * profile.variables[name].bins.size, 0)
                added[name] = sum(map(VariableCounts.from_line, same), zero)
        return added


def read_past(tables: Tables, kind: str, version: str, day: date) -> Past:
    """Read the days before a day, as far back as anything rests on them."""
    where = {"run_date": (day - timedelta(days=HISTORY_DAYS), day - timedelta(days=1)), "kind": kind}
    columns = ["run_date", "variable", "psi", "level", "counts", "alarm_since", "model_version"]
    found = read_whole(tables, DRIFT, where, columns).sort_by([("run_date", "ascending"), ("variable", "ascending")])
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found.to_pylist():
        if row["model_version"] == version:
            days[row["variable"]].append(row)
    return Past(days)
