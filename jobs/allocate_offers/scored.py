"""Scores of a campaign laid out by customer: who, and the effect of each arm on him."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadRows
from jobs.runtime.campaign import Campaign

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


def scored(campaign: Campaign, rows: pa.Table) -> Scored:
    """Lay rows of ``uplift_scores`` out by customer.

    Of a customer that stands in two files the lowest effect counts, and one row without consent is enough.

    Parameters
    ----------
    campaign : Campaign
        Whose arms these are.
    rows : pyarrow.Table
        Columns :data:`SCORE_COLUMNS`, one row or more, in any order: the same scores always give the same answer.

    Raises
    ------
    BadRows
        If an effect is missing or infinite.
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
    wrong = np.flatnonzero(~np.isfinite(effect_of_row))
    if len(wrong):
        row = int(order[wrong[0]])
        who, what = rows["customer_id"][row].as_py(), rows["arm"][row].as_py()
        raise BadRows(
            f"uplift_scores, customer {who!r}, arm {what!r}: effect_eur == {effect_of_row[wrong[0]]}, must be finite: "
            "look at the model and score the campaign again."
        )
    twice = np.zeros(len(first), np.bool_)
    twice[customer[1:][again]] = True
    consent = rows["consent"].to_numpy()[order]
    return Scored(
        customer_id=who.dictionary.take(pa.array(in_order)),
        account_id=rows["account_id"].combine_chunks().take(pa.array(order[first])),
        consent=np.logical_and.reduceat(consent, first),
        # An arm that the model never learnt is worth nothing, and so is never offered.
        effect_eur=np.nan_to_num(effect, copy=False),
        model_version=rows["model_version"][0].as_py(),
        twice=twice,
    )


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
