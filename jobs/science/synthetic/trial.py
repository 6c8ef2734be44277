"""The randomised trial of the made-up world: who was drawn into which arm, and what came of it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.science.synthetic.campaign import (
    ARMS,
    CAMPAIGN_ID,
    CONTROL,
    CONTROL_PROPENSITY,
    FEATURES,
    OUTCOME_WINDOW_DAYS,
    VISITS,
)
from jobs.science.synthetic.draws import DAY_US, Floats, Ints, Stream, generator, identifiers, timestamps, words
from jobs.science.synthetic.people import People, behave
from jobs.tables.inputs import TRIAL

ARM_NAMES = (CONTROL, *(a.name for a in ARMS))
PROPENSITIES = np.array([CONTROL_PROPENSITY, *(a.propensity for a in ARMS)])
TRIAL_TABLE = TRIAL.extended((*FEATURES, VISITS))

_FIRST_CONTACT_DAYS_AGO = 75
_LAST_CONTACT_DAYS_AGO = 25


@dataclass(frozen=True)
class Outcome:
    """What came of the trial in one block.

    Parameters
    ----------
    unit : ndarray of shape (n,)
        Place of the customer in the block.
    arm : ndarray of shape (n,)
        Place in ARM_NAMES.
    visits : ndarray of shape (n,)
        Visits seen so far within the outcome window.
    net_margin_eur : ndarray of shape (n,)
        Margin of those visits less the discounts redeemed.
    matured_us : ndarray of shape (n,)
        When the outcome window closes, microseconds after the end of the run's date; positive is still open.
    """

    unit: Ints
    arm: Ints
    visits: Floats
    net_margin_eur: Floats
    matured_us: Ints


def draw_trial(seed: int, block: int, people: People, share: float) -> Outcome:
    """Draw the trial of one block: a random share of the customers who consent.

    Parameters
    ----------
    seed, block : int
        Seed of the world, number of the block.
    people : People
        The customers of that block.
    share : float
        Share of the customers who took part, in [0, 1].
    """
    r = generator(seed, Stream.TRIAL, block)
    n = len(people.number)
    takes_part = (r.random(n) < share) & people.consent
    arm = r.choice(len(ARM_NAMES), n, p=PROPENSITIES)
    contact_us = -r.integers(_LAST_CONTACT_DAYS_AGO * DAY_US, _FIRST_CONTACT_DAYS_AGO * DAY_US, n)
    seen_share = np.minimum(-contact_us / (OUTCOME_WINDOW_DAYS * DAY_US), 1.0)
    behaviour = behave(people)
    row = np.arange(n)
    # Habit is steadier than chance: a customer has a few occasions to come and takes each with the same probability.
    occasions = np.ceil(1.1 * behaviour.visits.max(axis=1))
    visits = r.binomial(occasions.astype(np.int64), behaviour.visits[row, arm] / occasions * seen_share)
    redeemed = r.binomial(visits, behaviour.redeems[row, arm])
    basket_noise = r.gamma(20.0, 1 / 20.0, n)
    discount = np.array([0.0, *(a.discount_eur for a in ARMS)])[arm]
    net = visits * behaviour.margin_eur * basket_noise - redeemed * discount
    unit = np.flatnonzero(takes_part)
    return Outcome(
        unit=unit,
        arm=arm[unit],
        visits=visits[unit].astype(np.float64),
        net_margin_eur=np.round(net[unit], 4),
        matured_us=contact_us[unit] + OUTCOME_WINDOW_DAYS * DAY_US,
    )


def table(outcome: Outcome, people: People, keep: int, end_us: int) -> pa.Table:
    """Return the trial's rows of the first `keep` customers of a block, of schema TRIAL_TABLE.

    Parameters
    ----------
    outcome : Outcome
        The trial of that block.
    people : People
        The customers of that block.
    keep : int
        Customers of the block that belong to the world.
    end_us : int
        End of the run's date, microseconds since 1970.
    """
    inside = outcome.unit < keep
    unit, arm = outcome.unit[inside], outcome.arm[inside]
    columns = {
        "customer_id": identifiers("c", people.number[unit], 8),
        "campaign_id": pa.array([CAMPAIGN_ID] * len(unit), pa.string()),
        "arm": words(arm, ARM_NAMES),
        "propensity": pa.array(PROPENSITIES[arm]),
        "net_margin_eur": pa.array(outcome.net_margin_eur[inside]),
        "matured_at": timestamps(end_us + outcome.matured_us[inside]),
        "visits": pa.array(outcome.visits[inside]),
    } | {c.name: people.seen(c.name).take(pa.array(unit)) for c in FEATURES}
    schema = TRIAL_TABLE.schema
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)
