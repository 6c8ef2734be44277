"""In a process of its own: fit, export, score the same rows with EconML and with the portable scorer.

``python -m tests.bench.uplift_speed ROWS ROUNDS THREADS SEED FOLDER`` leaves the scorer's files in FOLDER.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from jobs.science.uplift.export import max_diff_sd
from jobs.science.uplift.scorer import PortableScorer
from tests.bench.cpu_seconds import alternating
from tests.bench.uplift_world import ARMS, customers, train


def main(rows: int, rounds: int, threads: int, seed: int, folder: Path) -> None:
    """Train, compare, time; print what came out."""
    trained = train(seed, threads)
    for name, contents in trained.files.items():
        (folder / name).write_bytes(contents)
    econml = trained.fitted.learner.model
    portable = PortableScorer.from_files(trained.files)
    # Both sides are given the matrix that the encoder makes; neither pays for making it.
    matrix = portable.encoder.transform(customers(rows, seed, first=10**7))
    arms = range(1, 1 + len(ARMS))

    def effect() -> np.ndarray:
        return np.column_stack([econml.effect(matrix, T0=0, T1=arm) for arm in arms])

    diff = max_diff_sd(effect(), portable.learnt_effect(matrix, threads))
    took = alternating(
        {
            "econml_effect": effect,
            "econml_const_marginal_effect": lambda: econml.const_marginal_effect(matrix),
            "portable": lambda: portable.learnt_effect(matrix, threads),
        },
        rounds,
    )
    print(json.dumps({"max_diff_sd": diff, "took": {name: asdict(timed) for name, timed in took.items()}}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]), Path(sys.argv[5]))
