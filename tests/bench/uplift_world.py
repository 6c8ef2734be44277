"""Customers, a trial and a campaign for the benchmark of uplift scoring: 20 features, 3 arms, effects that vary."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.runtime.layout import campaign_key, input_prefix
from jobs.runtime.stores import Stores
from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.export import FittedUplift, export_scorer
from jobs.science.uplift.learners.fit import DEFAULT, fit_learner
from jobs.science.uplift.learners.fitted import Learning

RUN_DATE = date(2026, 3, 1)
CAMPAIGN = "bench"
CONTROL, *ARMS = ("none", "coupon", "call", "letter")
FEATURES = tuple(f"feature_{i:02d}" for i in range(20))
TRIAL_ROWS = 40_000


@dataclass(frozen=True)
class Trained:
    """A fitted model and what its scorer is registered as."""

    fitted: FittedUplift
    files: dict[str, bytes]


def customers(rows: int, seed: int, first: int = 0) -> pa.Table:
    """Draw customers: ids, consent and numbers, a tenth of the payments under another id."""
    rng = np.random.default_rng([seed, first])
    numbers = np.arange(first, first + rows)
    other = pa.array(np.where(rng.random(rows) < 0.1, numbers // 2, -1))
    features = rng.normal(size=(len(FEATURES), rows))
    return pa.table(
        {
            "customer_id": _ids(pa.array(numbers)),
            "as_of": pa.repeat(pa.scalar(datetime(2026, 3, 1, tzinfo=UTC), pa.timestamp("us", "UTC")), rows),
            "consent": pa.array(rng.random(rows) < 0.9),
            "account_id": _ids(pa.array(numbers // 2), mask=other),
            **dict(zip(FEATURES, features, strict=True)),
        }
    )


def train(seed: int, threads: int) -> Trained:
    """Fit the learner that the product fits, with its default settings, and export it."""
    rng = np.random.default_rng([seed, TRIAL_ROWS])
    rows = customers(TRIAL_ROWS, seed)
    encoder = FeatureEncoder.fit(rows, dict.fromkeys(FEATURES, "number"))
    matrix = encoder.transform(rows)
    arm = rng.integers(0, 1 + len(ARMS), TRIAL_ROWS)
    outcome = outcome_of(matrix, arm, rng)
    share = 1 / (1 + len(ARMS))
    learning = Learning(
        matrix, arm, outcome, np.full(TRIAL_ROWS, share), arms=1 + len(ARMS), seed=seed, num_threads=threads
    )
    learner = fit_learner(DEFAULT, learning)
    calibration = tuple(ArmCalibration(0.0, 0.0, 0.8) for _ in ARMS)
    fitted = FittedUplift((CONTROL, *ARMS), encoder, learner, calibration)
    return Trained(fitted, export_scorer(fitted, matrix).files)


def fill(stores: Stores, files: dict[str, bytes], shards: Iterator[pa.Table]) -> None:
    """Put the campaign, its champion and the customers, a file a shard, where the job reads them."""
    stores.objects.put_if_absent(campaign_key(CAMPAIGN), _campaign().encode())
    version = stores.models.register(f"uplift-{CAMPAIGN}", files, {})
    stores.models.promote(f"uplift-{CAMPAIGN}", version, "benchmark", "the only one")
    for number, rows in enumerate(shards):
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, compression="zstd")
        key = f"{input_prefix('customers')}part-{number:05d}.parquet"
        stores.objects.put_if_absent(key, sink.getvalue().to_pybytes())


def shards(rows: int, per_file: int, seed: int) -> Iterator[pa.Table]:
    """Draw customers a file at a time."""
    for first in range(0, rows, per_file):
        yield customers(min(per_file, rows - first), seed, first)


def outcome_of(matrix: NDArray[np.float32], arm: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw what came of each row under its arm."""
    return np.asarray(matrix[:, 0] + (arm > 0) * _effect(matrix, arm) + rng.normal(size=len(matrix)), np.float64)


def _effect(matrix: NDArray[np.float32], arm: NDArray[np.int64]) -> NDArray[np.float64]:
    """Effects that differ by arm, with a threshold and an interaction for the trees to find."""
    return matrix[:, 1] * arm + matrix[:, 2] * matrix[:, 3] + (matrix[:, 4] > arm - 2)


def _ids(numbers: pa.Array, mask: pa.Array | None = None) -> pa.Array:
    ids = pa.compute.binary_join_element_wise("c", pa.compute.utf8_lpad(numbers.cast(pa.string()), 8, "0"), "")
    return ids if mask is None else pa.compute.if_else(pa.compute.equal(mask, -1), pa.scalar(None, pa.string()), ids)


def _campaign() -> str:
    features = ", ".join(f'{{ name = "{name}", type = "number" }}' for name in FEATURES)
    arms = ", ".join(f'{{ name = "{name}" }}' for name in ARMS)
    return (
        f'id = "{CAMPAIGN}"\nowner = "benchmark"\ncontrol = "{CONTROL}"\nbudget_eur = 1000.0\nfraud_loss_eur = 1.0\n'
        f"features = [{features}]\narms = [{arms}]\n"
    )
