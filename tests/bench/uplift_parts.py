"""In a process of its own: the whole job's CPU seconds beside those of its bare parts, imports in neither.

``python -m tests.bench.uplift_parts job HOME THREADS`` runs the job on the day after the benchmark's;
``... parts HOME THREADS`` decodes, predicts and encodes the same data with pyarrow and LightGBM alone.
"""

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime.stores import open_stores
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.storage.tables import read_whole
from jobs.tables.outputs import UPLIFT_SCORES
from tests.bench.cpu_seconds import Timed, timed
from tests.bench.uplift_world import CAMPAIGN, FEATURES, RUN_DATE

NEXT_DAY = RUN_DATE + timedelta(days=1)


def job(home: Path, threads: int) -> Timed:
    """Time the whole job: plan, claim, read, check, score, stage, commit, report."""
    stores = open_stores({"NETLIFT_HOME": str(home)})
    return timed(lambda: score_uplift(ScoreUplift(NEXT_DAY, CAMPAIGN, threads), stores))


def parts(home: Path, threads: int) -> Timed:
    """Time decode, predict and encode; what is encoded are the job's own rows, made ready before."""
    files = sorted((home / "inputs" / "customers").glob("*.parquet"))
    models = sorted((home / "models").glob("uplift-*/versions/*/arm_*.txt"))
    stores = open_stores({"NETLIFT_HOME": str(home)})
    rows = read_whole(stores.tables, UPLIFT_SCORES, {"run_date": NEXT_DAY}).combine_chunks()
    a_file = -(-rows.num_rows // len(files))
    boosters = [lgb.Booster(model_str=model.read_text()) for model in models]

    def bare() -> None:
        for i, file in enumerate(files):
            matrix = _decoded(file)
            for booster in boosters:
                booster.predict(matrix, num_threads=threads)
            pq.write_table(rows.slice(i * a_file, a_file), home / f"bare-{i}.parquet", compression="zstd")

    return timed(bare)


def _decoded(file: Path) -> np.ndarray:
    with pq.ParquetFile(file, pre_buffer=False) as source:
        groups = [source.read_row_group(g, use_threads=False) for g in range(source.num_row_groups)]
    table = pa.concat_tables(groups)
    return np.column_stack([table[name].to_numpy() for name in FEATURES])


if __name__ == "__main__":
    measure = {"job": job, "parts": parts}[sys.argv[1]]
    print(json.dumps(asdict(measure(Path(sys.argv[2]), int(sys.argv[3])))))
