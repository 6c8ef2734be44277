"""Made-up trials: rows of two or three arms with a past, skewed spend, orders and clusters."""

import numpy as np

SEED = 20261107
COLUMNS = ("spend", "orders", "visit", "past_spend", "past_orders", "cluster")


def rows(n: int, seed: int = SEED, effect: float = 0.0) -> dict[str, np.ndarray]:
    """Units whose spend, orders and visits hang on their past and on the cluster that they belong to."""
    generator = np.random.default_rng(seed)
    cluster = np.sort(generator.integers(0, max(n // 5, 1), n))
    shared = generator.normal(0.0, 0.4, n)[cluster]
    taste = generator.normal(0.0, 1.0, n)
    past_orders = generator.poisson(np.exp(0.4 + 0.3 * taste))
    past_spend = past_orders * generator.lognormal(2.0 + 0.2 * taste, 0.6)
    orders = generator.poisson(np.exp(0.5 + 0.3 * taste + 0.5 * shared + effect))
    spend = orders * generator.lognormal(2.0 + 0.2 * taste + 0.3 * shared, 0.8)
    visit = (generator.random(n) < 1.0 / (1.0 + np.exp(1.0 - 0.5 * taste - shared - effect))).astype(np.int64)
    return {
        "spend": spend,
        "orders": orders,
        "visit": visit,
        "past_spend": past_spend,
        "past_orders": past_orders,
        "cluster": cluster,
    }


def two_arms(n: int = 2000) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Units and their arm, 0 or 1, unequal in size, with an effect of some percent."""
    found = rows(n)
    arm = (np.random.default_rng(SEED + 1).random(n) < 0.4).astype(np.int64)
    found["spend"] = found["spend"] * (1.0 + 0.07 * arm)
    return found, arm
