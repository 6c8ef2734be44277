"""Random allocation problems of many kinds, and slow, plain answers to hold the fast one against."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

KINDS = ("plain", "ties", "all tied", "negative", "dominant", "free", "heavy tail", "one price")


@dataclass(frozen=True)
class Instance:
    value: np.ndarray
    cost: np.ndarray
    budget_eur: float
    caps: np.ndarray
    eligible: np.ndarray | None


def make(kind, n, k, seed, budget_share=0.3, cap_share=0.15, masked=False):
    r = np.random.default_rng(seed)
    value = r.normal(1.0, 2.0, (n, k))
    cost = r.uniform(0.1, 3.0, (n, k))
    if kind == "ties":
        value, cost = np.round(value), np.round(cost) + 1
    elif kind == "all tied":
        value, cost = np.full((n, k), 2.0), np.full((n, k), 0.5)
    elif kind == "negative":
        value = -np.abs(value)
    elif kind == "dominant":
        value[:, 0] = np.abs(value).max(axis=1, initial=0) + 5
    elif kind == "free":
        cost *= r.random((n, k)) < 0.5
    elif kind == "heavy tail":
        value = np.exp(r.normal(0, 2.0, (n, k))) - 1
        cost = np.exp(r.normal(-1, 1.0, (n, k)))
    elif kind == "one price":
        cost = np.broadcast_to(np.linspace(0.1, 1.0, k), (n, k))
    value = value.astype(np.float32)
    best = value.argmax(axis=1) if n else np.empty(0, int)
    wished = float(cost[np.arange(n), best][value[np.arange(n), best] > 0].sum()) if n else 0.0
    caps = np.floor(r.uniform(0, 2 * cap_share, k) * n + r.integers(0, 2, k))
    eligible = r.random((n, k)) < 0.8 if masked else None
    return Instance(value, np.asarray(cost, np.float64), budget_share * wished, caps, eligible)


def instances(most_customers=60, most_arms=6):
    return st.builds(
        make,
        kind=st.sampled_from(KINDS),
        n=st.integers(0, most_customers),
        k=st.integers(1, most_arms),
        seed=st.integers(0, 2**32),
        budget_share=st.sampled_from([0.0, 0.05, 0.3, 0.7, 2.0, float("inf")]).map(
            lambda s: 1e9 if s == float("inf") else s
        ),
        cap_share=st.sampled_from([0.0, 0.05, 0.3, 5.0]),
        masked=st.booleans(),
    )


def value_of(instance, arm):
    row = np.flatnonzero(arm >= 0)
    return float(instance.value[row, arm[row]].sum(dtype=np.float64))


def assert_feasible(instance, arm):
    """No budget, cap or mask is broken, and nobody gets an arm that is worth nothing."""
    row = np.flatnonzero(arm >= 0)
    assert instance.cost[row, arm[row]].sum() <= instance.budget_eur * (1 + 1e-9)
    assert (np.bincount(arm[row], minlength=len(instance.caps)) <= instance.caps).all()
    assert (instance.value[row, arm[row]] > 0).all()
    if instance.eligible is not None:
        assert instance.eligible[row, arm[row]].all()


def greedy_by_sorting(instance):
    """Value per cost the plain way: sort all pairs, walk, take what fits."""
    n, k = instance.value.shape
    allowed = instance.value > 0
    if instance.eligible is not None:
        allowed &= instance.eligible
    ratio = np.where(allowed, instance.value.astype(np.float64), -np.inf) / np.maximum(instance.cost, 1e-12)
    arm, left, room = np.full(n, -1), instance.budget_eur * (1 + 1e-9), instance.caps.copy()
    for place in np.argsort(-ratio.ravel(), kind="stable"):
        i, j = divmod(int(place), k)
        if ratio[i, j] == -np.inf:
            break
        if arm[i] < 0 and room[j] >= 1 and instance.cost[i, j] <= left:
            arm[i], left, room[j] = j, left - instance.cost[i, j], room[j] - 1
    return arm


def best_by_highs(instance, whole=True):
    """The optimum by HiGHS: exact with whole offers, an upper bound with fractions of them."""
    n, k = instance.value.shape
    pair = np.arange(n * k)
    one = np.ones(n * k)
    rows = sparse.vstack(
        [
            sparse.csr_matrix((one, (pair // k, pair)), shape=(n, n * k)),
            sparse.csr_matrix(instance.cost.ravel()[None]),
            sparse.csr_matrix((one, (pair % k, pair)), shape=(k, n * k)),
        ]
    )
    limits = np.concatenate([np.ones(n), [instance.budget_eur], instance.caps])
    allowed = np.ones(n * k) if instance.eligible is None else instance.eligible.ravel().astype(float)
    answer = milp(
        -instance.value.ravel().astype(np.float64),
        constraints=LinearConstraint(rows, -np.inf, limits),
        bounds=Bounds(0, allowed),
        integrality=one if whole else None,
        options={"mip_rel_gap": 1e-4, "time_limit": 20},
    )
    return -answer.fun
