"""Make the oracle figures of experiments by calling tea-tasting itself.

Run once, in an environment of its own outside the repository (tea-tasting 1.14.0, numpy 2.4):

    python -m tests.oracles.experiment_metrics tests/unit/science/experiment/tea_tasting.json
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import tea_tasting as tt

from tests.unit.science.experiment.trials import two_arms

FIGURES = (
    "control",
    "treatment",
    "effect_size",
    "effect_size_ci_lower",
    "effect_size_ci_upper",
    "rel_effect_size",
    "rel_effect_size_ci_lower",
    "rel_effect_size_ci_upper",
    "pvalue",
)


def main(path: str) -> None:
    """Write every metric's figures."""
    found, arm = two_arms()
    experiment = tt.Experiment(
        {
            "mean": tt.Mean("spend"),
            "proportion": tt.Mean("visit"),
            "ratio": tt.RatioOfMeans("spend", "orders"),
            "mean cuped": tt.Mean("spend", "past_spend"),
            "proportion cuped": tt.Mean("visit", "past_orders"),
            "ratio cuped": tt.RatioOfMeans("spend", "orders", "past_spend"),
        },
        variant="arm",
    )
    result = experiment.analyze(pa.table({**found, "arm": arm})).to_dicts()
    figures = {row["metric"]: {name: float(row[name]) for name in FIGURES} for row in result}
    stored = {"tea-tasting": version("tea-tasting"), "figures": figures}
    Path(path).write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
