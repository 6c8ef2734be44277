"""Which few of thousands of offers a customer is asked about, by what he bought; and what an arm's effect is at each.

The affinity of a customer to an offer is the shrunk probability that his next purchase is at its partner: that of the
category, times that of the partner within it. Who has bought little is taken to buy what everybody buys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadRequest
from jobs.science.offers.affinity_sql import (
    BOUGHT,
    CATEGORIES,
    COLD,
    KEEP,
    LEADERS,
    PARTNERS,
    POPULAR,
    PRICED,
    WEIGHTS,
    candidates_statement,
)

_BLOCK = 20_000
_MOST_TIMES = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class AffinityPlan:
    """How candidates are chosen, and how an arm's effect is spread over its offers.

    Parameters
    ----------
    first_s, end_s : int
        Purchases from the first second up to, not with, the last are looked at; epoch seconds.
    most : int
        Candidates of a customer at most, no fewer than there are arms.
    prior_purchases : float
        Purchases that popularity counts for beside a customer's own, > 0.
    strength : float
        Elasticity of the effect to relative affinity, in [-1, 1]: the effect of an arm at an offer is in proportion to
        (affinity / popularity) ** strength, and its mean over the arm's offers, as the trial drew them, is the effect
        that the trial measured. 0: an arm is worth the same at all its offers.
    most_times : float
        Most that an effect is multiplied by, >= 1; it cuts the promise and never raises it.

    Raises
    ------
    BadRequest
        If a number is out of its range.
    """

    first_s: int
    end_s: int
    most: int = 20
    prior_purchases: float = 10.0
    strength: float = 0.0
    most_times: float = 2.0

    def __post_init__(self) -> None:
        for name, fine, rule in (
            ("end_s", self.end_s > self.first_s, f"> first_s == {self.first_s}"),
            ("most", self.most >= 1, ">= 1"),
            ("prior_purchases", 0 < self.prior_purchases < np.inf, "finite and > 0"),
            ("strength", -1 <= self.strength <= 1, "in [-1, 1]"),
            ("most_times", 1 <= self.most_times < np.inf, "finite and >= 1"),
        ):
            if not fine:
                raise BadRequest(f"{name} == {getattr(self, name)}, must be {rule}.")


@dataclass(frozen=True)
class Candidates:
    """Candidates of some customers, most wanted first within what has to be there; slots that are left over are empty.

    Parameters
    ----------
    offer : ndarray of shape (n, slots), int32
        Place of the offer in the catalogue, -1 in an empty slot.
    times : ndarray of shape (n, slots), float32, or None
        What the effect of the offer's arm is multiplied by; None where every offer of an arm is worth the same.
    category_times, partner_times : ndarray of shape (n, slots), uint16
        Purchases of the customer in the offer's category and at its partner.
    """

    offer: npt.NDArray[np.int32]
    times: npt.NDArray[np.float32] | None
    category_times: npt.NDArray[np.uint16]
    partner_times: npt.NDArray[np.uint16]


class Affinity:
    """Purchases by category and partner of a catalogue, ready to be asked for the candidates of customers.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Holds ``transactions`` and ``fraud_reports`` as :func:`jobs.science.fraud.engine.opened` leaves them.
    offers : pyarrow.Table
        Columns ``arm`` (a number from 0), ``partner_id``, ``category`` and ``weight`` (how often the trial drew the
        offer among those of its arm, in any unit); a row an offer. A partner has one category.
    categories : mapping of str to str
        Category of partners beside those of the catalogue: purchases there count for the category.
    plan : AffinityPlan
        How to choose.
    name : str
        Tells tables of this catalogue from those of another in the same connection; a Python identifier.

    Raises
    ------
    BadRequest
        If a customer could not have an offer of each arm, or the catalogue is empty.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        offers: pa.Table,
        categories: Mapping[str, str],
        plan: AffinityPlan,
        name: str = "catalogue",
    ) -> None:
        arm = offers["arm"].to_numpy()
        arms = len(np.unique(arm))
        if not arms:
            raise BadRequest("the catalogue is empty: give it one offer at least.")
        if plan.most < arms:
            raise BadRequest(f"most == {plan.most}, must be at least the {arms} arms that the catalogue has offers of.")
        self._connection, self._plan, self._prefix = connection, plan, f"{name}_"
        self._slots = min(plan.most, offers.num_rows)
        partner = offers["partner_id"].combine_chunks().dictionary_encode()
        category = offers["category"].combine_chunks().dictionary_encode()
        per_arm = np.bincount(arm, offers["weight"].to_numpy())
        coded = pa.table(
            {
                "offer": np.arange(offers.num_rows, dtype=np.int32),
                "arm": arm.astype(np.int32),
                "category": category.indices.cast(pa.int32()),
                "partner": partner.indices.cast(pa.int32()),
                "weight": offers["weight"].to_numpy() / per_arm[arm],
            }
        )
        self._put("offers", coded)
        self._put("lines", _lines(coded, partner.dictionary, category.dictionary, categories))
        span = {"first_s": plan.first_s, "end_s": plan.end_s, "most": plan.most}
        for statement in (BOUGHT, CATEGORIES, PARTNERS, PRICED, LEADERS, POPULAR, *WEIGHTS):
            connection.execute(statement.format(p=self._prefix, **span))
        cold = connection.execute(COLD.format(p=self._prefix, most=plan.most)).fetchnumpy()["offer"]
        self._cold = np.asarray(cold, np.int32)[: self._slots]

    def candidates(self, account_id: pa.Array | pa.ChunkedArray) -> Candidates:
        """Return the candidates of customers, by the ids under which they pay.

        Parameters
        ----------
        account_id : Arrow array of str, length n
            Who pays; one who has bought nothing has the most popular offers.

        Returns
        -------
        Candidates
            The offers of most affinity, and of each arm the one of most; memory is some forty bytes a customer more
            than the answer.
        """
        n, shape = len(account_id), (len(account_id), self._slots)
        offer = np.full(shape, -1, np.int32)
        offer[:, : len(self._cold)] = self._cold
        times = np.ones(shape, np.float32) if self._plan.strength else None
        of_category, of_partner = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)
        plan = self._plan
        statement = candidates_statement(self._prefix, plan.most, plan.prior_purchases, plan.strength)
        for first in range(0, n, _BLOCK):
            some = account_id.slice(first, _BLOCK)
            asked = pa.table({"place": np.arange(first, first + len(some), dtype=np.int64), "account_id": some})
            self._connection.register("asked", asked)
            rows = self._connection.sql(statement).fetchnumpy()
            self._connection.unregister("asked")
            at = rows["place"], rows["rank"] - 1
            # A warm customer's list may be longer or shorter than that of a cold one.
            offer[np.unique(rows["place"])] = -1
            offer[at] = rows["offer"]
            of_category[at] = np.minimum(rows["of_category"], _MOST_TIMES)
            of_partner[at] = np.minimum(rows["of_partner"], _MOST_TIMES)
            if times is not None:
                times[at] = np.minimum(rows["times"], plan.most_times)
        return Candidates(offer, times, of_category, of_partner)

    def _put(self, name: str, rows: pa.Table) -> None:
        self._connection.register("handed", rows)
        self._connection.execute(KEEP.format(p=self._prefix, name=name))
        self._connection.unregister("handed")


def _lines(offers: pa.Table, partners: pa.Array, categories: pa.Array, others: Mapping[str, str]) -> pa.Table:
    """Return which partners' purchases count for which category: those of the catalogue, and others in its lines."""
    own = offers.select(["partner", "category"]).group_by(["partner", "category"]).aggregate([])
    if own.num_rows != len(partners):
        twice = next(v["values"] for v in pc.value_counts(own["partner"]).to_pylist() if v["counts"] > 1)
        raise BadRequest(f"partner {partners[twice].as_py()!r} has two categories: give all its offers one.")
    listed, known = set(partners.to_pylist()), {c: i for i, c in enumerate(categories.to_pylist())}
    beside = sorted((p, known[c]) for p, c in others.items() if p not in listed and c in known)
    return pa.table(
        {
            "partner_id": pa.concat_arrays(
                [partners.take(own["partner"].combine_chunks()), pa.array([p for p, _ in beside], pa.string())]
            ),
            "partner": np.concatenate([own["partner"].to_numpy(), np.full(len(beside), -1)]).astype(np.int32),
            "category": np.concatenate([own["category"].to_numpy(), [c for _, c in beside]]).astype(np.int32),
        }
    )
