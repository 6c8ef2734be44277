"""Who moved between two dates: customers by segment before and after, and how far the sizes drifted."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.drift.counts import VariableCounts
from jobs.science.drift.psi import ALARM_PSI, WATCH_PSI, Level, population_stability_index, psi_noise
from jobs.science.fraud.engine import Limits

_MOVES = """
SELECT b.segment AS before, a.segment AS after, count(*) AS customers
FROM before b FULL JOIN after a ON a.customer_id = b.customer_id
GROUP BY b.segment, a.segment ORDER BY b.segment NULLS LAST, a.segment NULLS LAST
"""


@dataclass(frozen=True)
class Move:
    """Customers who were in one segment and are in another, or in the same.

    Parameters
    ----------
    before, after : int or None
        Numbers of the segments; None: not a customer on that date.
    customers : int
        How many.
    """

    before: int | None
    after: int | None
    customers: int


@dataclass(frozen=True)
class SizeDrift:
    """How far the sizes of the segments are from those of a run before.

    Parameters
    ----------
    psi : float
        Population stability index of the shares, in nat.
    psi_noise : float
        What chance alone hardly exceeds between two samples of as many customers.
    level : {"stable", "watch", "alarm"}
        By size of the effect.
    """

    psi: float
    psi_noise: float
    level: Level


class Moves:
    """Segments of two dates, joined by customer; made by :func:`open_moves`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def add_before(self, rows: pa.Table) -> None:
        """Add customers of the date before, columns ``customer_id`` and ``segment``."""
        self._add("before", rows)

    def add_after(self, rows: pa.Table) -> None:
        """Add customers of the date after, columns ``customer_id`` and ``segment``."""
        self._add("after", rows)

    def moves(self) -> tuple[Move, ...]:
        """Return the migration table, a row for each pair of segments that has customers."""
        found = self._connection.execute(_MOVES).fetchall()
        return tuple(Move(before, after, customers) for before, after, customers in found)

    def _add(self, name: str, rows: pa.Table) -> None:
        self._connection.from_arrow(rows.select(["customer_id", "segment"])).create_view("source", replace=True)
        self._connection.execute(f"INSERT INTO {name} SELECT customer_id, segment FROM source")  # noqa: S608  our names


@contextmanager
def open_moves(limits: Limits) -> Iterator[Moves]:
    """Open a place where the segments of two dates are joined, in bounded memory.

    Parameters
    ----------
    limits : Limits
        What the engine may use.

    Yields
    ------
    Moves
        To be filled and read while the context is open.

    Raises
    ------
    BadRequest
        If the memory does not suffice.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{limits.memory_mb}MB",
        "threads": limits.threads,
        "preserve_insertion_order": False,
    }
    if limits.temp_directory is not None:
        settings["temp_directory"] = limits.temp_directory
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")
            for name in ("before", "after"):
                connection.execute(f"CREATE TEMP TABLE {name} (customer_id VARCHAR, segment BIGINT)")
            yield Moves(connection)
    except duckdb.OutOfMemoryException as error:
        raise BadRequest(f"memory_mb is {limits.memory_mb}, too little for the customers; give it more.") from error


def size_drift(before: Mapping[int, int], after: Mapping[int, int]) -> SizeDrift:
    """Hold the sizes of the segments against those of a run before.

    Parameters
    ----------
    before, after : mapping of int to int
        Customers by number of the segment; a number that is missing has none.

    Examples
    --------
    >>> size_drift({1: 500, 2: 500}, {1: 505, 2: 495}).level
    'stable'
    >>> size_drift({1: 5000, 2: 5000}, {1: 8500, 2: 1500}).level
    'alarm'
    """
    numbers = sorted({*before, *after})
    known, met = (_counts(sizes, numbers) for sizes in (before, after))
    psi, noise = population_stability_index(met, known), psi_noise(met, known)
    if psi < WATCH_PSI or psi <= noise:
        return SizeDrift(psi, noise, "stable")
    return SizeDrift(psi, noise, "alarm" if psi >= ALARM_PSI else "watch")


def stayed_share(moves: Iterable[Move]) -> float | None:
    """Return the share of the customers of both dates who are in the same segment; None where there are none.

    Examples
    --------
    >>> stayed_share([Move(1, 1, 90), Move(1, 2, 10), Move(None, 1, 50)])
    0.9
    """
    both = [m for m in moves if m.before is not None and m.after is not None]
    in_all = sum(m.customers for m in both)
    return sum(m.customers for m in both if m.before == m.after) / in_all if in_all else None


def _counts(sizes: Mapping[int, int], numbers: Iterable[int]) -> VariableCounts:
    return VariableCounts(tuple(sizes.get(number, 0) for number in numbers), 0)
