"""Trials whose true effects have a known shape, and how far a learner's effects are from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.learners.fitted import FittedLearner, Learning

COLUMNS = 6
SHAPES = ("line", "steps", "interaction")


@dataclass(frozen=True)
class Shape:
    """Rows to learn from, and customers whose true effects are known."""

    learning: Learning
    customers: NDArray[np.float32]
    truth: NDArray[np.float64]  # (customers, arms - 1)

    def error(self, fitted: FittedLearner) -> float:
        """Return the root mean squared error of the effects of customers that were not in the trial, in euro."""
        return float(np.sqrt(np.mean((fitted.effect(self.customers) - self.truth) ** 2)))


def draw_shape(shape: str, seed: int, rows: int = 4000, customers: int = 4000) -> Shape:
    """Draw a trial of two arms beside the control, the outcome's noise twice the effects' spread."""
    generator = np.random.default_rng([SHAPES.index(shape), seed])
    matrix = generator.normal(size=(rows + customers, COLUMNS)).astype(np.float32)
    effect = true_effect(shape, matrix)
    arm = generator.integers(0, 3, rows)
    level = np.maximum(matrix[:rows, 2], 0.0) + 0.5 * matrix[:rows, 3]
    gained = np.column_stack([np.zeros(rows), effect[:rows]])[np.arange(rows), arm]
    outcome = level + gained + 2.0 * generator.normal(size=rows)
    learning = Learning(matrix[:rows], arm, outcome.astype(np.float64), np.full(rows, 1 / 3), arms=3, seed=seed)
    return Shape(learning, matrix[rows:], effect[rows:])


def true_effect(shape: str, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the effects of both arms: spread about 1 euro in every shape."""
    x = matrix.astype(np.float64)
    of_first = {
        "line": x[:, 0] + 0.3 * x[:, 1],
        "steps": 2.0 * (x[:, 0] > 0.5) + (x[:, 1] > 0.0),
        "interaction": x[:, 0] * x[:, 1],
    }[shape]
    return np.column_stack([of_first, 0.5 + 0.5 * of_first])
