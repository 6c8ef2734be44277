"""A random part of a campaign's customers, from random row groups of all files of its scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.allocate_offers.cutting import read_slices
from jobs.allocate_offers.scored import Scored, scored
from jobs.runtime.campaign import Campaign
from jobs.runtime.stores import Stores
from jobs.storage.tables import DataFile
from jobs.tables.outputs import UPLIFT_SCORES

CUSTOMERS = 200_000
"""Customers of a sample, at most: prices and margin that are found from them leave some 3% to the repair."""

FROM_A_GROUP = 4_000
"""Customers of one row group, at most: those of a group may be alike, because their file was in some order."""

_MOST_GROUPS = 1_000


@dataclass(frozen=True)
class Sample:
    """Customers that were drawn.

    Parameters
    ----------
    customers : Scored
        Who.
    share : float
        Part of all customers that they are, in (0, 1].
    """

    customers: Scored
    share: float


def sample(
    campaign: Campaign, files: Sequence[DataFile], whole_up_to_rows: int, seed: int, stores: Stores
) -> Sample | None:
    """Draw customers of a campaign; of few rows all are taken.

    Rows of a customer are expected to stand together; one whose rows a row group's edge may have cut is left out.

    Parameters
    ----------
    campaign : Campaign
        Whose scores.
    files : sequence of DataFile
        Data files that hold them.
    whole_up_to_rows : int
        Of so many rows all customers are taken.
    seed : int
        Seed of the draw, >= 0.
    stores : Stores
        Where the files are.

    Returns
    -------
    Sample or None
        None if there is no customer.
    """
    rows = sum(file.rows for file in files)
    if rows == 0:
        return None
    if rows <= whole_up_to_rows:
        everybody = scored(campaign, read_slices([(file.path, None) for file in files], stores))
        return Sample(everybody, 1.0)
    rng = np.random.default_rng(seed)
    drawn: list[Scored] = []
    rows_seen = customers_seen = count = 0
    for file, group in _groups(files, rng, stores):
        of_group = _uncut(read_slices([(file.path, (group, group + 1))], stores))
        if not of_group.num_rows:
            continue
        found = scored(campaign, of_group)
        n = len(found.customer_id)
        rows_seen, customers_seen = rows_seen + of_group.num_rows, customers_seen + n
        most = min(n, FROM_A_GROUP, CUSTOMERS - count)
        drawn.append(found.take(np.sort(rng.choice(n, most, replace=False))))
        count += most
        if count == CUSTOMERS:
            break
    if not drawn:
        return None
    # A share of customers is one of rows: how many rows a customer has is seen in the groups.
    return Sample(_together(drawn), min(1.0, count * rows_seen / customers_seen / rows))


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


def _together(pieces: Sequence[Scored]) -> Scored:
    return Scored(
        pa.concat_arrays([p.customer_id for p in pieces]),
        pa.concat_arrays([p.account_id for p in pieces]),
        np.concatenate([p.consent for p in pieces]),
        np.concatenate([p.effect_eur for p in pieces]),
        pieces[0].model_version,
        np.concatenate([p.twice for p in pieces]),
    )
