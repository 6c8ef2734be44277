"""Each customer's candidates from the catalogues of a night, by what was bought before it."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.valued import Valued
from jobs.errors import BadCampaign, NoInput
from jobs.runtime.layout import campaign_key
from jobs.runtime.shard import OpenShard
from jobs.tables.inputs import FRAUD_REPORTS, PARTNERS, TRANSACTIONS

if TYPE_CHECKING:
    from jobs.science.offers.affinity import Candidates

Ask: TypeAlias = "Callable[[pa.Array], Candidates]"
"""Takes the ids under which customers pay, returns their candidates."""


@contextmanager
def candidates_of(setting: Setting, shard: OpenShard, memory_mb: int) -> Iterator[Mapping[str, Ask]]:
    """Read purchases, so that customers' candidates can be asked for while the context is open.

    Parameters
    ----------
    setting : Setting
        Campaigns and their catalogues.
    shard : OpenShard
        Where purchases are read; rows that cannot be used are set aside.
    memory_mb : int
        Memory of the SQL engine; what does not fit is spilled.

    Yields
    ------
    mapping of str to callable
        By campaign, where candidates are asked for; empty where no campaign has a catalogue.

    Raises
    ------
    BadCampaign
        If there are no purchases at all.
    """
    if not setting.catalogues:
        yield {}
        return
    # DuckDB waits until a campaign has a catalogue.
    from jobs.science.fraud.engine import Limits, opened  # noqa: PLC0415
    from jobs.science.offers.affinity import Affinity  # noqa: PLC0415
    from jobs.science.segments.behaviour import Window  # noqa: PLC0415

    rules = {c: catalogue.campaign.candidates for c, catalogue in setting.catalogues.items()}
    longest = Window(setting.run_date, max(rule.days for rule in rules.values() if rule is not None))
    categories: dict[str, str] = {}
    for rows in shard.read(PARTNERS):
        named = zip(rows["partner_id"].to_pylist(), rows["category"].to_pylist(), strict=True)
        categories |= {partner: category for partner, category in named if category is not None}
    with ExitStack() as until_asked:
        spill = until_asked.enter_context(tempfile.TemporaryDirectory(prefix="netlift-"))
        transactions, reports = shard.read(TRANSACTIONS, unique="transaction_id"), shard.read(FRAUD_REPORTS)
        limits = Limits(memory_mb=memory_mb, temp_directory=spill)
        try:
            engine = opened(transactions, reports, limits, longest.first_s, longest.end_s)
            connection = until_asked.enter_context(engine)
        except NoInput as nothing:
            raise BadCampaign(
                f"{campaign_key(min(rules))} has [candidates], which go by purchases, and there are none: {nothing}"
            ) from nothing
        yield {
            campaign: Affinity(
                connection, catalogue.offers(), categories, catalogue.plan(setting.run_date), name=f"c{number}"
            ).candidates
            for number, (campaign, catalogue) in enumerate(sorted(setting.catalogues.items()))
        }


def why_considered(
    setting: Setting, known: Valued, row: NDArray[np.int64], slot: NDArray[np.int64]
) -> tuple[pa.Array, NDArray[np.float32]] | None:
    """Return in words why offers were considered, and what affinity multiplied their effects by.

    Parameters
    ----------
    setting : Setting
        Campaigns and their catalogues.
    known : Valued
        Customers of a campaign.
    row, slot : ndarray of shape (m,)
        Who got something, and which of his candidates.

    Returns
    -------
    tuple of pyarrow.Array and ndarray, both of length m, or None
        None where the campaign has no catalogue.
    """
    found, catalogue = known.candidates, setting.catalogues.get(known.campaign.id)
    if found is None or catalogue is None:
        return None
    offer = found.offer[row, slot].astype(np.int64)
    of_category, of_partner = found.category_times[row, slot], found.partner_times[row, slot]
    # Many customers have one reason: each is put into words once.
    key = (offer << 32) | (of_category.astype(np.int64) << 16) | of_partner
    _, first, of_row = np.unique(key, return_index=True, return_inverse=True)
    rule = catalogue.campaign.candidates
    days = 0 if rule is None else rule.days
    category, partner = catalogue.rows["category"].to_pylist(), catalogue.rows["partner_id"].to_pylist()
    words = [
        _in_words(category[offer[i]], partner[offer[i]], int(of_category[i]), int(of_partner[i]), days)
        for i in first.tolist()
    ]
    times = np.ones(len(row), np.float32) if found.times is None else found.times[row, slot]
    return pa.array(words, pa.string()).take(pa.array(of_row)), times


def _in_words(category: str, partner: str, of_category: int, of_partner: int, days: int) -> str:
    """Say why an offer was considered.

    Examples
    --------
    >>> _in_words("books", "p7", 5, 2, 90)
    'bought in category books 5 times in 90 days, 2 of them at p7'
    >>> _in_words("books", "p7", 1, 0, 90), _in_words("books", "p7", 0, 0, 90)
    ('bought in category books once in 90 days', 'popular in category books')
    """
    if not of_category:
        return f"popular in category {category}"
    said = f"bought in category {category} {_times(of_category)} in {days} days"
    if of_partner == of_category:
        return f"{said}, {'all ' if of_category > 1 else ''}at {partner}"
    return f"{said}, {of_partner} of them at {partner}" if of_partner else said


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
