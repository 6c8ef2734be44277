"""The choice of a night: prices and offers from the solver, draws for explorers first, and no limit broken."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.allocate_offers.exploring import Drawn, counts_of, drawn, fitting, left_of, scale_eur, used
from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.together import Together
from jobs.allocate_offers.valued import Valued
from jobs.science.offers.answer import Answer, Scarcity
from jobs.science.offers.menu import Menu
from jobs.science.offers.pairs import DensePairs, SparsePairs
from jobs.science.offers.solve import solve


@dataclass(frozen=True)
class Decision:
    """Who gets what, and its certificate.

    Parameters
    ----------
    arm : ndarray of shape (n, campaigns)
        Arm of the menu that each customer gets of each campaign, -1 for none.
    repaired : ndarray of bool of shape (n, campaigns)
        Where a limit, a lot or an exchange changed what prices or chance had chosen.
    drawn : Drawn or None
        What chance gave to explorers, before limits took any of it back.
    resources : tuple of Scarcity
        Use and price of every resource.
    value_eur, dual_bound_eur, gap : float
        Value, the bound that no choice can exceed, and the part of it that may be missing, in [0, 1].
    exploration_cost_eur : float
        Expected net euro that exploring gave up, against the choice without it.
    """

    arm: NDArray[np.int64]
    repaired: NDArray[np.bool_]
    drawn: Drawn | None
    resources: tuple[Scarcity, ...]
    value_eur: float
    dual_bound_eur: float
    gap: float
    exploration_cost_eur: float


def decide(known: Together, seed: int) -> Decision:
    """Choose for all customers of a night.

    Parameters
    ----------
    known : Together
        Customers, values, and what is allowed.
    seed : int
        Seed of the lot among equals and of the draws.

    Raises
    ------
    BadRequest
        If a minimum cannot be kept; it is named, with by how much.
    """
    setting = known.setting
    best = solve(setting.menu, known.pairs(), seed=seed)
    chance = drawn(known, best.price_eur, scale_eur(known.value, known.allowed), seed)
    if chance is None:
        repaired = np.repeat(best.moved[:, None], len(setting.campaigns), axis=1)
        return Decision(
            best.arm.astype(np.int64),
            repaired,
            None,
            best.resources,
            best.value_eur,
            best.dual_bound_eur,
            best.gap,
            0.0,
        )
    kept = kept_draws(setting, chance)
    taken = used(setting.menu, setting.cost_eur, counts_of(kept, len(setting.cost_eur)))
    rest = solve(left_of(setting.menu, taken), beside(known, chance, kept), seed=seed)
    arm = rest.arm.astype(np.int64)
    arm[chance.row] = np.where(chance.explores, kept, arm[chance.row])
    repaired = np.repeat(rest.moved[:, None], len(setting.campaigns), axis=1)
    repaired[chance.row] = np.where(chance.explores, kept != chance.arm, repaired[chance.row])
    value_eur = known.value_of(arm)
    bound = best.dual_bound_eur
    return Decision(
        arm=arm,
        repaired=repaired,
        drawn=chance,
        resources=counted_again(setting, best.resources, arm),
        value_eur=value_eur,
        dual_bound_eur=bound,
        gap=max(0.0, 1.0 - value_eur / bound) if bound > 0 else 0.0,
        exploration_cost_eur=best.value_eur - value_eur,
    )


def kept_draws(setting: Setting, chance: Drawn) -> NDArray[np.int64]:
    """Return the draws with -1 for those that limits take back, shape (m, campaigns)."""
    at = np.nonzero(chance.arm >= 0)
    stays = fitting(setting.menu, setting.cost_eur, chance.arm[at], chance.surplus_eur[at])
    kept = chance.arm.copy()
    kept[at] = np.where(stays, kept[at], -1)
    return kept


def counted_again(setting: Setting, resources: tuple[Scarcity, ...], arm: Any) -> tuple[Scarcity, ...]:
    """Return resources of the night with what these choices use of each."""
    counts = counts_of(arm, len(setting.cost_eur))
    amounts = used(setting.menu, setting.cost_eur, counts)
    limits = zip(resources, setting.menu.resources, amounts, strict=True)
    return tuple(replace(r, used=float(a), most=float(of.most), least=float(of.least)) for r, of, a in limits)


def without_partner_limits(known: Together, seed: int, menu: Menu | None = None) -> Answer:
    """Return the choice that the night would be if no partner were over a risk limit: what the limits cost."""
    setting = known.setting
    valued = tuple(None if of is None else _free(of, setting) for of in known.valued)
    free = replace(known, setting=setting.without_partner_risk(), valued=valued)
    return solve(menu or setting.menu, free.pairs(), seed=seed)


def _free(known: Valued, setting: Setting) -> Valued:
    loss_eur = known.spread(setting.partner_loss_eur(known.campaign).astype(np.float32))
    return replace(known, value=known.value + loss_eur, masked=np.zeros_like(known.masked))


def beside(known: Together, chance: Drawn, kept: NDArray[np.int64]) -> DensePairs | SparsePairs:
    """Return what is left to be decided beside the draws, of which `kept` are made."""
    allowed = known.allowed
    if allowed.ndim == 1:
        allowed = np.repeat(allowed[:, None], known.value.shape[1], axis=1)
    allowed = allowed.copy()
    allowed[chance.row] &= ~chance.explores[:, known.campaign_of]
    left = None
    if known.contacts_left is not None and len(known.setting.campaigns) > 1:
        left = known.contacts_left.copy()
        left[chance.row] -= (kept >= 0).sum(axis=1)
    return known.pairs_within(allowed, left)


def scaled(menu: Menu, share: float) -> Menu:
    """Return a menu for a sample: every limit in proportion, customers rounded, minimums set aside."""
    return Menu(
        menu.arms,
        menu.campaign,
        tuple(
            replace(r, most=r.most * share if r.unit == "eur" else np.round(r.most * share), least=0.0)
            for r in menu.resources
        ),
    )
