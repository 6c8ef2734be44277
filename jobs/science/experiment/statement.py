"""One SQL statement that returns the moments of every arm, and the rows that no statistic may rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import duckdb
import numpy as np

from jobs.errors import BadRequest, BadRows, BadSchema, BadTrial
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments, rounded_sum

# S608 is switched off where a statement is put together: every name in it is quoted, every number is ours.

ROWS = "rows of the cluster"
"""Column of cluster sums: how many rows the cluster has, or what they weigh together."""

LARGEST = 1e150
"""A larger value has no square that a double can hold ten million times."""

_PEEK_ROWS = 2_000


@dataclass(frozen=True)
class Layout:
    """Where the rows of an experiment stand.

    Parameters
    ----------
    relation : str
        Table or view of the connection, or what may stand after FROM.
    arm : str
        Column of the arm.
    arms : tuple of str
        Declared arms, the control first.
    cluster : str, optional
        Column of what was drawn, where several rows were drawn together.
    weight : str, optional
        Column by which a row counts, above 0, where arms had other shares in some strata: one over the chance of the
        row's arm. Only with a cluster, which may be the row's own id.

    Raises
    ------
    BadRequest
        If there are fewer than two arms, or one twice, or a weight and no cluster.
    """

    relation: str
    arm: str
    arms: tuple[str, ...]
    cluster: str | None = None
    weight: str | None = None

    def __post_init__(self) -> None:
        if self.weight is not None and self.cluster is None:
            raise BadRequest(f"rows are weighted by {self.weight!r} and have no cluster: name what was drawn.")
        if len(set(self.arms)) != len(self.arms) or len(self.arms) < 2:
            raise BadRequest(f"arms are {list(self.arms)}: declare a control and one arm more at least, each once.")


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"


def moments_sql(
    metrics: Sequence[Metric],
    layout: Layout,
    *,
    sound_rows_only: bool = False,
    centres: Sequence[float] | None = None,
) -> str:
    """Return the statement that computes the moments of all metrics in one pass.

    The sums are centred at medians of the first rows, so that a mean of 1e8 keeps its variance.

    Parameters
    ----------
    metrics : sequence of Metric
        What is measured; quantiles need rows and are refused.
    layout : Layout
        Where the rows stand.
    sound_rows_only : bool
        Whether rows at fault are left out; without it they are counted, and nothing is said of the moments.
    centres : sequence of float, optional
        What :func:`centres_sql` returned, of rows that are no clusters: as constants they cost less than as columns.

    Returns
    -------
    str
        One row an arm: arm, count, sound rows, centres, centred sums, sums of centred products.

    Examples
    --------
    >>> sql = moments_sql([Metric("spend", "mean", "spend")], Layout("trial", "arm", ("none", "mail")))
    >>> sql.splitlines()[-1]
    'FROM (SELECT arm, sound, v0 - c0 AS d0 FROM centre, rows) GROUP BY arm) AS sums'
    """
    outcomes = _expressions(metrics)
    names = list(outcomes)
    at = range(len(names))
    kept = f"WHERE {_sound(metrics)}" if sound_rows_only else ""
    sound = "TRUE" if sound_rows_only else _sound_at_once(metrics)
    values = ", ".join(f"CAST({sql} AS DOUBLE) AS v{i}" for i, sql in enumerate(outcomes.values()))
    arm = f"CAST({quoted(layout.arm)} AS VARCHAR) AS arm"
    rows = f"SELECT {arm}, {sound} AS sound, {values} FROM {layout.relation} {kept}"  # noqa: S608
    if layout.cluster is not None:
        names.append(ROWS)
        times = "" if layout.weight is None else " * weight"
        sums = ", ".join(f"sum(v{i}{times}) AS v{i}" for i in at)
        size = f"CAST({'count(*)' if layout.weight is None else 'sum(weight)'} AS DOUBLE) AS v{len(outcomes)}"
        weight = "" if layout.weight is None else f", {quoted(layout.weight)} AS weight"
        rows = (
            f"SELECT arm, bool_and(sound) AS sound, {sums}, {size} FROM "  # noqa: S608
            f"(SELECT {quoted(layout.cluster)} AS cluster, {arm}, {sound} AS sound, {values}{weight} "
            f"FROM {layout.relation} {kept}) GROUP BY arm, cluster"
        )
        at = range(len(names))
    known = None if layout.cluster is not None or centres is None else [f"{centre:.17e}" for centre in centres]
    shift = known or [f"c{i}" for i in at]
    centred = ", ".join(f"v{i} - {shift[i]} AS d{i}" for i in at)
    sums = ", ".join(f"sum(d{i})" for i in at)
    # Squares are all of one sign, so their rounding adds up: 2e-12 in ten million rows unless it is carried along.
    # The same for everything else would cost a third of the time and gain nothing that can be seen.
    exact = {metric.column for metric in metrics if metric.kind == "proportion"}
    products = ", ".join(
        f"{'fsum' if i == j and names[i] not in exact else 'sum'}(d{i} * d{j})" for i, j in _pairs(metrics, names)
    )
    peeked = "" if known else f",\ncentre AS MATERIALIZED ({_centres(len(names))})"
    beside = "" if known else "centre, "
    return (
        f"WITH rows AS {'NOT ' if layout.cluster is None else ''}MATERIALIZED ({rows}){peeked}\n"  # noqa: S608
        f"SELECT arm, n, n_sound, {', '.join(shift)}, sums.* EXCLUDE (arm, n, n_sound) FROM {beside}(\n"
        f"SELECT arm, count(*) AS n, count_if(sound) AS n_sound, {sums}, {products}\n"
        f"FROM (SELECT arm, sound, {centred} FROM {beside}rows) GROUP BY arm) AS sums"
    )


def centres_sql(metrics: Sequence[Metric], layout: Layout) -> str:
    """Return the statement that looks at the first rows and returns the median of every column."""
    values = ", ".join(f"CAST({sql} AS DOUBLE) AS v{i}" for i, sql in enumerate(_expressions(metrics).values()))
    return f"WITH rows AS (SELECT {values} FROM {layout.relation}) {_centres(len(_expressions(metrics)))}"  # noqa: S608


def _centres(columns: int) -> str:
    medians = ", ".join(f"coalesce(median(v{i}) FILTER (isfinite(v{i})), 0) AS c{i}" for i in range(columns))
    return f"SELECT {medians} FROM (SELECT * FROM rows LIMIT {_PEEK_ROWS})"  # noqa: S608


def read_moments(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], layout: Layout, *, sound_rows_only: bool = False
) -> dict[str, Moments]:
    """Return the moments of every declared arm.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the relation is.
    metrics : sequence of Metric
        What is measured.
    layout : Layout
        Where the rows stand.
    sound_rows_only : bool
        Whether rows at fault are left out (:func:`rows_at_fault` says which); without it they are refused.

    Returns
    -------
    dict of str to Moments
        Of rows, or of cluster sums with the column ``ROWS`` where the layout has a cluster.

    Raises
    ------
    BadSchema
        If a column is missing or holds no numbers.
    BadRows
        If rows are at fault; the sentence names the first by column and value.
    BadTrial
        If an arm is empty, or rows have an arm that was never declared.
    """
    try:
        centres = connection.execute(centres_sql(metrics, layout)).fetchall()[0] if layout.cluster is None else None
        sql = moments_sql(metrics, layout, sound_rows_only=sound_rows_only, centres=centres)
        found = connection.execute(sql).fetchall()
    except (duckdb.BinderException, duckdb.ConversionException) as wrong:
        raise BadSchema(f"the columns of the metrics cannot be read: {str(wrong).splitlines()[0]}") from wrong
    rows = {row[0]: row[1:] for row in found}
    strange = [arm for arm in rows if arm not in layout.arms]
    if strange:
        raise BadTrial(
            f"column {layout.arm!r} holds {strange[0]!r} in {rows[strange[0]][0]} rows, which is none of "
            f"{list(layout.arms)}: declare that arm or leave the rows out."
        )
    empty = [arm for arm in layout.arms if arm not in rows]
    if empty:
        raise BadTrial(f"arm {empty[0]!r} has no rows in column {layout.arm!r}: nothing can be said of it.")
    names = [*_expressions(metrics), *([ROWS] if layout.cluster is not None else [])]
    pairs = _pairs(metrics, names)
    moments = {arm: _moments(names, pairs, rows[arm]) for arm in layout.arms}
    if any(rows[arm][1] < rows[arm][0] or not np.isfinite(moments[arm].mean).all() for arm in layout.arms):
        raise BadRows(_first_fault(connection, metrics, layout))
    return moments


def rows_at_fault(metrics: Sequence[Metric], layout: Layout, unit: str) -> str:
    """Return the statement that lists rows to set aside: unit, arm, column, value as text, reason.

    Every row that :func:`read_moments` leaves out with `sound_rows_only` is in it once, with its first fault.
    """
    faults = [*_faults(metrics)]
    when = " ".join(f"WHEN NOT coalesce({sound}, FALSE) THEN {{}}" for _, sound, _ in faults)
    column, value, reason = (
        "CASE " + when.format(*parts) + " END"
        for parts in (
            [literal(name) for name, _, _ in faults],
            [f"CAST({quoted(name)} AS VARCHAR)" for name, _, _ in faults],
            [literal(why) for _, _, why in faults],
        )
    )
    return (
        f"SELECT CAST({quoted(unit)} AS VARCHAR) AS unit, "  # noqa: S608
        f"CAST({quoted(layout.arm)} AS VARCHAR) AS arm, "
        f'{column} AS "column", {value} AS value, {reason} AS reason '
        f"FROM {layout.relation} WHERE NOT {_sound(metrics)}"
    )


def _first_fault(connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], layout: Layout) -> str:
    listing = rows_at_fault(metrics, layout, layout.cluster or layout.arm)
    counting = f"SELECT count(*) FROM ({listing})"  # noqa: S608
    count = connection.execute(counting).fetchall()[0]
    found = connection.execute(f"{listing} LIMIT 1").fetchall()
    if not found:
        return "the sums of the metrics overflow: no row is at fault alone, so cap the largest values."
    first = found[0]
    return (
        f"column {first[2]!r} holds {first[3] or 'nothing'} in arm {first[1]!r}: {first[4]}; {count[0]} rows are at "
        "fault, correct them or set them aside."
    )


def _expressions(metrics: Sequence[Metric]) -> dict[str, str]:
    """Return name and SQL of everything that is aggregated, each once."""
    found: dict[str, str] = {}
    for metric in metrics:
        if metric.kind == "quantile":
            raise BadRequest(f"metric {metric.name!r} is a quantile: it is read from rows, not from sums.")
        for column in metric.columns:
            found[column] = quoted(column)
        if metric.cap is not None:
            # not least(): it takes NULL for no limit
            found[metric.column] = (
                f"CASE WHEN {quoted(metric.value)} > {metric.cap!r} THEN {metric.cap!r} ELSE {quoted(metric.value)} END"
            )
    if not found:
        raise BadRequest("no metric was given: name one at least, as revenue:mean:spend.")
    return found


def _pairs(metrics: Sequence[Metric], names: Sequence[str]) -> list[tuple[int, int]]:
    """Return which products are needed: those within one metric."""
    every = {ROWS} & set(names)
    needed = {
        tuple(sorted((names.index(a), names.index(b))))
        for metric in metrics
        for a, b in combinations_with_replacement([*metric.columns, *every], 2)
    }
    return sorted((i, j) for i, j in needed)


def _faults(metrics: Sequence[Metric]) -> list[tuple[str, str, str]]:
    """Return column, SQL of what is sound, and the reason where it is not."""
    found: dict[tuple[str, str], str] = {}
    for metric in metrics:
        for column in dict.fromkeys((metric.value, *metric.columns)):
            if column != metric.column or metric.cap is None:
                found[column, _bounded(column)] = f"a metric needs a number of at most {LARGEST:g} in every row"
        if metric.kind == "proportion":
            found[metric.value, f"{quoted(metric.value)} IN (0, 1)"] = "a proportion is of 0 and 1"
        if metric.cap is not None:
            found[metric.value, f"{quoted(metric.value)} >= 0"] = "what is capped must not be negative"
        if metric.denominator is not None:
            found[metric.denominator, f"{quoted(metric.denominator)} >= 0"] = "a denominator must not be negative"
    return [(column, sql, reason) for (column, sql), reason in found.items()]


def _sound(metrics: Sequence[Metric]) -> str:
    return "coalesce(" + " AND ".join(sql for _, sql, _ in _faults(metrics)) + ", FALSE)"


def _sound_at_once(metrics: Sequence[Metric]) -> str:
    """Return a cheaper form of what is sound, for rows whose sums are looked at: those tell what is not finite.

    Where a cap hides it from the sums, the whole of it is asked.
    """
    capped = {metric.value for metric in metrics if metric.cap is not None}
    faults = _faults(metrics)
    # A column of which more is asked need not be asked whether it is there: nothing passes no test.
    more = {column for column, sql, _ in faults if sql != _bounded(column)}
    asked = [
        f"{quoted(column)} IS NOT NULL" if sql == _bounded(column) and column not in capped else sql
        for column, sql, _ in faults
        if sql != _bounded(column) or column in capped or column not in more
    ]
    return "coalesce(" + " AND ".join(asked) + ", FALSE)"


def _bounded(column: str) -> str:
    return f"abs(CAST({quoted(column)} AS DOUBLE)) <= {LARGEST!r}"


def _moments(names: Sequence[str], pairs: Sequence[tuple[int, int]], row: Sequence[float]) -> Moments:
    count, columns = int(row[0]), len(names)
    numbers = np.array([np.nan if value is None else value for value in row[2:]], np.float64)
    centre, sums, products = np.split(numbers, [columns, 2 * columns])
    with np.errstate(invalid="ignore", over="ignore"):
        shift = sums / count
        full = np.full((columns, columns), np.nan)
        for (i, j), value in zip(pairs, products, strict=True):
            full[i, j] = full[j, i] = value - count * shift[i] * shift[j]
        overflow = not all(np.isfinite(full[i, j]) for i, j in pairs)
        mean, rest = rounded_sum(np.full(columns, np.nan) if overflow else centre, shift)
    return Moments(tuple(names), count, mean, full, rest)
