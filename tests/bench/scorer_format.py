"""Which format a scorer is kept in: LightGBM's text, or ONNX. Measured, not argued.

Needs an environment of its own with ONNX Runtime, which netlift does not bring:

    uv venv onnx && uv pip install --python onnx/bin/python lightgbm numpy onnx onnxruntime
    python -m tests.bench.scorer_format --python onnx/bin/python

Prints one JSON object as its last line; docs/scorer_format.md says what stands in it and what follows from it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from jobs.science.uplift.export import max_diff_sd
from jobs.science.uplift.portable import BoostedEffect
from tests.bench.cpu_seconds import ROOT
from tests.bench.uplift_world import CONTROL, customers, train

ROWS = 100_000
SEED = 20261122
STARTS = 5


def measure(python: Path, rows: int, folder: Path) -> dict[str, Any]:
    """Fit and export the default learner, then score the same rows with both formats, each in fresh processes."""
    fitted = train(SEED, 1).fitted
    matrix = fitted.encoder.transform(customers(rows, SEED, first=10**7))
    np.save(folder / "matrix.npy", np.ascontiguousarray(matrix))
    effects = fitted.learner.portable() or ()
    weights = {}
    for i, effect in enumerate(effects, start=1):
        assert isinstance(effect, BoostedEffect)
        card, files = effect.to_files(f"arm_{i}")
        for name, contents in files.items():
            (folder / name).write_bytes(contents)
        weights[f"arm_{i}"] = dict(zip(card["files"], card["weights"], strict=True))
    (folder / "weights.json").write_text(json.dumps(weights))
    _in_other(python, "convert", folder)
    truth = fitted.learner.effect(matrix)
    found: dict[str, Any] = {"rows": rows, "arms": len(effects), "without": CONTROL}
    for form in ("text", "onnx"):
        said = [_in_other(python, form, folder) for _ in range(STARTS)]
        found[form] = {
            "rows_per_cpu_s": max(s["rows_per_cpu_s"] for s in said),
            "one_row_us": min(s["one_row_us"] for s in said),
            **{key: min(s[key] for s in said) for key in ("first_call_cpu_s", "first_call_mb", "peak_mb", "file_mb")},
            "max_diff_sd": max_diff_sd(truth, np.load(folder / f"{form}.npy")),
        }
    return found


def _in_other(python: Path, what: str, folder: Path) -> dict[str, Any]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [str(python), "-m", "tests.bench.scorer_format_parts", what, str(folder)]
    printed = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    said: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return said


def main(argv: list[str] | None = None) -> int:
    """Measure and print; there is no bar, the format was chosen by this."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scorer_format", description="Text model against ONNX.")
    parser.add_argument("--python", type=Path, required=True, help="of an environment with lightgbm, onnx, onnxruntime")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    flags = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(flags.python.absolute(), ROWS // (10 if flags.quick else 1), Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
