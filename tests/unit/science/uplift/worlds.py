"""Small made-up trials whose true effects are known."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.uplift.trial import Trial

FEATURES = {"age": "number", "spent": "number", "zone": "category"}


@dataclass(frozen=True)
class World:
    """A trial and the truth behind it."""

    trial: Trial
    effect: NDArray[np.float64]  # (rows, arms - 1)


def make_world(
    rows: int = 3000,
    *,
    seed: int = 0,
    binary: bool = False,
    heterogeneity: float = 2.0,
    level: tuple[float, ...] = (1.0, 0.5),
    noise: float = 1.0,
) -> World:
    """Draw a trial with equal shares; arm k adds its level, and for arm 1 more to the old and less to the young."""
    generator = np.random.default_rng(seed)
    age = generator.uniform(20.0, 60.0, rows)
    spent = generator.lognormal(3.0, 1.0, rows)
    zone = generator.choice(np.array(["north", "south", "east"]), rows)
    old = (age - 40.0) / 20.0
    effect = np.column_stack([np.full(rows, v) for v in level])
    effect[:, 0] += heterogeneity * old
    arms = ("none", *(f"arm {k}" for k in range(1, len(level) + 1)))
    arm = generator.integers(0, len(arms), rows)
    mean = 1.0 + 0.5 * (zone == "north") + np.column_stack([np.zeros(rows), effect])[np.arange(rows), arm]
    if binary:
        effect = effect * 0.05
        chance = 0.2 + np.column_stack([np.zeros(rows), effect])[np.arange(rows), arm]
        outcome = (generator.random(rows) < chance).astype(float)
    else:
        outcome = mean + noise * generator.normal(size=rows)
    table = pa.table({"age": age, "spent": spent, "zone": zone})
    trial = Trial.checked(table, FEATURES, arm=np.array(arms)[arm], control="none", arms=arms[1:], outcome=outcome)
    return World(trial, effect)
