"""The rival to beat: pairs by value per cost, best first, each taken while it fits."""

import numpy as np

from jobs.science.offers.night import Night
from jobs.science.offers.night_rounding import NOTHING, Slots, affordable_eur, room_of


def greedy_offers(night: Night) -> Slots:
    """Return the choices of walking once through all pairs of positive value in order of value per cost.

    Pairs that cost nothing come first, the most valuable before the others; equals in order of customer, then slot.
    Minimums are not looked at.

    Parameters
    ----------
    night : Night
        Checked question, small: the walk takes one pair at a time.
    """
    slot = np.full((night.customers, night.menu.campaigns), -1, np.int16)
    if not night.customers:
        return slot
    block = night.block(np.arange(night.customers))
    cost = block.cost.astype(np.float64)
    ratio = np.where(block.value > 0, block.value.astype(np.float64), -np.inf) / np.maximum(cost, 1e-12)
    arm_of = np.broadcast_to(block.arm, ratio.shape)
    room = room_of(night, NOTHING)
    left = block.contacts.copy()
    most = affordable_eur(night, room)
    for place in np.argsort(-ratio, axis=None, kind="stable").tolist():
        row, at = divmod(place, ratio.shape[1])
        if ratio[row, at] == -np.inf:
            break
        arm = int(arm_of[row, at])
        campaign = int(night.campaign[arm])
        if left[row] < 1 or slot[row, campaign] >= 0 or cost[row, at] > most[arm]:
            continue
        slot[row, campaign], left[row] = at, left[row] - 1
        room = room - night.use(np.array([arm]), cost[row, at : at + 1])
        most = affordable_eur(night, room)
    return slot
