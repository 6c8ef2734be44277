"""Trading names of partners, as the partners input has them."""

from collections.abc import Iterable

from jobs.runtime.stores import Stores
from jobs.tables.inputs import PARTNERS


def partner_names(ids: Iterable[str], stores: Stores) -> dict[str, str]:
    """Return the trading names of partners, as far as the partners input knows them; of two files the later one counts.

    Raises
    ------
    BadFile
        If a file of the input cannot be read.
    BadSchema
        If a file lacks the partner's id.
    """
    wanted = set(ids)
    names: dict[str, str] = {}
    for file in stores.inputs.files(PARTNERS.name):
        for rows in stores.inputs.read(file, PARTNERS):
            if "name" in rows.column_names:
                pairs = zip(rows["partner_id"].to_pylist(), rows["name"].to_pylist(), strict=True)
                names |= {str(partner): str(name) for partner, name in pairs if partner in wanted and name}
    return names
