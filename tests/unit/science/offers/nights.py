"""Random nights of many kinds, and slow, plain answers to hold the fast one against."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.pairs import DensePairs, SparsePairs
from tests.unit.science.offers.instances import KINDS, make


@dataclass(frozen=True)
class Asked:
    menu: Menu
    value: np.ndarray
    cost: np.ndarray
    eligible: np.ndarray
    contacts: np.ndarray | None

    def pairs(self, listed=False):
        """Dense, or the eligible pairs of everybody as candidates."""
        if not listed:
            return DensePairs(self.value, self.cost, self.eligible, self.contacts)
        first = np.concatenate([[0], np.cumsum(self.eligible.sum(axis=1))])
        row, arm = np.nonzero(self.eligible)
        return SparsePairs(first, arm, self.value[row, arm], self.cost[row, arm], self.contacts)

    def rows(self, whole=slice(None)):
        return Asked(
            self.menu,
            self.value[whole],
            self.cost[whole],
            self.eligible[whole],
            None if self.contacts is None else self.contacts[whole],
        )


def night(kind, n, k, seed, campaigns=1, budget_share=0.3, cap_share=0.15, least_share=0.0, short=False, masked=False):
    """Budgets over all arms and over every other one, a cap for each arm, windows, and minimums for some."""
    r = np.random.default_rng([seed, n, k])
    drawn = make(kind, n, k, seed, 1.0, cap_share, masked)
    campaign = tuple(sorted(range(campaigns))) + tuple(int(g) for g in r.integers(0, campaigns, max(k - campaigns, 0)))
    campaign = campaign[:k]
    campaign = tuple(int(g) for g in np.unique(campaign, return_inverse=True)[1])
    budget = drawn.budget_eur * budget_share
    every = tuple(range(k))
    window = tuple(j for j in every if j % 3 == 0)
    caps = np.maximum(drawn.caps, 0)
    least = np.floor(np.where(r.random(k) < 0.4, r.uniform(0, least_share, k) * n, 0))
    resources = [Resource("budget", "eur", every, budget)]
    resources.append(Resource("partner", "eur", tuple(j for j in every if j % 2), 0.4 * budget))
    resources.append(Resource("window", "customers", window, float(np.floor(0.3 * n))))
    for j in every:
        low = min(least[j], caps[j]) if least_share else 0.0
        resources.append(Resource(f"arm {j}", "customers", (j,), float(caps[j]), float(low)))
    contacts = r.integers(0, campaigns + 1, n) if short else None
    eligible = np.ones((n, k), bool) if drawn.eligible is None else drawn.eligible
    return Asked(
        Menu(tuple(f"arm {j}" for j in every), campaign, tuple(resources)), drawn.value, drawn.cost, eligible, contacts
    )


def nights(most_customers=60, most_arms=6, least=True):
    return st.builds(
        night,
        kind=st.sampled_from(KINDS),
        n=st.integers(0, most_customers),
        k=st.integers(1, most_arms),
        seed=st.integers(0, 2**32),
        campaigns=st.integers(1, 4),
        budget_share=st.sampled_from([0.0, 0.05, 0.3, 0.7, 2.0, 1e9]),
        cap_share=st.sampled_from([0.0, 0.05, 0.3, 5.0]),
        least_share=st.sampled_from([0.0, 0.05, 0.3] if least else [0.0]),
        short=st.booleans(),
        masked=st.booleans(),
    )


def chosen(arm):
    """Customer and arm of every offer."""
    row, campaign = np.nonzero(arm >= 0)
    return row, arm[row, campaign].astype(int)


def value_of(asked, arm):
    return float(asked.value[chosen(arm)].sum(dtype=np.float64))


def uses(asked, arm):
    row, given = chosen(arm)
    cost = asked.cost[row, given]
    for resource in asked.menu.resources:
        mine = np.isin(given, resource.arms)
        yield resource, float(cost[mine].sum() if resource.unit == "eur" else mine.sum())


def assert_within_limits(asked, arm):
    """No resource is above its most or below its least, nobody gets two arms of a campaign or too many contacts."""
    row, given = chosen(arm)
    campaign = np.array(asked.menu.campaign)
    assert arm.shape == (len(asked.value), asked.menu.campaigns)
    assert (campaign[given] == np.nonzero(arm >= 0)[1]).all()
    assert asked.eligible[row, given].all()
    if asked.contacts is not None:
        assert ((arm >= 0).sum(axis=1) <= asked.contacts).all()
    needed = {j for r in asked.menu.resources if r.least > 0 for j in r.arms}
    assert all(asked.value[i, j] > 0 or j in needed for i, j in zip(row, given, strict=True))
    for resource, used in uses(asked, arm):
        assert used <= resource.most * (1 + 2e-9), resource
        assert used >= resource.least, resource


def greedy_by_walking(asked):
    """Value per cost the plain way: sort all pairs, walk, take what fits; minimums are not looked at."""
    n, k = asked.value.shape
    ratio = np.where((asked.value > 0) & asked.eligible, asked.value.astype(np.float64), -np.inf)
    ratio = ratio / np.maximum(asked.cost, 1e-12)
    arm = np.full((n, asked.menu.campaigns), -1)
    left = np.full(n, 99) if asked.contacts is None else asked.contacts.copy()
    room = [r.most * (1 + 1e-9) for r in asked.menu.resources]
    for place in np.argsort(-ratio.ravel(), kind="stable"):
        i, j = divmod(int(place), k)
        if ratio[i, j] == -np.inf:
            break
        g = asked.menu.campaign[j]
        draws = [
            (number, asked.cost[i, j] if r.unit == "eur" else 1)
            for number, r in enumerate(asked.menu.resources)
            if j in r.arms
        ]
        if arm[i, g] < 0 and left[i] > 0 and all(amount <= room[number] for number, amount in draws):
            arm[i, g], left[i] = j, left[i] - 1
            for number, amount in draws:
                room[number] -= amount
    return arm


def best_by_highs(asked, whole=True, seconds=20):
    """The optimum by HiGHS: exact with whole offers, a bound with fractions; None where there is none."""
    n, k = asked.value.shape
    pair = np.arange(n * k)
    row, column = pair // k, pair % k
    campaign = np.array(asked.menu.campaign)
    parts = [sparse.csr_matrix((np.ones(n * k), (row * asked.menu.campaigns + campaign[column], pair)))]
    parts[0].resize((n * asked.menu.campaigns, n * k))
    upper = [np.ones(n * asked.menu.campaigns)]
    lower = [np.full(n * asked.menu.campaigns, -np.inf)]
    if asked.contacts is not None:
        parts.append(sparse.csr_matrix((np.ones(n * k), (row, pair)), shape=(n, n * k)))
        upper.append(asked.contacts.astype(float))
        lower.append(np.full(n, -np.inf))
    for resource in asked.menu.resources:
        mine = np.isin(column, resource.arms)
        amount = asked.cost.ravel() if resource.unit == "eur" else np.ones(n * k)
        parts.append(sparse.csr_matrix(np.where(mine, amount, 0.0)[None]))
        upper.append([resource.most])
        lower.append([resource.least])
    answer = milp(
        -asked.value.ravel().astype(np.float64),
        constraints=LinearConstraint(sparse.vstack(parts).tocsc(), np.concatenate(lower), np.concatenate(upper)),
        bounds=Bounds(0, asked.eligible.ravel().astype(float)),
        integrality=np.ones(n * k) if whole else None,
        options={"mip_rel_gap": 1e-4, "time_limit": seconds},
    )
    return None if answer.fun is None else -answer.fun
