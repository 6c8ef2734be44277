"""Data files of scores cut into parts of about so many rows: small files together, large ones by their row groups."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from jobs.allocate_offers.scored import SCORE_COLUMNS
from jobs.errors import RowsLost
from jobs.runtime.stores import Stores
from jobs.storage.tables import DataFile
from jobs.tables.outputs import UPLIFT_SCORES

Slice: TypeAlias = tuple[str, tuple[int, int] | None]
"""A file's path with its first row group and the one behind its last, or with None: all of them."""

_MOST_PARTS = 4_000
"""Parts of a run, about; an array job takes 10,000, and a part may be half empty."""


def widened(part_rows: int, rows: int) -> int:
    """Return how many rows a part has, so that there are not too many parts.

    Examples
    --------
    >>> widened(2_000_000, 900_000_000), widened(10, 80_000)
    (2000000, 20)
    """
    return max(part_rows, -(-rows // _MOST_PARTS))


def cut(files: Sequence[DataFile], part_rows: int, stores: Stores) -> list[dict[str, Any]]:
    """Cut files into parts.

    Parameters
    ----------
    files : sequence of DataFile
        Files of ``uplift_scores``.
    part_rows : int
        Rows of a part, at most; a row group that is larger is a part of its own.
    stores : Stores
        Where the files are.

    Returns
    -------
    list of dict
        Of each part its ``slices``, and the ``rows`` in them; every row group is in one part.
    """
    parts: list[dict[str, Any]] = []
    for piece, rows in _slices(files, part_rows, stores):
        if not parts or parts[-1]["rows"] + rows > part_rows:
            parts.append({"slices": [], "rows": 0})
        parts[-1]["slices"].append(piece)
        parts[-1]["rows"] += rows
    return parts


def read_part(part: Mapping[str, Any], stores: Stores) -> pa.Table:
    """Read the scores of a part.

    Raises
    ------
    RowsLost
        If its files do not hold the rows that they held when they were cut.
    """
    rows = read_slices(part["slices"], stores)
    if rows.num_rows != part["rows"]:
        raise RowsLost(
            f"{part['slices'][0][0]} and the files after it gave {rows.num_rows} rows of scores, not the "
            f"{part['rows']} that were shared out: run it again."
        )
    return rows


def read_slices(slices: Sequence[Slice], stores: Stores, customers: list[str] | None = None) -> pa.Table:
    """Read scores from slices of files, those of some customers or all."""
    names = list(SCORE_COLUMNS)
    schema = pa.schema([UPLIFT_SCORES.schema.field(name) for name in names])
    where = None if customers is None else {"customer_id": customers}
    parts = (
        part.cast(schema)
        for path, groups in slices
        for part in stores.tables.read_file(UPLIFT_SCORES, path, where, names, range(*groups) if groups else None)
    )
    return pa.concat_tables([schema.empty_table(), *parts])


def _slices(files: Sequence[DataFile], part_rows: int, stores: Stores) -> Iterator[tuple[Slice, int]]:
    for file in files:
        if file.rows <= part_rows:
            yield (file.path, None), file.rows
            continue
        first = held = behind = 0
        for rows in stores.tables.groups(UPLIFT_SCORES, file.path):
            if held and held + rows > part_rows:
                yield (file.path, (first, behind)), held
                first, held = behind, 0
            held, behind = held + rows, behind + 1
        yield (file.path, (first, behind)), held
