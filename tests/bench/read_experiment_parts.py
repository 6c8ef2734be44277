"""In a process of its own: rows of a trial are made, or read out beside bare aggregates of the same columns.

``python -m tests.bench.read_experiment_parts make|times|peak FOLDER ROWS SHARDS THREADS``
"""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.science.experiment.estimates import effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import merged
from jobs.science.experiment.statement import Layout, read_moments
from tests.bench.cpu_seconds import alternating

ARMS = ("none", "mail", "call")
PAST = ("past_spend",)
METRICS = (
    Metric("revenue", "mean", "spend", covariates=PAST, adjustment="cuped"),
    Metric("visit", "proportion", "visit"),
    Metric("aov", "ratio", "spend", "orders"),
    Metric("orders", "mean", "orders"),
    Metric("margin", "mean", "margin", covariates=PAST, adjustment="lin"),
    Metric("minutes", "mean", "minutes"),
)
COLUMNS = ("spend", "past_spend", "visit", "orders", "margin", "minutes")
ROUNDS, ROUNDS_OF_FEW_ROWS, FEW_ROWS = 5, 20, 2_000_000
"""Of few rows a round is short, and what else the machine does weighs more."""
SEED = 20261122


def make(folder: Path, rows: int, shards: int, _: int) -> dict[str, Any]:
    """Write the trial, shard by shard; `minutes` has a mean of 1e8 and a standard deviation of 1."""
    for shard in range(shards):
        generator = np.random.default_rng([SEED, shard])
        n = rows // shards
        arm = generator.integers(0, len(ARMS), n)
        past = np.round(generator.lognormal(3.0, 1.0, n), 2)
        orders = generator.poisson(0.4 + 0.02 * arm, n)
        spend = np.round(orders * generator.lognormal(3.0, 0.8, n) + 0.1 * past, 2)
        table = {
            "arm": pa.DictionaryArray.from_arrays(arm.astype(np.int32), list(ARMS)),
            "spend": spend,
            "past_spend": past,
            "visit": (generator.random(n) < 0.3).astype(np.int8),
            "orders": orders.astype(np.int32),
            "margin": np.round(0.3 * spend - 1.0, 2),
            "minutes": generator.normal(1e8, 1.0, n),
        }
        pq.write_table(pa.table(table), folder / f"trial-{shard:03}.parquet", row_group_size=250_000)
    return {"rows": rows // shards * shards}


def source(folder: Path, file: str = "trial-*.parquet") -> str:
    """Return what stands after FROM."""
    return f"read_parquet('{folder / file}')"


def bare(folder: Path, aggregates: tuple[str, ...]) -> str:
    """Return a bare aggregate of the same columns by arm."""
    said = ", ".join(f"{function}({column})" for column in COLUMNS for function in aggregates)
    return f"SELECT arm, count(*), {said} FROM {source(folder)} GROUP BY arm"


def times(folder: Path, rows: int, shards: int, threads: int) -> dict[str, Any]:
    """Read the trial and take bare aggregates, in turn; then hold merged shards to the whole."""
    layout = Layout(source(folder), "arm", ARMS)
    with duckdb.connect(config={"threads": threads}) as connection:
        took = alternating(
            {
                "read": lambda: read_moments(connection, METRICS, layout),
                "sql": lambda: connection.execute(bare(folder, ("avg", "var_samp"))).fetchall(),
                "sums": lambda: connection.execute(bare(folder, ("sum",))).fetchall(),
            },
            ROUNDS if rows > FEW_ROWS else ROUNDS_OF_FEW_ROWS,
        )
        whole = read_moments(connection, METRICS, layout)
        files = [Layout(source(folder, f"trial-{shard:03}.parquet"), "arm", ARMS) for shard in range(shards)]
        parts = [read_moments(connection, METRICS, file) for file in files]
    apart = 0.0
    for arm in ARMS:
        one = merged(part[arm] for part in parts)
        scale = np.sqrt(np.diag(whole[arm].products))
        gaps = [
            np.max(np.abs(one.mean - whole[arm].mean) / np.abs(whole[arm].mean)),
            np.nanmax(np.abs(one.products - whole[arm].products) / np.outer(scale, scale)),
            abs(one.count - whole[arm].count),
        ]
        apart = max(apart, *map(float, gaps))
    return {
        "rows": sum(moments.count for moments in whole.values()),
        "cpu_s": {name: timed.cpu_s for name, timed in took.items()},
        "wall_s": {name: timed.wall_s for name, timed in took.items()},
        "merged_apart": apart,
    }


def peak(folder: Path, rows: int, shards: int, threads: int) -> dict[str, Any]:
    """Read every effect once."""
    with duckdb.connect(config={"threads": threads}) as connection:
        moments = read_moments(connection, METRICS, Layout(source(folder), "arm", ARMS))
    found = [effect(metric, moments[ARMS[0]], moments[arm]) for metric in METRICS for arm in ARMS[1:]]
    return {"effects": len(found)}


if __name__ == "__main__":
    what = {"make": make, "times": times, "peak": peak}[sys.argv[1]]
    print(json.dumps(what(Path(sys.argv[2]), *map(int, sys.argv[3:]))))
