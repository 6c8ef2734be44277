"""In a process of its own: make a batch, scan it bare with DuckDB, or measure its drift.

``python -m tests.bench.drift_parts make FOLDER ROWS VARIABLES SEED`` or ``scan|drift FOLDER``
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUP_ROWS = 131_072
MISSING_SHARE = 0.02
DRIFTED = ("number_00", "name_00")
TRAINING_ROWS = 100_000


def variables(rows: int, count: int, seed: int, *, drifted: bool) -> pa.Table:
    """Draw four numbers for each category; two variables of a drifted batch have moved."""
    columns: dict[str, pa.Array] = {}
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        place = f"{i // 5:02d}" if i % 5 == 0 else f"{i - i // 5 - 1:02d}"
        missing = rng.random(rows) < MISSING_SHARE
        if i % 5 == 0:
            shift = 4 if drifted and f"name_{place}" in DRIFTED else 0
            codes = np.minimum(rng.geometric(0.2, rows) - 1 + shift, 29)
            names = pa.array([f"category {n}" for n in range(30)])
            columns[f"name_{place}"] = names.take(pa.array(codes, mask=missing))
        else:
            shift = 1 if drifted and f"number_{place}" in DRIFTED else 0
            columns[f"number_{place}"] = pa.array(rng.lognormal(3, 1, rows) * (1 + shift), mask=missing)
    return pa.table(columns)


def make(folder: Path, rows: int, count: int, seed: int) -> dict[str, Any]:
    """Write the batch, and the profile of training rows beside it."""
    from jobs.science.drift.profile import profile_of

    profile = profile_of(variables(TRAINING_ROWS, count, seed + 1, drifted=False))
    (folder / "profile.json").write_text(json.dumps(profile.to_dict()))
    with pq.ParquetWriter(folder / "batch.parquet", variables(1, count, seed, drifted=True).schema) as writer:
        for first in range(0, rows, GROUP_ROWS):
            part = variables(min(GROUP_ROWS, rows - first), count, seed + 2 + first, drifted=True)
            writer.write_table(part, row_group_size=GROUP_ROWS)
    return {"rows": rows}


def scan(folder: Path) -> dict[str, Any]:
    """Look at every column once, as barely as can be: least, largest, how many."""
    import duckdb

    from tests.bench.cpu_seconds import timed

    file = folder / "batch.parquet"
    asked = ", ".join(f"min({name}), max({name}), count({name})" for name in pq.read_schema(file).names)
    with duckdb.connect(config={"threads": 1}) as connection:
        took = timed(lambda: connection.execute(f"SELECT {asked} FROM read_parquet('{file}')").fetchone())
    return {"cpu_s": took.cpu_s, "wall_s": took.wall_s}


def drift(folder: Path) -> dict[str, Any]:
    """Count the batch, row group by row group, in the bins of its profile, and measure every variable."""
    pa.set_cpu_count(1)
    from jobs.monitor_drift.published import panel
    from jobs.pages.drift import DriftPage, drift_html
    from jobs.science.drift.counts import Counter
    from jobs.science.drift.profile import Profile
    from jobs.science.drift.psi import ALARM_PSI, measure_drift
    from tests.bench.cpu_seconds import timed

    profile = Profile.from_dict(json.loads((folder / "profile.json").read_text()))
    found: dict[str, Any] = {}

    def work() -> None:
        counter = Counter(profile.bins)
        with pq.ParquetFile(folder / "batch.parquet") as file:
            for group in range(file.num_row_groups):
                counter.add(file.read_row_group(group, columns=list(profile.variables), use_threads=False))
        found["drifts"] = measure_drift(profile, counter.counts())

        found["counts"] = counter.counts()

    took = timed(work)
    drifts = found["drifts"]
    panels = [
        panel(
            {**vars(d), **vars(d.distances), "reference": "training", "alarm_since": None, "counts": line},
            "bench",
            profile.variables[d.variable].bins,
            profile.variables[d.variable].counts,
            [0.0] * 28,
            ALARM_PSI,
        )
        for d in drifts
        for line in (found["counts"][d.variable].line,)
    ]
    page = drift_html(DriftPage(date(2026, 11, 22), "bench", "", "", panels))
    return {
        "rows": drifts[0].rows,
        "variables": len(drifts),
        "drifted": sorted(d.variable for d in drifts if d.level == "alarm"),
        "page_mb": round(len(page.encode()) / 1e6, 3),
        "cpu_s": took.cpu_s,
        "wall_s": took.wall_s,
    }


def main(what: str, folder: Path, *numbers: int) -> None:
    """Do one of the three and say what it took."""
    print(json.dumps(make(folder, *numbers) if what == "make" else {"scan": scan, "drift": drift}[what](folder)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:6]))
