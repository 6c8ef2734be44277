"""In a process of its own: draw a trial as a table, encode it, fit the default learner, look at its effects.

``python -m tests.bench.uplift_fit_parts ROWS FEATURES THREADS`` prints what it took; the drawing is in the peak, not in
the seconds.
"""

import json
import sys

import numpy as np
import pyarrow as pa

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.learners.fit import DEFAULT, fit_learner
from jobs.science.uplift.learners.fitted import FittedLearner, Learning
from tests.bench.cpu_seconds import timed

SEED = 20261122
SEEN = 100_000
"""Rows whose effects are held against the truth."""


def main(rows: int, features: int, threads: int) -> None:
    """Fit; print what came out."""
    rng = np.random.default_rng([SEED, rows])
    names = [f"feature_{i:02d}" for i in range(features)]
    table = pa.table({name: pa.array(rng.normal(size=rows)) for name in names})
    arm = rng.integers(0, 2, rows)
    truth = 1.0 + table[names[1]].to_numpy()
    outcome = table[names[0]].to_numpy() + arm * truth + rng.normal(size=rows)
    first = truth[:SEEN].copy()
    del truth
    done: list[tuple[FittedLearner, np.ndarray]] = []

    def fit() -> None:
        encoder = FeatureEncoder.fit(table, dict.fromkeys(names, "number"))
        matrix = encoder.transform(table)
        learning = Learning(matrix, arm, outcome, np.full(rows, 0.5), arms=2, seed=SEED, num_threads=threads)
        done.append((fit_learner(DEFAULT, learning), matrix[:SEEN]))

    took = timed(fit)
    fitted, seen = done[0]
    effect = fitted.effect(seen)[:, 0]
    print(
        json.dumps(
            {
                "wall_s": round(took.wall_s, 2),
                "cpu_s": round(took.cpu_s, 2),
                "correlation_with_truth": round(float(np.corrcoef(effect, first)[0, 1]), 4),
            }
        )
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
