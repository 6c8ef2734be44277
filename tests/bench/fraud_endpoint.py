"""``python -m tests.bench.fraud_endpoint``: one request inside the handler over a bare predict, and a cold start."""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from functions import fraud_api
from functions.champion import Champion
from functions.fraud_desk import Desk, Gathered
from functions.once import Answers
from infra.packages.code import compile_code, copy_code
from infra.packages.declared import SCORING
from infra.packages.environments import python_of
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.online import Payment
from jobs.science.fraud.online_score import OnlineScorer
from jobs.science.fraud.score import BOOSTER_FILE, FraudScorer
from jobs.storage.online import open_online
from tests.unit.functions.online_worlds import small_model

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WARM = 200
COLD_STARTS = 5
_EVENT: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "events" / "fraud_api.json").read_text(encoding="utf-8")
)


# A key is kept in a store, whose time is none of the handler's.
_EVENT["headers"].pop("idempotency-key")


class _Given:
    """A day on which every payment's features are given, one row after another."""

    def __init__(self, rows: Sequence[Mapping[str, float]]) -> None:
        self._rows = rows
        self._next = 0

    def gather(self, payment: Payment, fingerprint: str) -> Gathered:
        del payment, fingerprint
        row = self._rows[self._next % len(self._rows)]
        self._next += 1
        return Gathered(row, is_large=False, counted=True, as_of=date(2026, 11, 21))

    def count(self, payment: Payment, fingerprint: str, is_large: bool) -> None:
        raise AssertionError("a payment that was counted is not counted again")


def latency(files: Mapping[str, bytes], rows: Sequence[Mapping[str, float]], requests: int = 5_000) -> dict[str, float]:
    """Measure requests inside the handler, features given, each beside a bare single-row predict on one thread.

    Parameters
    ----------
    files : mapping of str to bytes
        The model's files.
    rows : sequence of mapping of str to float
        Features of payments by name.
    requests : int
        How many to measure.

    Returns
    -------
    dict
        ``p50_ratio`` and ``p99_ratio``, and what they are made of in microseconds; ``reviewed_share`` of the payments
        were reviewed or declined, whose reasons are part of their time.
    """
    # CPU seconds: on a busy machine whoever takes longer is put aside more often, and the tail would measure that.
    booster = lgb.Booster(model_str=files[BOOSTER_FILE].decode())
    scorer = OnlineScorer(files)
    matrix = np.array([[row[name] for name in scorer.scorer.features] for row in rows], dtype=np.float32)
    champion = Champion("2026-11-21-bench", scorer)
    desk = Desk(lambda: champion, _Given(rows), "open")
    with tempfile.TemporaryDirectory() as folder:
        answers = Answers(open_online(folder, lambda: NOW), lambda: NOW)
        door = fraud_api.Door(desk, answers, lambda: NOW)
        before, fraud_api.door = fraud_api.door, lambda: door  # type: ignore[assignment]
        try:
            bare, handled, reviewed = _measured(booster, matrix, requests)
        finally:
            fraud_api.door = before
    found = {"requests": float(requests), "reviewed_share": reviewed / requests}
    for share in (50, 99):
        of_bare, of_handled = np.percentile(bare, share), np.percentile(handled, share)
        found |= {f"p{share}_ratio": round(of_handled / of_bare, 2)}
        found |= {f"bare_p{share}_us": round(of_bare * 1e6, 1), f"handler_p{share}_us": round(of_handled * 1e6, 1)}
    return found


def cold() -> dict[str, float]:
    """Measure a cold start's imports in the package's own environment, bytecode compiled: the least of a few.

    Returns
    -------
    dict
        ``cold_cpu_s``, from the start of the process, and ``cold_mb``, the largest memory.
    """
    # VmHWM begins anew with the program, ru_maxrss with the process that it was forked from.
    program = (
        "import json, resource, functions.fraud_api, boto3\n"
        "from jobs.science.fraud import single_row; single_row._library()\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(json.dumps([used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024]))"
    )
    python = python_of(SCORING)
    with tempfile.TemporaryDirectory() as folder:
        copy_code(Path(folder))
        compile_code(Path(folder))
        variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": folder}
        said = [
            json.loads(subprocess.run([python, "-c", program], env=variables, check=True, capture_output=True).stdout)
            for _ in range(COLD_STARTS)
        ]
    return {"cold_cpu_s": round(min(s for s, _ in said), 3), "cold_mb": round(min(mb for _, mb in said), 1)}


def larger_model(rounds: int = 300, leaves: int = 31) -> FraudScorer:
    """A model as large as one that is put to work, which has learnt from noise."""
    rng = np.random.default_rng(3)
    matrix = rng.lognormal(1, 1.5, (20_000, len(FEATURE_NAMES))).astype(np.float32)
    labels = matrix[:, 0] * rng.lognormal(0, 1.0, 20_000) > 60
    data = lgb.Dataset(matrix, labels.astype(float), feature_name=list(FEATURE_NAMES))
    parameters = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1, "learning_rate": 0.02}
    return dataclasses.replace(small_model(), booster=lgb.train(parameters, data, num_boost_round=rounds))


def payments(count: int = 1_000) -> list[dict[str, float]]:
    """Features of small payments, of which hardly one is reviewed."""
    rng = np.random.default_rng(4)
    matrix = rng.lognormal(0, 0.6, (count, len(FEATURE_NAMES)))
    return [dict(zip(FEATURE_NAMES, row, strict=True)) for row in matrix.tolist()]


def main() -> int:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests")
    flags = parser.parse_args()
    found = latency(larger_model().to_files(), payments(), 500 if flags.quick else 5_000)
    print(json.dumps({**found, **cold()}))
    return 0


def _measured(booster: lgb.Booster, matrix: np.ndarray, requests: int) -> tuple[list[float], list[float], int]:
    bare, handled, reviewed = [], [], 0
    for number in range(WARM + requests):
        row = matrix[number % len(matrix)].reshape(1, -1)
        started = time.process_time()
        booster.predict(row, num_threads=1)
        between = time.process_time()
        answer = fraud_api.handler(_EVENT, None)
        ended = time.process_time()
        assert answer["statusCode"] == 200, answer
        if number >= WARM:
            bare.append(between - started)
            handled.append(ended - between)
            reviewed += '"reasons":[]' not in answer["body"]
    return bare, handled, reviewed


if __name__ == "__main__":
    sys.exit(main())
