"""An allocation as rows of ``offers``: what each customer gets of a campaign and how sure it is, or why nothing."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.allocate_offers.exploring import Drawn
from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.together import Together
from jobs.runtime.campaign import Campaign
from jobs.science.offers.eligibility import OFFER_REASONS, Reason, in_words
from jobs.science.offers.propensities import log_propensities

FACTS = pa.schema(
    {
        "customer_id": pa.string(),
        "fraud_probability": pa.float64(),
        "segment": pa.string(),
        "consent": pa.bool_(),
        "explored": pa.bool_(),
        "propensity": pa.float64(),
        "propensities": pa.string(),
    }
)
"""What an offer says of its customer and of how it was chosen."""


def facts(together: Together, number: int, chance: Drawn | None) -> pa.Table:
    """Return what is known of the customers of a campaign, whatever they get; none where it scored none of them.

    Parameters
    ----------
    together : Together
        All customers.
    number : int
        Place of the campaign among the night's.
    chance : Drawn or None
        What was drawn for explorers among all.
    """
    known, place = together.valued[number], together.place[number]
    if known is None:
        return FACTS.empty_table()
    m = len(place)
    explored, propensity = np.zeros(m, np.bool_), np.ones(m)
    texts = pa.nulls(m, pa.string())
    if chance is not None:
        mine = np.flatnonzero(chance.explores[:, number])
        rows = np.searchsorted(place, chance.row[mine])
        explored[rows], propensity[rows] = True, chance.propensity[mine, number]
        names = [known.campaign.control, *(arm.name for arm in together.setting.of_file(known.campaign).arms)]
        of_arms = chance.propensities[mine, together.slots[number]]
        if known.candidates is not None:
            # Offers of one arm are alike to whoever learns from the draw: what is logged is the arm.
            arm_of = together.setting.arm_of(known.campaign)
            of_arms = _by_arm(known.spread(arm_of)[rows], of_arms, len(names) - 1)
            drawn = chance.arm[mine, number]
            got = np.flatnonzero(drawn >= 0)
            propensity[rows[got]] = of_arms[got, arm_of[drawn[got] - together.setting.arms_of(number).start]]
        logged = log_propensities(names, np.column_stack([chance.nothing[mine, number], of_arms]))
        at = np.full(m, -1, np.int64)
        at[rows] = np.arange(len(rows))
        texts = logged.take(pa.array(at, mask=at < 0))
    return pa.table(
        {
            "customer_id": known.scored.customer_id,
            "fraud_probability": pa.array(known.fraud),
            "segment": together.segment.take(pa.array(place)),
            "consent": pa.array(known.scored.consent),
            "explored": pa.array(explored),
            "propensity": pa.array(propensity),
            "propensities": texts,
        }
    )


def _by_arm(arm_of_slot: NDArray[np.int64], of_slots: NDArray[np.float64], arms: int) -> NDArray[np.float64]:
    """Return probabilities of slots as those of the arms that their offers are of, shape (m, arms)."""
    of_arms = [np.where(arm_of_slot == arm, of_slots, 0.0).sum(axis=1) for arm in range(arms)]
    # Of what is certain rounding must not make more than 1.
    return np.asarray(np.minimum(np.column_stack(of_arms), 1.0), np.float64)


def final_reasons(
    otherwise: NDArray[np.int8],
    arm: NDArray[np.integer[Any]],
    net_eur: NDArray[np.float32],
    explored: NDArray[np.bool_],
    used_up: NDArray[np.bool_],
) -> NDArray[np.int8]:
    """Return the reason of each customer, once all is decided.

    Parameters
    ----------
    otherwise : ndarray of shape (m,)
        Reason if the customer gets nothing; OFFERED is none.
    arm : ndarray of shape (m,)
        Arm of the campaign, -1 for nothing.
    net_eur : ndarray of shape (m,)
        Value of the choice, 0 for nothing.
    explored : ndarray of bool of shape (m,)
        Whose choice was drawn.
    used_up : ndarray of bool of shape (m,)
        Who gets as many offers tonight as the house rules leave him: then it was another campaign's that was better.
    """
    got = arm >= 0
    offered = np.where(net_eur > 0, Reason.OFFERED, Reason.COMMITTED)
    nothing = np.where((otherwise == Reason.OUTBID) & used_up, Reason.CONTACT_LIMIT, otherwise)
    reason = np.where(got, np.where(explored, Reason.DRAWN, offered), nothing)
    return np.where(explored & ~got, Reason.DRAWN_NOTHING, reason).astype(np.int8)


def ranks(net_eur: Sequence[NDArray[np.float32]], customer_id: Iterable[pa.Array]) -> list[NDArray[np.int64]]:
    """Return the place of each offer among all, best first, equal ones in the order of ids: a rerun ranks alike.

    Parameters
    ----------
    net_eur : sequence of ndarray
        Value of each offer, piece by piece.
    customer_id : iterable of pyarrow array
        Who gets it, in the same pieces.

    Examples
    --------
    >>> [r.tolist() for r in ranks([np.float32([1, 3]), np.float32([1])], [pa.array(["b", "c"]), pa.array(["a"])])]
    [[3, 1], [2]]
    """
    # Copied, because ids that were sliced out of a file keep all of it in memory.
    ids = pa.chunked_array([pa.concat_arrays([piece]) for piece in customer_id], pa.string())
    everyone = pa.table({"net": np.concatenate([*net_eur, np.empty(0, np.float32)]), "id": ids})
    order = pc.sort_indices(everyone, sort_keys=[("net", "descending"), ("id", "ascending")]).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    return np.split(rank, np.cumsum([len(piece) for piece in net_eur])[:-1])


def offer_rows(
    setting: Setting,
    campaign: Campaign,
    known: pa.Table,
    model_version: str,
    arm: NDArray[np.integer[Any]],
    net_eur: NDArray[np.float32],
    rank: NDArray[np.int64],
    reason: NDArray[np.int8],
    repaired: NDArray[np.bool_],
    of_candidates: tuple[pa.Array, NDArray[np.float32]] | None = None,
) -> pa.Table:
    """Lay an allocation out as rows of ``offers``.

    Parameters
    ----------
    setting : Setting
        What the night rests on.
    campaign : Campaign
        Its arms.
    known : pyarrow.Table of n rows
        Columns of :data:`FACTS`.
    model_version : str
        Model that made the scores.
    arm : ndarray of shape (n,)
        Arm of the campaign for each customer, -1 for nothing.
    net_eur, rank : ndarray of shape (m,)
        Value and place of each of the m customers who get something.
    reason : ndarray of shape (n,)
        Values of Reason.
    repaired : ndarray of bool of shape (n,)
        Whether a limit, a lot or an exchange changed the choice.
    of_candidates : tuple of pyarrow.Array and ndarray, both of length m, optional
        Where offers are those of a catalogue: why each was considered, and what affinity multiplied the effect by.
    """
    chosen = arm >= 0
    why = pa.array(words_of(campaign)).take(pa.array(reason))
    times = np.ones(len(net_eur), np.float32)
    if of_candidates is not None:
        considered, times = of_candidates
        at = np.zeros(len(arm), np.int64)
        at[chosen] = np.arange(len(net_eur))
        added = considered.take(pa.array(at, mask=~chosen))
        why = pc.coalesce(pc.binary_join_element_wise(why, added, ": "), why)
    place = pa.array(np.where(chosen, arm, 0).astype(np.int32), mask=~chosen)

    def of_arm(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind).take(place)

    def of_chosen(values: NDArray[Any]) -> pa.Array:
        spread = np.zeros(len(arm), values.dtype)
        spread[chosen] = values
        return pa.array(spread, mask=~chosen | np.isnan(spread))

    fraud = known["fraud_probability"].to_numpy()
    half = half_widths(setting, campaign, arm[chosen], net_eur, fraud[chosen], times)
    net = net_eur.astype(np.float64)
    explored = known["explored"].to_numpy()
    assignment = np.where(explored, 2, (reason == Reason.HOLDOUT).astype(np.int8))
    return pa.table(
        {
            "customer_id": known["customer_id"],
            "arm": of_arm(_arm_names(setting, campaign), pa.string()),
            "offer": of_arm([a.offer for a in campaign.arms], pa.string()),
            "partner_id": of_arm([a.partner_id for a in campaign.arms], pa.string()),
            "contact_window": of_arm([a.contact_window for a in campaign.arms], pa.string()),
            "status": pa.array([_status(r) for r in Reason]).take(pa.array(reason)),
            "assignment": pa.array(["treatment", "holdout", "exploration"]).take(pa.array(assignment)),
            "reason": why,
            "rank": of_rank(rank, chosen),
            "expected_net_eur": of_chosen(net),
            "expected_net_low_eur": of_chosen(net - half),
            "expected_net_high_eur": of_chosen(net + half),
            "cost_eur": of_arm([a.contact_cost_eur for a in campaign.arms], pa.float64()),
            "fraud_probability": known["fraud_probability"],
            "segment": known["segment"],
            "consent": known["consent"],
            "propensity": known["propensity"],
            "propensities": known["propensities"],
            "repaired": pa.array(repaired),
            "expires_on": of_arm([setting.expires_on(campaign, a) for a in campaign.arms], pa.date32()),
            "model_version": pa.repeat(model_version, len(arm)),
            "policy_version": pa.repeat(setting.policy_version[campaign.id], len(arm)),
        }
    )


def of_rank(rank: NDArray[np.int64], chosen: NDArray[np.bool_]) -> pa.Array:
    """Return the ranks of those who get something, missing for the others."""
    spread = np.zeros(len(chosen), np.int64)
    spread[chosen] = rank
    return pa.array(spread, mask=~chosen)


def half_widths(
    setting: Setting,
    campaign: Campaign,
    arm: NDArray[np.integer[Any]],
    net_eur: NDArray[np.float32],
    fraud: NDArray[np.float64],
    times: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return half the width of the interval of each offer, NaN where the model's card does not say how sure it is."""
    sure = setting.certainty.get(campaign.id, {})
    cost = np.array([a.contact_cost_eur for a in campaign.arms]) + setting.partner_loss_eur(campaign)
    # The interval is that of the arm's effect, of which an offer has so many times.
    effect = (net_eur + cost[arm] + fraud * campaign.fraud_loss_eur) / times
    half = np.full(len(arm), np.nan)
    kind = setting.arm_of(campaign)[arm]
    for place, of_arm in enumerate(setting.of_file(campaign).arms):
        if of_arm.name in sure:
            mine = kind == place
            half[mine] = sure[of_arm.name].half_width_eur(effect[mine]) * times[mine]
    return half


def _arm_names(setting: Setting, campaign: Campaign) -> list[str]:
    """Return the arm of the trial that each arm of a campaign is one of."""
    names = [arm.name for arm in setting.of_file(campaign).arms]
    return [names[of] for of in setting.arm_of(campaign).tolist()]


def words_of(campaign: Campaign) -> tuple[str, ...]:
    """Return the sentence of each Reason, as the campaign has it."""
    return in_words(campaign.fraud_limit, campaign.minimum_value_eur)


def _status(reason: Reason) -> str:
    if reason in OFFER_REASONS:
        return "offered"
    return "holdout" if reason is Reason.HOLDOUT else "nothing"
