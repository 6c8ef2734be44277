"""The repair of what parts picked: draws first, then one choice of all that is close, within every limit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.allocate_offers.exploring import counts_of, fitting, left_of, used
from jobs.allocate_offers.handed_over import best_of_open, picked_columns, picks_of
from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.told import Broadcast
from jobs.science.offers.answer import Scarcity, scarcities
from jobs.science.offers.night_dual import limits_at
from jobs.science.offers.shards import ShardPicks
from jobs.science.offers.shards_joined import join_shards

Read = Callable[[Sequence[str]], Iterable[pa.Table]]
"""Gives columns of what was handed over, piece after piece."""


@dataclass(frozen=True)
class Repaired:
    """The whole night, piece after piece, and its certificate.

    Parameters
    ----------
    arm : list of ndarray of shape (customers, campaigns)
        Arm of the menu of each customer, -1 for nothing.
    net_eur : list of ndarray of shape (customers, campaigns)
        Value of each choice, euro; 0 for nothing.
    moved : list of ndarray of bool of shape (customers,)
        Whose choice is not what the prices alone had picked.
    resources : tuple of Scarcity
        Use and price of every resource.
    value_eur, dual_bound_eur, gap : float
        Of all offers together.
    taken_back, opened : int
        Settled offers that did not fit, and customers who were left to the repair.
    exploration : mapping or None
        ``customers``, ``taken_back`` and ``cost_eur`` of the draws.
    """

    arm: list[NDArray[np.int16]]
    net_eur: list[NDArray[np.float32]]
    moved: list[NDArray[np.bool_]]
    resources: tuple[Scarcity, ...]
    value_eur: float
    dual_bound_eur: float
    gap: float
    taken_back: int
    opened: int
    exploration: Mapping[str, Any] | None

    @property
    def offers(self) -> list[NDArray[np.int64]]:
        """How many offers each customer gets, piece after piece."""
        return [(of_piece >= 0).sum(axis=1) for of_piece in self.arm]


def repair(told: Broadcast, read: Read, seed: int) -> Repaired:
    """Put together what all parts picked and drew.

    Parameters
    ----------
    told : Broadcast
        What all parts were told.
    read : callable
        Gives columns of what they handed over.
    seed : int
        Seed of the lot among equals.
    """
    setting, price = told.setting, told.prices.price_eur
    picks, given_up = [], 0.0
    for rows in read(picked_columns(setting)):
        given_up += float(rows["given_up_eur"].to_numpy().sum(dtype=np.float64))
        picks.append(picks_of(rows, setting))
    draws = _Draws.of(setting, read)
    menu = setting.menu if draws is None else left_of(setting.menu, draws.taken(setting))
    joined = join_shards(menu, picks, told.prices, seed=seed)
    arm, net, moved = [], [], []
    for number, (pick, of_shard) in enumerate(zip(picks, joined.arm, strict=True)):
        of_arm = of_shard.copy()
        of_net = _values(pick, of_shard, setting)
        moved.append(_moved(pick, of_shard, told))
        if draws is not None:
            draws.put(number, of_arm, of_net)
        arm.append(of_arm)
        net.append(of_net)
    value_eur = float(sum(of.sum(dtype=np.float64) for of in net))
    bound_eur = joined.dual_bound_eur + given_up + limits_at(setting.menu, price) - limits_at(menu, price)
    use = used(setting.menu, setting.cost_eur, counts_of(arm, len(setting.cost_eur)))
    return Repaired(
        arm=arm,
        net_eur=net,
        moved=moved,
        resources=scarcities(setting.menu, use, price),
        value_eur=value_eur,
        dual_bound_eur=bound_eur,
        gap=min(max(0.0, 1.0 - value_eur / bound_eur), 1.0) if bound_eur > 0 else 0.0,
        taken_back=joined.taken_back,
        opened=joined.opened,
        exploration=None if draws is None else draws.told(given_up),
    )


@dataclass(frozen=True)
class _Draws:
    """What was drawn in all pieces, and which of it stays."""

    piece: NDArray[np.int64]
    row: NDArray[np.int64]
    campaign: NDArray[np.int64]
    arm: NDArray[np.int64]
    value: NDArray[np.float32]
    worth: NDArray[np.float64]
    stays: NDArray[np.bool_]
    explorers: int

    @classmethod
    def of(cls, setting: Setting, read: Read) -> "_Draws | None":
        if not any(campaign.exploration for campaign in setting.campaigns):
            return None
        names = ("explored", "drawn_arm", "drawn_value_eur", "drawn_worth_eur")
        found: list[tuple[NDArray[Any], ...]] = []
        explorers = 0
        numbers = range(len(setting.campaigns))
        for number, rows in enumerate(read([f"{name}_{c}" for c in numbers for name in names])):
            explored = [rows[f"explored_{c}"].fill_null(False).to_numpy() for c in numbers]
            explorers += int(np.any(explored, axis=0).sum())
            for c in numbers:
                arm = rows[f"drawn_arm_{c}"].to_numpy()
                row = np.flatnonzero(arm >= 0)
                of_row = (arm[row], rows[f"drawn_value_eur_{c}"].to_numpy()[row],
                          rows[f"drawn_worth_eur_{c}"].to_numpy()[row])  # fmt: skip
                found.append((np.full(len(row), number), row, np.full(len(row), c), *of_row))
        piece, row, campaign, arm, value, worth = (np.concatenate(column) for column in zip(*found, strict=True))
        arm = arm.astype(np.int64)
        stays = fitting(setting.menu, setting.cost_eur, arm, worth)
        return cls(piece, row, campaign, arm, value, worth, stays, explorers)

    def taken(self, setting: Setting) -> NDArray[np.float64]:
        """Return what the draws use of each resource."""
        return used(setting.menu, setting.cost_eur, counts_of(self.arm[self.stays], len(setting.cost_eur)))

    def put(self, piece: int, arm: NDArray[np.int16], net_eur: NDArray[np.float32]) -> None:
        """Write the draws of a piece among its choices."""
        mine = np.flatnonzero((self.piece == piece) & self.stays)
        arm[self.row[mine], self.campaign[mine]] = self.arm[mine]
        net_eur[self.row[mine], self.campaign[mine]] = self.value[mine]

    def told(self, given_up_eur: float) -> dict[str, Any]:
        """Return what the report says: at the night's prices, what was given up less what the draws are worth."""
        return {
            "customers": self.explorers,
            "taken_back": int((~self.stays).sum()),
            "cost_eur": given_up_eur - float(self.worth[self.stays].sum()),
        }


def _values(pick: ShardPicks, arm: NDArray[np.int16], setting: Setting) -> NDArray[np.float32]:
    """Return the value of each choice."""
    campaign = np.array(setting.menu.campaign)
    net = np.zeros(arm.shape, np.float32)
    kept = arm[pick.row, campaign[pick.arm]] == pick.arm
    net[pick.row[kept], campaign[pick.arm[kept]]] = pick.value[kept]
    row = np.repeat(pick.open_row, np.diff(pick.open_first))
    got = arm[row, campaign[pick.open_arm]] == pick.open_arm
    net[row[got], campaign[pick.open_arm[got]]] = pick.open_value[got]
    return net


def _moved(pick: ShardPicks, arm: NDArray[np.int16], told: Broadcast) -> NDArray[np.bool_]:
    """Return whose choice is not what the prices alone would have picked."""
    menu = told.setting.menu
    campaign = np.array(menu.campaign)
    moved = np.zeros(len(arm), np.bool_)
    moved[pick.row] |= arm[pick.row, campaign[pick.arm]] != pick.arm
    best = np.full((len(pick.open_row), menu.campaigns), -1, np.int64)
    found = best_of_open(pick, told.setting, told)
    best[found.row, found.campaign] = found.arm
    moved[pick.open_row] = (arm[pick.open_row] != best).any(axis=1)
    return moved
