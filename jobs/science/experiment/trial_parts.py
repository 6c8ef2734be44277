"""Moments of parts of a trial's rows: by segment, and up to each look over time; one statement for all parts."""

from collections.abc import Sequence

import duckdb
import numpy as np

from jobs.errors import BadRequest
from jobs.science.experiment.evidence import Point
from jobs.science.experiment.interval import Estimate
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.quantiles import quantile_estimate
from jobs.science.experiment.statement import Layout, literal, quoted, read_moments
from jobs.science.experiment.trial_columns import ARM, AT, CLUSTER, segment_name

MOST_SEGMENTS = 20
_BETWEEN = "\x1f"
_MISSING = "(missing)"


def quantiles_of(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], layout: Layout
) -> dict[str, dict[str, Estimate]]:
    """Return every quantile of every arm, an arm's values in memory at a time.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the rows are.
    metrics : sequence of Metric
        Others than quantiles are passed over.
    layout : Layout
        Where they stand.

    Raises
    ------
    BadRequest
        If clusters were drawn: the bootstrap on rows takes rows for independent.
    BadTrial
        If an arm has too few rows beyond the quantile.
    """
    found: dict[str, dict[str, Estimate]] = {}
    for metric in metrics:
        if metric.kind != "quantile" or metric.share is None:
            continue
        if layout.cluster is not None:
            raise BadRequest(
                f"metric {metric.name!r} is a quantile, and clusters were drawn: its interval takes rows for "
                "independent; leave it out, or read a mean."
            )
        sql = f"SELECT {quoted(metric.value)} AS v FROM {layout.relation} WHERE {quoted(layout.arm)} = "  # noqa: S608
        found[metric.name] = {
            arm: quantile_estimate(
                np.asarray(connection.execute(sql + literal(arm)).fetchnumpy()["v"], np.float64),
                metric.share,
                f"arm {arm!r} of metric {metric.name!r}",
            )
            for arm in layout.arms
        }
    return found


def by_segment(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], layout: Layout, segments: Sequence[str]
) -> tuple[Point, ...]:
    """Return the moments of every arm in every value of each segment's column.

    Raises
    ------
    BadRequest
        If a column has too many values to be segments.
    """
    points = []
    for column in segments:
        name = f"coalesce({quoted(segment_name(column))}, {literal(_MISSING)})"
        parts = _parts(connection, metrics, layout, name, layout.relation, most=MOST_SEGMENTS, column=column)
        values = sorted({value for _, value in parts})
        points += [
            Point(value, {arm: parts[arm, value] for arm in layout.arms if (arm, value) in parts}, column)
            for value in values
        ]
    return tuple(points)


def over_time(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], layout: Layout, looks: int
) -> tuple[Point, ...]:
    """Return the moments of every arm up to each look; looks part the rows into equal numbers.

    A cluster counts from its last row on, so that it is whole when it counts.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the rows are.
    metrics : sequence of Metric
        What is measured.
    layout : Layout
        Where they stand.
    looks : int
        How many at most; as many as there are moments, if those are fewer.
    """
    at, relation = quoted(AT), layout.relation
    if layout.cluster is not None:
        cluster = quoted(CLUSTER)
        relation = (
            f"(SELECT * REPLACE (last AS {at}) FROM (SELECT {cluster} AS id, max({at}) AS last "  # noqa: S608
            f"FROM {relation} GROUP BY id) JOIN {relation} ON {cluster} = id)"
        )
    shares = [(k + 1) / looks for k in range(looks)]
    found = connection.execute(f"SELECT quantile_disc({at}, {shares}) FROM {relation}").fetchall()[0][0]  # noqa: S608
    ends = sorted(set(found))
    cases = " ".join(f"WHEN {at} <= TIMESTAMP {literal(str(end))} THEN '{k:06}'" for k, end in enumerate(ends))
    parts = _parts(connection, metrics, layout, f"CASE {cases} END", relation)
    whole_days = all(end == end.replace(hour=0, minute=0, second=0, microsecond=0) for end in ends)
    upto: dict[str, Moments] = {}
    points = []
    for k, end in enumerate(ends):
        for arm in layout.arms:
            part = parts.get((arm, f"{k:06}"))
            if part is not None:
                upto[arm] = upto[arm].merge(part) if arm in upto else part
        said = str(end.date()) if whole_days else end.isoformat(timespec="seconds") + "Z"
        points.append(Point(said, {arm: upto[arm] for arm in layout.arms if arm in upto}))
    return tuple(points)


def _parts(
    connection: duckdb.DuckDBPyConnection,
    metrics: Sequence[Metric],
    layout: Layout,
    part: str,
    relation: str,
    *,
    most: int | None = None,
    column: str = "",
) -> dict[tuple[str, str], Moments]:
    """Return moments by arm and part: to the statement each pair is an arm."""
    arm = f"{quoted(ARM)} || {literal(_BETWEEN)} || {part}"
    parted = f"(SELECT * REPLACE ({arm} AS {quoted(ARM)}) FROM {relation})"  # noqa: S608
    pairs = [
        str(row[0])
        for row in connection.execute(f"SELECT DISTINCT {quoted(ARM)} AS a FROM {parted} ORDER BY a").fetchall()  # noqa: S608
    ]
    values = {pair.split(_BETWEEN, 1)[1] for pair in pairs}
    if most is not None and len(values) > most:
        raise BadRequest(
            f"column {column!r} has {len(values):,} values: a segment's column has {most} at most, name one with few."
        )
    read = read_moments(connection, metrics, Layout(parted, ARM, tuple(pairs), layout.cluster))
    return {(pair.split(_BETWEEN, 1)[0], pair.split(_BETWEEN, 1)[1]): moments for pair, moments in read.items()}
