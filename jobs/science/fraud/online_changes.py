"""Which of tonight's online records differ from those that were written before."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from jobs.science.fraud.engine import Limits, ParquetFiles
from jobs.tables.declare import Table
from jobs.tables.online import ONLINE_CUSTOMERS, ONLINE_PARTNERS

# What has left the windows by tonight is no change: the endpoint looks at moments, and lets it lie.
_CUSTOMERS = """
WITH payments AS (
    SELECT 'new' AS state, customer_id, unnest(occurred_s) AS s, unnest(amount_units) AS u, unnest(partner_ids) AS p,
        unnest(is_large) AS l, greatest(payments_30d - len(occurred_s), 0) AS cut
    FROM new
    UNION ALL
    SELECT 'old', customer_id, unnest(occurred_s), unnest(amount_units), unnest(partner_ids), unnest(is_large),
        greatest(payments_30d - len(occurred_s), 0)
    FROM old
),
digests AS (
    SELECT state, customer_id, count(*) AS n, max(cut) AS cut,
        sum(CAST(hash(s, u, p, l AND s >= {large_since_s}) AS HUGEINT)) AS digest
    FROM payments WHERE s >= {since_s}
    GROUP BY state, customer_id
)
SELECT * FROM new WHERE customer_id IN (
    SELECT customer_id FROM (
        SELECT customer_id, n, cut, digest FROM digests WHERE state = 'new'
        EXCEPT SELECT customer_id, n, cut, digest FROM digests WHERE state = 'old'))
"""

_PARTNERS = """
SELECT * FROM new WHERE partner_id IN (
    SELECT partner_id FROM (SELECT * EXCLUDE (as_of) FROM new EXCEPT SELECT * EXCLUDE (as_of) FROM old))
"""
_GONE = "SELECT partner_id FROM old ANTI JOIN new USING (partner_id)"


def changed_customers(
    new: ParquetFiles, old: ParquetFiles, *, since_s: int, large_since_s: int, limits: Limits, batch_rows: int = 10_000
) -> Iterator[pa.Table]:
    """Yield the rows of `new` whose payments differ from those of `old` within the windows of `new`.

    Parameters
    ----------
    new, old : ParquetFiles
        Rows of the declared table ``online_customers``; of `old` there may be none.
    since_s, large_since_s : int
        Epoch seconds from which payments, and whether they were large, matter to `new`.
    limits : Limits
        Memory, threads, and where to spill.
    batch_rows : int
        Rows of a table that comes out, about.
    """
    sql = _CUSTOMERS.format(since_s=since_s, large_since_s=large_since_s)
    with _both(ONLINE_CUSTOMERS, new, old, limits) as engine:
        yield from _batches(engine, sql, batch_rows)


def changed_partners(
    new: ParquetFiles, old: ParquetFiles, *, limits: Limits, batch_rows: int = 10_000
) -> Iterator[pa.Table]:
    """Yield the rows of `new` of which any value differs from `old`, the moment they speak of apart."""
    with _both(ONLINE_PARTNERS, new, old, limits) as engine:
        yield from _batches(engine, _PARTNERS, batch_rows)


def gone_partners(new: ParquetFiles, old: ParquetFiles, *, limits: Limits) -> list[str]:
    """Return the partners of `old` that `new` knows no more."""
    with _both(ONLINE_PARTNERS, new, old, limits) as engine:
        return [row[0] for row in engine.sql(_GONE).fetchall()]


@contextmanager
def _both(table: Table, new: ParquetFiles, old: ParquetFiles, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{limits.memory_mb}MB",
        "threads": limits.threads,
        "preserve_insertion_order": False,
    }
    if limits.temp_directory is not None:
        settings["temp_directory"] = limits.temp_directory
    nothing = table.schema.empty_table()
    with duckdb.connect(":memory:", config=settings) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, files in (("new", new), ("old", old)):
            rows = connection.read_parquet(list(files.paths)) if files.paths else connection.from_arrow(nothing)
            rows.create_view(name)
        yield connection


def _batches(engine: duckdb.DuckDBPyConnection, sql: str, batch_rows: int) -> Iterator[pa.Table]:
    for batch in engine.sql(sql).to_arrow_reader(batch_rows):
        if batch.num_rows:
            yield pa.Table.from_batches([batch])
