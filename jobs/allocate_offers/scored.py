"""Customers of a campaign with the effect of each arm, their risk, and what each arm is worth for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.runtime.campaign import Campaign
from jobs.runtime.stores import Stores
from jobs.science.offers.eligibility import screen
from jobs.science.offers.holdout import below, id_numbers
from jobs.science.offers.value import net_value
from jobs.tables.outputs import CUSTOMER_RISK

SCORE_COLUMNS = ("customer_id", "account_id", "consent", "arm", "effect_eur", "model_version")
"""Columns of ``uplift_scores`` that are read."""


@dataclass(frozen=True)
class Scored:
    """Scores of a campaign, a row a customer, in order of their ids.

    Parameters
    ----------
    customer_id, account_id : pyarrow arrays of length n
        Who, and under which id the customer pays.
    consent : ndarray of bool of shape (n,)
        Whether contact is allowed.
    effect_eur : ndarray of shape (n, k)
        Effect of each arm.
    model_version : str
        Model that made them.
    twice : ndarray of bool of shape (n,)
        Customers that stood in two files; each is one customer here.
    """

    customer_id: pa.Array
    account_id: pa.Array
    consent: NDArray[np.bool_]
    effect_eur: NDArray[np.float64]
    model_version: str
    twice: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64]) -> "Scored":
        """Return some of the customers."""
        place = pa.array(rows)
        return Scored(
            self.customer_id.take(place),
            self.account_id.take(place),
            self.consent[rows],
            self.effect_eur[rows],
            self.model_version,
            self.twice[rows],
        )


@dataclass(frozen=True)
class Valued:
    """What each arm is worth for scored customers, and who may be offered one.

    Parameters
    ----------
    scored : Scored
        The customers.
    number : ndarray of shape (n,), uint64
        Each id's number under the campaign; those of two ids are hardly ever equal.
    fraud : ndarray of shape (n,)
        Probability that a purchase is fraud.
    refused : ndarray of shape (n,), int8
        Reason why no offer is allowed, or OFFERED where one is.
    value : ndarray of shape (n, k), float32
        Net euro of each arm.
    cost : ndarray of shape (k,)
        Cost of a contact, euro.
    """

    scored: Scored
    number: NDArray[np.uint64]
    fraud: NDArray[np.float64]
    refused: NDArray[np.int8]
    value: NDArray[np.float32]
    cost: NDArray[np.float64]


def scored(campaign: Campaign, rows: pa.Table) -> Scored:
    """Lay rows of ``uplift_scores`` out by customer.

    Of a customer that stands in two files the lowest effect counts, and one row without consent is enough.

    Parameters
    ----------
    campaign : Campaign
        Whose arms these are.
    rows : pyarrow.Table
        Columns :data:`SCORE_COLUMNS`, one row or more, in any order: the same scores always give the same answer.
    """
    rows = rows.combine_chunks()
    who = rows["customer_id"].combine_chunks().dictionary_encode()
    in_order = pc.sort_indices(who.dictionary).to_numpy()
    place = np.empty(len(in_order), np.int64)
    place[in_order] = np.arange(len(in_order))
    customer = place[who.indices.to_numpy()]
    names = pa.array([arm.name for arm in campaign.arms])
    arm = pc.fill_null(pc.index_in(rows["arm"], value_set=names), -1).to_numpy().astype(np.int64)
    effect_of_row = rows["effect_eur"].to_numpy()
    # The first row of a customer is that of his first arm and its lowest effect.
    order = _in_order(customer, _by_name(rows["arm"]), effect_of_row)
    customer, arm, effect_of_row = customer[order], arm[order], effect_of_row[order]
    new = np.concatenate([[True], customer[1:] != customer[:-1]])
    first = np.flatnonzero(new)
    again = (arm[1:] >= 0) & ~new[1:] & (arm[1:] == arm[:-1])
    lowest = arm >= 0
    lowest[1:] &= ~again
    effect = np.full((len(first), len(names)), np.nan)
    effect[customer[lowest], arm[lowest]] = effect_of_row[lowest]
    twice = np.zeros(len(first), np.bool_)
    twice[customer[1:][again]] = True
    consent = rows["consent"].to_numpy()[order]
    return Scored(
        customer_id=who.dictionary.take(pa.array(in_order)),
        account_id=rows["account_id"].combine_chunks().take(pa.array(order[first])),
        consent=np.logical_and.reduceat(consent, first),
        # An arm that the model never learnt is worth nothing, and so is never offered.
        effect_eur=np.nan_to_num(effect),
        model_version=rows["model_version"][0].as_py(),
        twice=twice,
    )


def valued(campaign: Campaign, customers: Scored, risk: pa.Table, mean_risk: float | None = None) -> Valued:
    """Screen customers and value each arm for them.

    Parameters
    ----------
    campaign : Campaign
        Its arms, its limits.
    customers : Scored
        Who.
    risk : pyarrow.Table
        Columns ``customer_id`` and ``fraud_probability``; rows of these customers' accounts at least.
    mean_risk : float, optional
        Fraud probability of who has paid nothing lately, in [0, 1]; by default the mean of `risk`.
    """
    fraud = fraud_probability(customers.account_id, risk, mean_risk)
    number = id_numbers(customers.customer_id, campaign.id)
    refused = screen(customers.consent, fraud, campaign.fraud_limit, below(number, campaign.holdout_share))
    cost = np.array([arm.contact_cost_eur for arm in campaign.arms])
    value = net_value(customers.effect_eur, cost, fraud, campaign.fraud_loss_eur)
    return Valued(customers, number, fraud, refused, value, cost)


def fraud_probability(account_id: pa.Array, risk: pa.Table, mean: float | None = None) -> NDArray[np.float64]:
    """Look up each customer's fraud probability; who has paid nothing lately gets the mean of the others.

    Parameters
    ----------
    account_id : pyarrow array of length n
        Under which id the customer pays.
    risk : pyarrow.Table
        Columns ``customer_id`` and ``fraud_probability``.
    mean : float, optional
        The mean; by default that of `risk`, 0 if it has no rows.
    """
    known = risk["fraud_probability"].to_numpy()
    if mean is None:
        mean = float(known.mean()) if len(known) else 0.0
    if not len(known):
        return np.full(len(account_id), mean)
    place = pc.fill_null(pc.index_in(account_id, value_set=risk["customer_id"].combine_chunks()), -1).to_numpy()
    return np.where(place >= 0, known[place], mean)


def mean_risk(run_date: date, stores: Stores) -> float:
    """Return the mean fraud probability of all who have paid lately; 0 where nothing is known."""
    parts = [p["fraud_probability"].to_numpy() for p in _risks(run_date, stores, ["fraud_probability"])]
    count = sum(map(len, parts))
    return float(sum(p.sum() for p in parts) / count) if count else 0.0


def risk_of(account_id: pa.Array, run_date: date, stores: Stores) -> pa.Table:
    """Return the risk of some accounts; all risks are read, a piece in memory at a time."""
    names = ["customer_id", "fraud_probability"]
    accounts = account_id.unique()
    found = [p.filter(pc.is_in(p["customer_id"], value_set=accounts)) for p in _risks(run_date, stores, names)]
    schema = pa.schema([CUSTOMER_RISK.schema.field(name) for name in names])
    return pa.concat_tables([schema.empty_table(), *(p.cast(schema) for p in found)])


def cap_limits(campaign: Campaign, most: int) -> npt.NDArray[np.int64]:
    """Return the cap of each arm; `most`, as many as there can be, where it has none."""
    return np.array([most if arm.cap is None else arm.cap for arm in campaign.arms], np.int64)


def _risks(run_date: date, stores: Stores, names: list[str]) -> Iterable[pa.Table]:
    return stores.tables.read(CUSTOMER_RISK, {"run_date": run_date}, names)


def _in_order(
    customer: NDArray[np.int64], arm: NDArray[np.int16], effect_eur: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the order by customer, arm and effect; cheap where rows are nearly in order, and no pair stands twice."""
    pair = customer * (int(arm.max()) + 1) + arm
    order = np.argsort(pair, kind="stable")
    if (pair[order][1:] == pair[order][:-1]).any():
        order = np.lexsort((effect_eur, pair))
    return order


def _by_name(arms: pa.ChunkedArray) -> NDArray[np.int16]:
    """Return numbers in the order of the arms' names."""
    coded = arms.combine_chunks().dictionary_encode()
    in_order = pc.sort_indices(coded.dictionary).to_numpy()
    place = np.empty(len(in_order), np.int16)
    place[in_order] = np.arange(len(in_order))
    return np.asarray(place[coded.indices.to_numpy()])
