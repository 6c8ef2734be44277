"""Data files of all campaigns' scores cut into parts: about so many rows each, the same customers in all of them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from jobs.allocate_offers.scored import SCORE_COLUMNS
from jobs.errors import RowsLost
from jobs.runtime.stores import Stores
from jobs.storage.tables import DataFile
from jobs.tables.outputs import UPLIFT_SCORES

Slice: TypeAlias = tuple[str, tuple[int, int] | None]
"""A file's path with its first row group and the one behind its last, or with None: all of them."""

Piece: TypeAlias = tuple[Slice, int]
"""A slice and the rows in it."""

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


def cut(files: Mapping[str, Sequence[DataFile]], part_rows: int, stores: Stores) -> list[dict[str, Any]]:
    """Cut the files of all campaigns into parts.

    The campaign with most rows is cut first. Campaigns score the same customers in the same order, so that the others
    are cut where the same share of their rows is reached, at the nearest end of a file or row group. Customers whom
    that tears apart are found and decided anew when the parts are joined.

    Parameters
    ----------
    files : mapping of str to sequence of DataFile
        By campaign, files of ``uplift_scores``.
    part_rows : int
        Rows of a part, about; a row group that is larger is a part of its own.
    stores : Stores
        Where the files are.

    Returns
    -------
    list of dict
        Of each part, by campaign, its ``slices`` and the ``rows`` in them; every row group is in one part.
    """
    rows = {campaign: sum(file.rows for file in of_campaign) for campaign, of_campaign in files.items()}
    total = sum(rows.values())
    if not total:
        return []
    lead = max(rows, key=lambda campaign: (rows[campaign], campaign))
    of_lead = _filled(files[lead], max(1, part_rows * rows[lead] // total), stores)
    ends = np.cumsum([sum(held for _, held in part) for part in of_lead]) / rows[lead]
    parts: list[dict[str, Any]] = [{} for _ in of_lead]
    for campaign, of_campaign in files.items():
        if campaign == lead:
            pieces = of_lead
        else:
            most = max(1, part_rows * rows[campaign] // total)
            groups = [piece for file in of_campaign for piece in _groups(file, most, stores)]
            pieces = _at_shares(groups, ends[:-1], rows[campaign])
        for part, of_part in zip(parts, pieces, strict=True):
            part[campaign] = {
                "slices": [piece for piece, _ in of_part],
                "rows": sum(held for _, held in of_part),
            }
    return parts


def read_part(part: Mapping[str, Mapping[str, Any]], stores: Stores) -> dict[str, pa.Table]:
    """Read the scores of a part, by campaign.

    Raises
    ------
    RowsLost
        If its files do not hold the rows that they held when they were cut.
    """
    found = {}
    for campaign, of_campaign in part.items():
        if not of_campaign["rows"]:
            continue
        rows = read_slices(of_campaign["slices"], stores)
        if rows.num_rows != of_campaign["rows"]:
            raise RowsLost(
                f"{of_campaign['slices'][0][0]} and the files after it gave {rows.num_rows} rows of scores, not the "
                f"{of_campaign['rows']} that were shared out: run it again."
            )
        found[campaign] = rows
    return found


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


def _filled(files: Sequence[DataFile], part_rows: int, stores: Stores) -> list[list[Piece]]:
    """Put pieces together until a part is full."""
    parts: list[list[Piece]] = []
    held = 0
    for piece, rows in _pieces(files, part_rows, stores):
        if not parts or held + rows > part_rows:
            parts.append([])
            held = 0
        parts[-1].append((piece, rows))
        held += rows
    return parts


def _at_shares(pieces: Sequence[Piece], shares: np.ndarray, rows: int) -> list[list[Piece]]:
    """Cut pieces where shares of their rows are reached, between two of them."""
    ends = np.concatenate([[0], np.cumsum([held for _, held in pieces])]) / max(rows, 1)
    cuts = [int(np.abs(ends - share).argmin()) for share in shares]
    places = [0, *np.maximum.accumulate([0, *cuts])[1:].tolist(), len(pieces)]
    return [list(pieces[first:last]) for first, last in pairwise(places)]


def _pieces(files: Sequence[DataFile], part_rows: int, stores: Stores) -> Iterator[Piece]:
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


def _groups(file: DataFile, part_rows: int, stores: Stores) -> Iterator[Piece]:
    """Yield a file that is large by its row groups, one by one; another whole."""
    if file.rows <= part_rows:
        yield (file.path, None), file.rows
        return
    for number, rows in enumerate(stores.tables.groups(UPLIFT_SCORES, file.path)):
        yield (file.path, (number, number + 1)), rows
