"""What the tables of the night, and of the nights before, know of some customers; a piece in memory at a time."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.runtime.house_rules import HouseRules
from jobs.runtime.stores import Stores
from jobs.tables.declare import Table
from jobs.tables.outputs import CUSTOMER_RISK, CUSTOMER_SEGMENTS, OFFERS


def mean_risk(run_date: date, stores: Stores) -> float:
    """Return the mean fraud probability of all who have paid lately; 0 where nothing is known."""
    parts = stores.tables.read(CUSTOMER_RISK, {"run_date": run_date}, ["fraud_probability"])
    sums = [(p["fraud_probability"].to_numpy().sum(), p.num_rows) for p in parts]
    count = sum(rows for _, rows in sums)
    return float(sum(total for total, _ in sums) / count) if count else 0.0


def fraud_probability(account_id: pa.Array, run_date: date, mean: float, stores: Stores) -> NDArray[np.float64]:
    """Return each customer's fraud probability; who has paid nothing lately gets the mean of the others.

    Parameters
    ----------
    account_id : pyarrow array of length n
        Under which id the customer pays.
    run_date : datetime.date
        Which night.
    mean : float
        What :func:`mean_risk` returned.
    stores : Stores
        Where ``customer_risk`` is.
    """
    found = np.full(len(account_id), mean)
    for place, rows in _matches(account_id, CUSTOMER_RISK, {"run_date": run_date}, "fraud_probability", stores):
        found[place] = rows.to_numpy()
    return found


def segments(customer_id: pa.Array, run_date: date, stores: Stores) -> pa.Array:
    """Return the name of each customer's segment tonight, missing where there is none."""
    names: dict[str, int] = {}
    found = np.full(len(customer_id), -1, np.int32)
    for place, rows in _matches(customer_id, CUSTOMER_SEGMENTS, {"run_date": run_date}, "segment_name", stores):
        coded = rows.dictionary_encode()
        numbers = [names.setdefault(name, len(names)) for name in coded.dictionary.to_pylist()]
        found[place] = np.array(numbers, np.int32)[coded.indices.to_numpy()]
    return pa.array(list(names), pa.string()).take(pa.array(found, mask=found < 0))


def contacts_left(customer_id: pa.Array, run_date: date, rules: HouseRules, stores: Stores) -> NDArray[np.int64] | None:
    """Return how many contacts each customer may still get tonight, None where the house has no such rule.

    Offers of the nights before count as contacts, those of the night itself do not: it is decided anew.
    """
    if rules.contacts is None:
        return None
    first, last = run_date - timedelta(days=rules.contacts.days - 1), run_date - timedelta(days=1)
    made = np.zeros(len(customer_id), np.int64)
    if first <= last:
        where = {"run_date": (first, last), "status": "offered"}
        for rows in stores.tables.read(OFFERS, where, ["customer_id"]):
            place = pc.index_in(rows["customer_id"], value_set=customer_id).drop_null().to_numpy()
            made += np.bincount(place, minlength=len(made))
    return np.maximum(rules.contacts.most - made, 0)


def _matches(
    ids: pa.Array, table: Table, where: Mapping[str, Any], column: str, stores: Stores
) -> Iterable[tuple[NDArray[np.int64], pa.Array]]:
    """Yield places of ids that a piece of a table knows, with what stands in a column there."""
    for rows in stores.tables.read(table, where, ["customer_id", column]):
        place = pc.index_in(ids, value_set=rows["customer_id"].combine_chunks())
        known = np.flatnonzero(pc.is_valid(place).to_numpy(zero_copy_only=False))
        if len(known):
            yield known, rows[column].combine_chunks().take(place.drop_null())
