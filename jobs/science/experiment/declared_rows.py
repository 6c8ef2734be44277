"""A declared experiment's rows: who was assigned, joined with what was measured of them, in bounded memory."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from jobs.errors import BadTrial
from jobs.science.experiment.capping import pooled_cap
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Floats, Moments
from jobs.science.experiment.statement import Layout, literal, quoted, read_moments
from jobs.science.fraud.engine import Limits
from jobs.tables.check import BadRow, Fault

# S608 is switched off where a statement is put together: every name in it is quoted, every text a literal.

_BETWEEN = "\x1f"
_CLUSTERED = "unit_id"
_WEIGHT = "weight of the draw"


@dataclass(frozen=True)
class Wanted:
    """What is joined, and how.

    Parameters
    ----------
    arms : tuple of str
        Declared arms, the control first.
    zero : tuple of str
        Columns that are 0 for a customer of whom nothing was measured.
    needed : tuple of str
        Columns without which a customer is left out: outcomes that have no zero, and covariates.
    proportions : tuple of str
        Columns that hold 0 and 1 only.
    window_days : int
        Days after the assignment until an outcome is final.
    until : datetime.datetime
        End of the day that is read, UTC: whose window closes later waits.
    clustered : bool
        Whether several customers may be one unit.
    weighted : bool
        Whether arms were drawn with other shares in some strata: then every customer counts with one over the chance
        of the own arm (Hájek), or strata would be mixed differently in the arms.
    """

    arms: tuple[str, ...]
    zero: tuple[str, ...]
    needed: tuple[str, ...]
    proportions: tuple[str, ...]
    window_days: int
    until: datetime
    clustered: bool = False
    weighted: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All measured columns, each once."""
        return tuple(dict.fromkeys((*self.zero, *self.needed)))


@contextmanager
def open_rows(wanted: Wanted, limits: Limits | None = None) -> Iterator["DeclaredRows"]:
    """Open an empty place for the rows of an experiment.

    Parameters
    ----------
    wanted : Wanted
        What is joined.
    limits : Limits, optional
        Memory, threads, and where to spill.

    Yields
    ------
    DeclaredRows
    """
    bounds = limits or Limits()
    config: dict[str, Any] = {"memory_limit": f"{bounds.memory_mb}MB", "threads": bounds.threads}
    if bounds.temp_directory:
        config["temp_directory"] = bounds.temp_directory
    connection = duckdb.connect(":memory:", config=config)
    try:
        # Sums in another order would have other last digits: a rerun must give the same ones.
        connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true; SET enable_progress_bar = false")
        yield DeclaredRows(connection, wanted)
    finally:
        connection.close()


class DeclaredRows:
    """Rows of an experiment: assigned first, then measured, then read.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Empty.
    wanted : Wanted
        What is joined.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> None:
        self._connection = connection
        self._wanted = wanted
        self.set_aside: Counter[str] = Counter()
        """Rows of measurements that were set aside, by reason."""
        self.left_out: Counter[str] = Counter()
        """Customers who were drawn, are ripe, and are not read all the same, by reason."""
        connection.execute(
            "CREATE TABLE logged (customer_id VARCHAR, unit_id VARCHAR, arm VARCHAR, stratum VARCHAR, "
            "propensity DOUBLE, assigned_at TIMESTAMPTZ);"
            "CREATE TABLE segments (customer_id VARCHAR, segment VARCHAR);"
            "CREATE TABLE at_fault (customer_id VARCHAR);"
        )
        columns = ", ".join(f"{quoted(name)} DOUBLE" for name in wanted.columns)
        connection.execute(f"CREATE TABLE measured (customer_id VARCHAR, exposed BOOLEAN, {columns})")

    def assign(self, rows: pa.Table) -> None:
        """Take in assignments: customer, unit, arm, stratum, propensity, moment."""
        self._insert("logged", rows)

    def segment(self, rows: pa.Table) -> None:
        """Take in customers with their segments as they were before the start."""
        self._insert("segments", rows)

    def assigned(self) -> int:
        """End the assignments; return how many customers there are.

        Raises
        ------
        BadTrial
            If nobody was assigned, a unit is in two arms, or an arm was never declared.
        """
        self._connection.execute(
            # Who was logged again on a later night counts from the first.
            "CREATE TABLE drawn AS SELECT customer_id, arg_min(unit_id, assigned_at) AS unit_id, "
            "arg_min(arm, assigned_at) AS arm, arg_min(stratum, assigned_at) AS stratum, "
            "arg_min(propensity, assigned_at) AS propensity, min(assigned_at) AS assigned_at "
            "FROM logged GROUP BY customer_id ORDER BY customer_id"
        )
        for of in ("customer_id", "unit_id"):
            sql = f"SELECT {of} AS unit, min(arm), max(arm) FROM logged GROUP BY unit HAVING min(arm) <> max(arm)"  # noqa: S608
            torn = self._connection.execute(f"{sql} ORDER BY unit LIMIT 1").fetchall()
            if torn:
                count = self._one(f"SELECT count(*) FROM ({sql})")  # noqa: S608
                raise BadTrial(
                    f"column {of!r} of the assignments holds {torn[0][0]!r} with arms {torn[0][1]!r} and {torn[0][2]!r}"
                    f", and {count} units are in two arms: nothing is read before the cause is known."
                )
        declared = ", ".join(map(literal, self._wanted.arms))
        strange = self._connection.execute(
            f"SELECT arm, count(*) FROM drawn WHERE arm NOT IN ({declared}) GROUP BY arm ORDER BY arm"  # noqa: S608
        ).fetchall()
        if strange:
            raise BadTrial(
                f"column 'arm' of the assignments holds {strange[0][0]!r} in {strange[0][1]} rows, which is none of "
                f"{list(self._wanted.arms)}: it was never declared."
            )
        return int(self._one("SELECT count(*) FROM drawn"))

    def refuse(self, rows: pa.Table) -> list[Fault]:
        """Return what is to be held against measurements, row by row, each with its first fault."""
        self._connection.register("came", rows.append_column("place", pa.array(np.arange(rows.num_rows))))
        closes = f"d.assigned_at + INTERVAL {self._wanted.window_days} DAY"
        asked = [
            ("d.customer_id IS NULL", "customer_id", "'was never assigned to an arm of the experiment'"),
            ("c.arm <> d.arm", "arm", "'is another arm than the one that was drawn, ' || d.arm"),
            ("c.measured_at < d.assigned_at", "measured_at", "'is before the assignment'"),
            (
                f"c.measured_at < {closes}",
                "measured_at",
                f"'is before the outcome window of {self._wanted.window_days} days closed'",
            ),
            *((f"c.{quoted(p)} NOT IN (0, 1)", p, "'a proportion is of 0 and 1'") for p in self._wanted.proportions),
        ]
        column = " ".join(f"WHEN {wrong} THEN {literal(name)}" for wrong, name, _ in asked)
        reason = " ".join(f"WHEN {wrong} THEN {why}" for wrong, _, why in asked)
        found = self._connection.execute(
            f"SELECT c.place, CASE {column} END AS name, CASE {reason} END AS why FROM came c "  # noqa: S608
            "LEFT JOIN drawn d USING (customer_id) WHERE name IS NOT NULL ORDER BY c.place"
        ).fetchall()
        self._connection.unregister("came")
        return [Fault(int(place), name, f"{name} {why}") for place, name, why in found]

    def told(self, bad: Sequence[BadRow]) -> None:
        """Remember who has a measurement that was set aside: to count it as zero would be a lie."""
        ids = []
        for row in bad:
            self.set_aside[row.reason.split(": ")[0]] += 1
            customer = json.loads(row.raw).get("customer_id")
            if isinstance(customer, str):
                ids.append(customer)
        self._insert("at_fault", pa.table({"customer_id": pa.array(ids, pa.string())}))

    def measure(self, rows: pa.Table) -> None:
        """Take in good measurements."""
        self._insert("measured", rows.select(["customer_id", "exposed", *self._wanted.columns]))

    def join(self) -> int:
        """End the measurements: join them; return how many customers are read.

        Who waits for the end of the outcome window is not among them, nor who is left out.
        """
        wanted = self._wanted
        values = ", ".join(
            f"coalesce(m.{quoted(name)}, 0) AS {quoted(name)}" if name not in wanted.needed else f"m.{quoted(name)}"
            for name in wanted.columns
        )
        whole = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in wanted.needed) or "TRUE"
        until = f"TIMESTAMPTZ {literal(wanted.until.isoformat())}"
        self._connection.execute(
            f"CREATE TABLE ripe AS SELECT d.*, coalesce(m.exposed, FALSE) AS exposed, {values}, "  # noqa: S608
            # A unit's day is that of its first customer: a cluster may not lie in two.
            "CAST(timezone('UTC', min(d.assigned_at) OVER (PARTITION BY d.unit_id) "
            f"+ INTERVAL {wanted.window_days} DAY) AS DATE) AS day, "
            "m.customer_id IS NOT NULL AS is_measured, "
            "m.customer_id IS NULL AND d.customer_id IN (SELECT customer_id FROM at_fault) AS is_at_fault "
            f"FROM drawn d LEFT JOIN measured m USING (customer_id) "
            f"WHERE d.assigned_at + INTERVAL {wanted.window_days} DAY < {until} ORDER BY d.customer_id"
        )
        out = {
            "their only measurement was set aside": "is_at_fault",
            "a value that is needed is missing": f"NOT is_at_fault AND NOT ({whole})",
        }
        for why, when in out.items():
            count = int(self._one(f"SELECT count(*) FROM ripe WHERE {when}"))  # noqa: S608
            if count:
                self.left_out[why] += count
        weight = "1.0 / propensity" if wanted.weighted else "1.0"
        self._connection.execute(
            f"CREATE TABLE trial AS SELECT *, {weight} AS {quoted(_WEIGHT)} FROM ripe "  # noqa: S608
            f"WHERE NOT is_at_fault AND ({whole})"
        )
        return int(self._one("SELECT count(*) FROM trial"))

    @property
    def due(self) -> int:
        """Customers whose outcome window has closed, read or left out."""
        return int(self._one("SELECT count(*) FROM ripe"))

    @property
    def waiting(self) -> int:
        """Customers whose outcome window has not closed."""
        return int(self._one("SELECT (SELECT count(*) FROM drawn) - (SELECT count(*) FROM ripe)"))

    @property
    def unmeasured(self) -> int:
        """Customers who are read and of whom nothing was measured."""
        return int(self._one("SELECT count(*) FROM trial WHERE NOT is_measured"))

    def units(self, relation: str = "trial") -> dict[str, int]:
        """Return units (clusters, where those are drawn) of every arm that has some."""
        sql = f"SELECT arm, count(DISTINCT unit_id) FROM {relation} GROUP BY arm"  # noqa: S608
        found: dict[str, int] = dict(self._connection.execute(sql).fetchall())
        return {arm: found.get(arm, 0) for arm in self._wanted.arms}

    def strata(self) -> dict[str | None, int]:
        """Return units that are read, by stratum."""
        sql = "SELECT stratum, count(DISTINCT unit_id) FROM trial GROUP BY stratum"
        return dict(self._connection.execute(sql).fetchall())

    def exposed(self) -> dict[str, int]:
        """Return exposed units of every arm."""
        return self.units("(SELECT * FROM trial WHERE exposed)")

    def units_of_last_days(self, days: int) -> float:
        """Return units a day, over the last so many days on which some came."""
        sql = (
            "SELECT count(DISTINCT unit_id), date_diff('day', min(assigned_at), max(assigned_at)) + 1 FROM drawn "  # noqa: S608
            f"WHERE assigned_at > (SELECT max(assigned_at) FROM drawn) - INTERVAL {int(days)} DAY"
        )
        units, over = self._connection.execute(sql).fetchall()[0]
        return float(units) / float(over) if over else 0.0

    def cap(self, column: str, share: float) -> float:
        """Return the quantile of a column over all arms together."""
        return pooled_cap(self._connection, "trial", column, share)

    def values(self, column: str) -> dict[str, Floats]:
        """Return a column's values arm by arm: for quantiles, which need rows."""
        sql = f"SELECT {quoted(column)} AS value FROM trial WHERE arm = $arm ORDER BY customer_id"  # noqa: S608
        return {
            arm: np.asarray(self._connection.execute(sql, {"arm": arm}).fetchnumpy()["value"], np.float64)
            for arm in self._wanted.arms
        }

    def moments(self, metrics: Sequence[Metric], by: str = "''") -> dict[str, dict[str, Moments]]:
        """Return moments of every arm, cell by cell, in one statement.

        Parameters
        ----------
        metrics : sequence of Metric
            None of them a quantile.
        by : str
            ``day``, ``segment``, or by default one cell of all; customers without it are in no cell.

        Returns
        -------
        dict of str to dict of str to Moments
            In the cells' order; arms that a cell lacks are not in it.
        """
        source = "trial LEFT JOIN segments USING (customer_id)" if by == "segment" else "trial"
        cell = f"arm || chr({ord(_BETWEEN)}) || CAST({by} AS VARCHAR)"
        relation = f"(SELECT *, {cell} AS cell FROM {source} WHERE {by} IS NOT NULL)"  # noqa: S608
        cells = [row[0] for row in self._connection.execute(f"SELECT DISTINCT cell FROM {relation}").fetchall()]  # noqa: S608
        if len(cells) < 2:
            return {}
        wanted = self._wanted
        layout = Layout(
            relation,
            "cell",
            tuple(sorted(cells)),
            cluster=_CLUSTERED if wanted.clustered or wanted.weighted else None,
            weight=_WEIGHT if wanted.weighted else None,
        )
        found: dict[str, dict[str, Moments]] = {}
        for name, moments in read_moments(self._connection, metrics, layout).items():
            arm, _, value = name.partition(_BETWEEN)
            found.setdefault(value, {})[arm] = moments
        return {
            value: {arm: found[value][arm] for arm in wanted.arms if arm in found[value]} for value in sorted(found)
        }

    def _insert(self, table: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        self._connection.register("came", rows)
        self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM came")  # noqa: S608
        self._connection.unregister("came")

    def _one(self, sql: str) -> Any:
        return self._connection.execute(sql).fetchall()[0][0]


def expected_shares(
    shares: Mapping[str, float], strata: Mapping[str, Mapping[str, float]], units: Mapping[str | None, int]
) -> dict[str, float]:
    """Return the share of every arm that the design makes of units of these strata.

    Examples
    --------
    >>> expected_shares({"a": 0.5, "b": 0.5}, {"old": {"a": 0.9, "b": 0.1}}, {"old": 10, None: 10})
    {'a': 0.7, 'b': 0.3}
    """
    whole = sum(units.values())
    if not strata or not whole:
        return dict(shares)
    return {
        arm: sum(n * strata.get(stratum or "", shares)[arm] for stratum, n in units.items()) / whole for arm in shares
    }
