"""In a process of its own: fit every learner, score the same rows with EconML and with the portable scorer.

``python -m tests.bench.uplift_learners_parts ROWS`` prints one object a learner.
"""

import json
import sys
from typing import Any

import numpy as np

from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.export import FittedUplift, export_scorer
from jobs.science.uplift.learners.fit import LEARNERS, PORTABLE, fit_learner
from jobs.science.uplift.learners.fitted import FittedLearner, Learning
from jobs.science.uplift.learners.linear_dml import FittedLinearDML
from jobs.science.uplift.scorer import PortableScorer
from tests.bench.cpu_seconds import alternating, timed
from tests.bench.uplift_world import ARMS, CONTROL, FEATURES, customers, outcome_of

SEED = 20261122
ROUNDS = 5
NAMES = (CONTROL, *ARMS)


def main(rows: int) -> None:
    """Fit, export, compare, time; print what came out."""
    table = customers(rows, SEED)
    encoder = FeatureEncoder.fit(table, dict.fromkeys(FEATURES, "number"))
    matrix = encoder.transform(table)
    rng = np.random.default_rng([SEED, rows])
    arm = rng.integers(0, len(NAMES), rows)
    shares = np.full(rows, 1 / len(NAMES))
    learning = Learning(matrix, arm, outcome_of(matrix, arm, rng), shares, arms=len(NAMES), seed=SEED)
    print(json.dumps({name: _measured(name, learning, encoder) for name in LEARNERS}))


def _measured(name: str, learning: Learning, encoder: FeatureEncoder) -> dict[str, Any]:
    fitted: list[FittedLearner] = []
    fit = timed(lambda: fitted.append(fit_learner(name, learning)))
    learner, matrix = fitted[0], learning.matrix
    if name not in PORTABLE:
        took = timed(lambda: learner.effect(matrix))
        return {"fit_cpu_s": round(fit.cpu_s, 3), "score_rows_per_cpu_s": round(len(matrix) / took.cpu_s)}
    # EconML is given what it was fitted to, ready made; the portable scorer makes it for itself.
    seen = learner.columns.standardised(matrix) if isinstance(learner, FittedLinearDML) else matrix
    model = learner.model  # type: ignore[attr-defined]
    unchanged = tuple(ArmCalibration(0.0, 0.0, 1.0) for _ in ARMS)
    export = export_scorer(FittedUplift(NAMES, encoder, learner, unchanged), matrix)
    portable = PortableScorer.from_files(export.files)
    took = alternating(
        {
            "econml": lambda: np.column_stack([model.effect(seen, T0=0, T1=a) for a in range(1, len(NAMES))]),
            "portable": lambda: portable.learnt_effect(matrix, 1),
        },
        ROUNDS,
    )
    return {
        "fit_cpu_s": round(fit.cpu_s, 3),
        "score_rows_per_cpu_s": round(len(matrix) / took["portable"].cpu_s),
        "econml_rows_per_cpu_s": round(len(matrix) / took["econml"].cpu_s),
        "speedup": round(took["econml"].cpu_s / took["portable"].cpu_s, 3),
        "max_diff_sd": export.max_diff_sd,
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
