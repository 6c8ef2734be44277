"""A random part of a night's customers with their scores of all campaigns, from random row groups of the files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.allocate_offers.cutting import read_slices
from jobs.runtime.stores import Stores
from jobs.storage.tables import DataFile
from jobs.tables.outputs import UPLIFT_SCORES

CUSTOMERS = 200_000
"""Customers of a sample, at most: prices and margin that are found from them leave some 3% to the repair."""

LEAST_CUSTOMERS = 20_000
"""Customers of a sample, if there are as many, however small a part is: prices from fewer leave too much open."""

FROM_A_GROUP = 4_000
"""Customers of one row group, at most: those of a group may be alike, because their file was in some order."""

_MOST_GROUPS = 1_000


@dataclass(frozen=True)
class Sample:
    """Customers that were drawn.

    Parameters
    ----------
    rows : dict of str to pyarrow.Table
        By campaign, all their scores.
    share : float
        Part of all customers that they are, in (0, 1].
    """

    rows: dict[str, pa.Table]
    share: float


def sample(files: Mapping[str, Sequence[DataFile]], part_rows: int, seed: int, stores: Stores) -> Sample | None:
    """Draw customers, with no more rows than a part has: the memory of both is that of laying their rows out.

    They are drawn from the campaign with most rows, and looked up in the others, whose customers are the same. Rows of
    a customer are expected to stand together; one whose rows a row group's edge may have cut is left out.

    Parameters
    ----------
    files : mapping of str to sequence of DataFile
        By campaign, data files that hold its scores.
    part_rows : int
        Rows of a part. Of so many or fewer all customers are taken; else their rows are no more, unless that would be
        fewer than :data:`LEAST_CUSTOMERS`.
    seed : int
        Seed of the draw, >= 0.
    stores : Stores
        Where the files are.

    Returns
    -------
    Sample or None
        None if there is no customer.
    """
    rows = {campaign: sum(file.rows for file in of_campaign) for campaign, of_campaign in files.items()}
    if not sum(rows.values()):
        return None
    if sum(rows.values()) <= part_rows:
        return Sample({c: read_slices(_whole(of_campaign), stores) for c, of_campaign in files.items()}, 1.0)
    lead = max(rows, key=lambda campaign: (rows[campaign], campaign))
    of_lead = part_rows * rows[lead] / sum(rows.values())
    rng = np.random.default_rng(seed)
    drawn: list[pa.Table] = []
    rows_seen = customers_seen = count = 0
    for file, group in _groups(files[lead], rng, stores):
        of_group = _uncut(read_slices([(file.path, (group, group + 1))], stores))
        if not of_group.num_rows:
            continue
        ids = of_group["customer_id"].unique()
        ids = ids.take(pc.sort_indices(ids))
        rows_seen, customers_seen = rows_seen + of_group.num_rows, customers_seen + len(ids)
        wanted = min(CUSTOMERS, max(LEAST_CUSTOMERS, int(of_lead * customers_seen / rows_seen)))
        most = min(len(ids), FROM_A_GROUP, max(wanted - count, 0))
        some = ids.take(pa.array(np.sort(rng.choice(len(ids), most, replace=False))))
        drawn.append(of_group.filter(pc.is_in(of_group["customer_id"], value_set=some)))
        count += most
        if count >= wanted:
            break
    if not drawn:
        return None
    found = {lead: pa.concat_tables(drawn)}
    names = found[lead]["customer_id"].unique().to_pylist()
    for campaign, of_campaign in files.items():
        if campaign != lead:
            found[campaign] = read_slices(_whole(of_campaign), stores, names)
    # A share of customers is one of rows: how many rows a customer has is seen in the groups.
    return Sample(found, min(1.0, count * rows_seen / customers_seen / rows[lead]))


def _whole(files: Sequence[DataFile]) -> list[tuple[str, None]]:
    return [(file.path, None) for file in files]


def _groups(files: Sequence[DataFile], rng: np.random.Generator, stores: Stores) -> Iterator[tuple[DataFile, int]]:
    """Draw row groups, each as likely as it has rows, none twice; a file is opened when it is first drawn."""
    ends = np.cumsum([file.rows for file in files])
    known: dict[int, np.ndarray] = {}
    seen = set()
    for row in rng.integers(0, ends[-1], _MOST_GROUPS):
        number = int(np.searchsorted(ends, row, side="right"))
        if number not in known:
            known[number] = np.cumsum(stores.tables.groups(UPLIFT_SCORES, files[number].path))
        within = row - (ends[number] - files[number].rows)
        group = int(np.searchsorted(known[number], within, side="right"))
        if (number, group) not in seen:
            seen.add((number, group))
            yield files[number], group


def _uncut(rows: pa.Table) -> pa.Table:
    """Leave out the first and the last customer of a row group: some of their rows may stand in the next one."""
    who = rows["customer_id"]
    inner = pc.and_(pc.not_equal(who, who[0]), pc.not_equal(who, who[-1]))
    return rows.filter(inner)
