"""Customers of the made-up world: the features one sees, and what each arm truly does to them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.science.synthetic.campaign import ARMS
from jobs.science.synthetic.draws import BLOCK_CUSTOMERS, Bools, Floats, Ints, Stream, generator, words
from jobs.science.synthetic.habits import draw_habits

CHANNELS = ("app", "store", "web")
REGIONS = ("coast", "east", "north", "south", "west")

_MISSING_SHARE = {"age_years": 0.08, "open_share": 0.12, "basket_eur": 0.02, "channel": 0.03}
_MARGIN_SHARE = 0.22
_VISITS_PER_PURCHASE = 28 / 90


@dataclass(frozen=True)
class People:
    """One block of customers as they truly are.

    Parameters
    ----------
    number : ndarray of shape (n,)
        Number of each customer in the world.
    numbers : dict of str to ndarray of shape (n,)
        Numeric features, complete: effects are made of these.
    codes : dict of str to ndarray of shape (n,)
        Categories, as places in their vocabulary.
    missing : dict of str to ndarray of shape (n,)
        Where a feature is not seen.
    consent : ndarray of shape (n,)
        Whether the customer may be contacted.
    habit : ndarray of shape (n,)
        Way of paying, as a place in HABITS.
    """

    number: Ints
    numbers: dict[str, Floats]
    codes: dict[str, Ints]
    missing: dict[str, Bools]
    consent: Bools
    habit: Ints

    def seen(self, name: str) -> Any:
        """Return a feature as files show it: an Arrow array with nulls where it is missing."""
        missing = self.missing.get(name)
        if name in self.codes:
            return words(self.codes[name], CHANNELS if name == "channel" else REGIONS, missing)
        return pa.array(self.numbers[name], mask=missing)


@dataclass(frozen=True)
class Behaviour:
    """What a customer does within the outcome window, in expectation.

    Parameters
    ----------
    visits : ndarray of shape (n, 1 + arms)
        Expected visits under control (first column) and under each arm.
    redeems : ndarray of shape (n, 1 + arms)
        Probability in [0, 1] that a visit redeems the offer; 0 under control.
    margin_eur : ndarray of shape (n,)
        Margin of one visit before redemption.
    """

    visits: Floats
    redeems: Floats
    margin_eur: Floats

    @property
    def effects_eur(self) -> Floats:
        """Expected net margin of each arm less that of the control, shape (n, arms), euro."""
        discount = np.array([0.0, *(a.discount_eur for a in ARMS)])
        net = self.visits * (self.margin_eur[:, None] - self.redeems * discount)
        return np.asarray(net[:, 1:] - net[:, :1], dtype=np.float64)


def draw_people(seed: int, block: int, *, habits: bool = True) -> People:
    """Draw one block of customers.

    Parameters
    ----------
    seed : int
        Seed of the world.
    block : int
        Number of the block, >= 0.
    habits : bool
        Whether customers pay in different ways; without them all pay as the first habit does.

    Returns
    -------
    People
        BLOCK_CUSTOMERS customers.
    """
    n = BLOCK_CUSTOMERS
    r = generator(seed, Stream.PEOPLE, block)
    engagement = r.standard_normal(n)
    channel = r.choice(3, n, p=[0.4, 0.35, 0.25])
    young = channel == 0
    numbers = {
        "age_years": np.round(np.clip(r.normal(47, 15, n) - 8 * young, 18, 92)),
        "recency_days": np.round(np.clip(r.gamma(1.3, 45 * np.exp(-0.7 * engagement)), 0, 720)),
        "purchases_90d": r.poisson(np.exp(0.9 + 0.75 * engagement)).astype(np.float64),
        "basket_eur": np.round(np.exp(r.normal(3.55, 0.5, n)), 2),
        "app_sessions_30d": r.poisson(np.exp(0.9 + 0.4 * engagement) * np.where(young, 3.0, 0.4)).astype(np.float64),
        "open_share": np.round(r.beta(2, 3, n), 3),
        "discount_share": np.round(r.beta(1.6, 2.2, n), 3),
        "contacts_30d": r.poisson(r.gamma(2.0, 1.6, n)).astype(np.float64),
    }
    return People(
        number=np.arange(block * n, (block + 1) * n),
        numbers=numbers,
        codes={"channel": channel.astype(np.int64), "region": r.integers(0, len(REGIONS), n)},
        missing={name: r.random(n) < share for name, share in _MISSING_SHARE.items()},
        consent=r.random(n) < 0.94,
        habit=draw_habits(seed, block) if habits else np.zeros(n, np.int64),
    )


def behave(people: People) -> Behaviour:
    """Return what each customer does under control and under each arm, in expectation.

    Four kinds of customers come out of it, by degrees: lapsed bargain hunters, whom an offer brings back (the right
    arm depends on age, app use and basket); regulars, who come anyway, come a little more often with an offer, and
    redeem it on every visit, so that visits rise and net margin falls; the tired, who have had many contacts and open
    few, and whom one more drives away; and those to whom nothing makes a difference.
    """
    x = people.numbers
    app = people.codes["channel"] == 0
    base = 0.04 + 0.85 * _VISITS_PER_PURCHASE * x["purchases_90d"] * np.exp(-x["recency_days"] / 240)
    margin = _MARGIN_SHARE * x["basket_eur"]

    lapsed = np.exp(-(((np.log1p(x["recency_days"]) - np.log(70.0)) / 0.8) ** 2))
    bargain = 0.15 + 1.1 * x["discount_share"]
    persuadable = lapsed * bargain / (1 + 0.6 * base)
    tired = _logistic(0.9 * (x["contacts_30d"] - 5.0) - 5.0 * (x["open_share"] - 0.3))
    morning = _logistic((x["age_years"] - 46.0) / 5.0 - 0.15 * (x["app_sessions_30d"] - 4.0))
    frugal = 0.06 + 0.5 * _logistic((34.0 - x["basket_eur"]) / 6.0)
    window = {"morning": 0.35 + 1.1 * morning, "evening": 0.35 + 1.1 * (1.0 - morning)}
    offer = {
        "cashback": 0.55 + 0.75 * _logistic((x["basket_eur"] - 45.0) / 8.0),
        "points": 0.35 + 0.45 * app,
    }
    keen = 0.3 * x["discount_share"] + 0.25 * (1.0 - np.exp(-base))
    redeems = {"cashback": 0.42 + keen, "points": 0.35 + keen}

    visits, redeemed = [base], [np.zeros_like(base)]
    for arm in ARMS:
        moved = 1.4 * persuadable * offer[arm.offer] * window[arm.contact_window]
        pulled = base * frugal * (1.3 if arm.offer == "cashback" else 0.9)
        lost = tired * (0.35 * base + 0.8 * moved + 0.05)
        visits.append(np.maximum(base + moved + pulled - lost, 0.01))
        redeemed.append(redeems[arm.offer])
    return Behaviour(visits=np.stack(visits, 1), redeems=np.stack(redeemed, 1), margin_eur=margin)


def _logistic(z: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-z)), dtype=np.float64)
