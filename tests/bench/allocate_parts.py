"""In a process of its own: one measurement of the allocator, printed as a JSON object.

``python -m tests.bench.allocate_parts dense|minimums|sparse ROWS``, ``write|stream ROWS FOLDER``
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from jobs.science.offers.answer import Answer
from jobs.science.offers.menu import Menu
from jobs.science.offers.pairs import DensePairs, Pairs
from jobs.science.offers.solve import solve
from tests.bench.allocate_world import ARMS, BLOCK_ROWS, blocks, dense, menu, sparse

GROUP_ROWS = 10_000
SAMPLE_ROWS = 200_000


def measured_dense(rows: int) -> dict[str, Any]:
    """Allocate so many customers under a budget and caps."""
    value, cost = dense(rows)
    found, took = _answered(menu(rows), DensePairs(value, cost))
    return {
        **took,
        "data_mb": (value.nbytes + cost.nbytes) / 1e6,
        "binding": sum(s.price_eur > 0 for s in found.resources[1:]),
        "feasible": found.feasible and _holds(menu(rows), found, value, cost),
    }


def measured_against_highs(rows: int, minimums: bool) -> dict[str, Any]:
    """Allocate, and let HiGHS solve the linear programme by interior point, without crossover."""
    from jobs.science.offers.core import programme_of
    from jobs.science.offers.night import ask

    value, cost = dense(rows)
    asked = menu(rows, minimums=minimums)
    pairs = DensePairs(value, cost)
    found, took = _answered(asked, pairs)
    for _ in range(2):
        took["cpu_s"] = min(took["cpu_s"], _answered(asked, pairs)[1]["cpu_s"])
    programme = programme_of(ask(asked, pairs), np.arange(rows), asked.most, asked.least)
    started = time.process_time()
    solver = programme.run(whole=False, options={"solver": "ipm", "run_crossover": "off"})
    highs_s = time.process_time() - started
    linear = float(solver.getInfo().objective_function_value)
    return {
        **took,
        "highs_cpu_s": highs_s,
        "under_linear": 1 - found.value_eur / linear,
        "feasible": found.feasible and _holds(asked, found, value, cost),
    }


def measured_sparse(rows: int) -> dict[str, Any]:
    """Allocate so many customers with 20 candidates each."""
    asked, pairs = sparse(rows)
    found, took = _answered(asked, pairs)
    return {
        **took,
        "binding": sum(s.price_eur > 0 for s in found.resources[:-1]),
        "feasible": found.feasible and all(s.used <= s.most * (1 + 1e-9) for s in found.resources),
    }


def write(rows: int, folder: Path) -> dict[str, Any]:
    """Write so many customers as Parquet shards."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for part, value, cost in blocks(rows):
        columns = {f"value_{j}": value[:, j] for j in range(ARMS)} | {f"cost_{j}": cost[:, j] for j in range(ARMS)}
        pq.write_table(pa.table(columns), folder / f"{part.start // BLOCK_ROWS:05d}.parquet", row_group_size=GROUP_ROWS)
    return {"rows": rows}


def streamed(rows: int, folder: Path) -> dict[str, Any]:
    """Price a sample, pick shard by shard, join; then read all shards once more to count what was given."""
    import pyarrow.parquet as pq

    from jobs.science.offers.shards import pick_shard, price_sample
    from jobs.science.offers.shards_joined import join_shards

    asked = menu(rows)
    shards = sorted(folder.glob("*.parquet"))
    names = [f"{name}_{j}" for name in ("value", "cost") for j in range(ARMS)]

    def matrices(table: Any) -> tuple[Any, Any]:
        # a column's file pages are let go before the next is read
        value, cost = (np.empty((table.num_rows, ARMS), np.float32) for _ in range(2))
        for j in range(ARMS):
            value[:, j] = table[f"value_{j}"].to_numpy()
            cost[:, j] = table[f"cost_{j}"].to_numpy()
        return value, cost

    def shard(path: Path) -> tuple[Any, Any]:
        return matrices(pq.read_table(path, columns=names, use_threads=False, memory_map=False, pre_buffer=False))

    started = time.process_time()
    r = np.random.default_rng(0)
    drawn = []
    for path in shards:
        with pq.ParquetFile(path) as file:
            group = int(r.integers(0, file.num_row_groups))
            value, cost = matrices(file.read_row_group(group, columns=names, use_threads=False))
        take = min(len(value), SAMPLE_ROWS // len(shards))
        some = r.permutation(len(value))[:take]
        drawn.append((value[some], cost[some]))
    value, cost = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    told = price_sample(asked, DensePairs(value, cost), len(value) / rows)
    del drawn, value, cost
    picks = [pick_shard(asked, DensePairs(*shard(path)), told) for path in shards]
    joined = join_shards(asked, picks, told)
    cpu_s = time.process_time() - started
    total, spend, count = 0.0, 0.0, np.zeros(ARMS)
    for path, arm in zip(shards, joined.arm, strict=True):
        value, cost = shard(path)
        row = np.flatnonzero(arm[:, 0] >= 0)
        given = arm[row, 0]
        total += float(value[row, given].sum(dtype=np.float64))
        spend += float(cost[row, given].sum(dtype=np.float64))
        count += np.bincount(given, minlength=ARMS)
    return {
        "cpu_s": cpu_s,
        "gap": max(0.0, 1 - total / joined.dual_bound_eur),
        "opened": joined.opened,
        "taken_back": joined.taken_back,
        "feasible": bool(spend <= asked.most[0] * (1 + 1e-9) and (count <= asked.most[1:]).all()),
    }


def _answered(asked: Menu, pairs: Pairs) -> tuple[Answer, dict[str, Any]]:
    started = time.process_time()
    found = solve(asked, pairs)
    return found, {"cpu_s": time.process_time() - started, "gap": found.gap, "passes": found.passes}


def _holds(asked: Menu, found: Answer, value: Any, cost: Any) -> bool:
    """Count again, from the choices alone."""
    row = np.flatnonzero(found.arm[:, 0] >= 0)
    given = found.arm[row, 0]
    spent = cost[row, given].astype(np.float64)
    for resource in asked.resources:
        mine = np.isin(given, resource.arms)
        used = spent[mine].sum() if resource.unit == "eur" else mine.sum()
        if not resource.least <= used <= resource.most * (1 + 1e-9):
            return False
    return bool(np.isclose(value[row, given].sum(dtype=np.float64), found.value_eur))


if __name__ == "__main__":
    what, size = sys.argv[1], int(sys.argv[2])
    match what:
        case "dense":
            result = measured_dense(size)
        case "highs" | "minimums":
            result = measured_against_highs(size, what == "minimums")
        case "sparse":
            result = measured_sparse(size)
        case "write":
            result = write(size, Path(sys.argv[3]))
        case _:
            result = streamed(size, Path(sys.argv[3]))
    print(json.dumps(result))
