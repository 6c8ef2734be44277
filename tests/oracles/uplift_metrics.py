"""Make the oracle figures of the ranking metrics by calling scikit-uplift and CausalML themselves.

Run once, in an environment of its own outside the repository (scikit-uplift 0.5.1, causalml 0.18.0):

    python -m tests.oracles.uplift_metrics tests/unit/science/uplift/ranking_oracles.json

CausalML leaves tied rows to an unstable sort, so it is asked about distinct uplifts only.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from causalml.metrics import auuc_score, qini_score
from sklift.metrics import qini_auc_score, qini_curve, uplift_at_k, uplift_auc_score

SEED = 20261101


def cases() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Outcome, uplift, treatment of every case."""
    generator = np.random.default_rng(SEED)

    def draw(rows: int, share: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        treatment = (generator.random(rows) < share).astype(int)
        uplift = generator.permutation(rows) / rows - 0.4
        outcome = (generator.random(rows) < 0.3 + 0.2 * treatment * uplift).astype(int)
        return outcome, uplift, treatment

    five = tuple(np.array(v) for v in ([1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], [1, 0, 1, 0, 0]))
    found = {"five rows": five, "distinct": draw(120), "four treated to one control": draw(120, 0.8)}
    outcome, uplift, treatment = draw(120)
    found["harmful"] = (np.where(treatment == 1, outcome * (uplift > 0), 1 - outcome), uplift, treatment)
    outcome, uplift, treatment = draw(60)
    found["no control among the first"] = (outcome, uplift, np.where(uplift > 0.4, 1, treatment))
    outcome, uplift, treatment = draw(60)
    found["no treated among the first"] = (outcome, uplift, np.where(uplift > 0.4, 0, treatment))
    outcome, uplift, treatment = draw(120)
    found["money"] = (np.round(outcome * generator.lognormal(3.0, 1.0, 120), 2), uplift, treatment)
    outcome, uplift, treatment = draw(120)
    found["many ties"] = (outcome, np.round(uplift, 1), treatment)
    outcome, uplift, treatment = draw(120)
    found["two values"] = (outcome, (uplift > 0).astype(float), treatment)
    outcome, uplift, treatment = draw(60)
    found["all tied"] = (outcome, np.full(60, 0.25), treatment)
    return found


def answers(outcome: np.ndarray, uplift: np.ndarray, treatment: np.ndarray) -> dict[str, Any]:
    """What the packages say."""
    said: dict[str, Any] = {}
    given = (outcome, uplift, treatment)
    if set(np.unique(outcome)) <= {0, 1}:
        rows, gain = qini_curve(*given)
        said |= {
            "qini_auc_score": float(qini_auc_score(*given)),
            "uplift_auc_score": float(uplift_auc_score(*given)),
            "curve_rows": [int(r) for r in rows],
            "curve_gain": [float(g) for g in gain],
            "uplift_at_k": [
                [k, strategy, float(uplift_at_k(*given, strategy=strategy, k=k))]
                for k in (0.3, 0.5, 0.8)
                for strategy in ("overall", "by_group")
            ],
        }
    if len(np.unique(uplift)) == len(uplift):
        frame = pd.DataFrame({"y": outcome, "w": treatment, "model": uplift})
        said |= {
            "causalml_auuc_score": float(auuc_score(frame)["model"]),
            "causalml_qini_score": float(qini_score(frame)["model"]),
        }
    return said


def main(path: str) -> None:
    packages = ", ".join(f"{n} {version(n)}" for n in ("scikit-uplift", "causalml", "scikit-learn", "pandas", "numpy"))
    written = {
        "made_with": f"python -m tests.oracles.uplift_metrics; {packages}",
        "cases": [
            {"name": name, "outcome": y.tolist(), "uplift": np.round(u, 6).tolist(), "treatment": t.tolist()}
            | answers(y, np.round(u, 6), t)
            for name, (y, u, t) in cases().items()
        ],
    }
    Path(path).write_text(json.dumps(written).replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
