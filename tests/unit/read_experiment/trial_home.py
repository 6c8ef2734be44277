"""A home with an experiment that was drawn and measured, whose true effects are known."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.assign_treatment import AssignTreatment, assign_treatment
from jobs.runtime.stores import Stores
from jobs.tables.outputs import ASSIGNMENTS
from tests.trained import rows_of
from tests.unit.experiments import ID, START, changed, home_of, write_customers

CUSTOMERS = 1200
SECOND = START + timedelta(days=4)
"""Day on which the second half came."""

EARLY, LATE = START + timedelta(days=8), START + timedelta(days=12)
"""Days on which the windows of the first half, and of all, have closed."""

WEEK = changed(("units_planned = 400", "units_planned = 1000\noutcome_window_days = 7"))
"""The file with a window of a week; all who come are more than were planned."""


def drawn_home(folder: Path, file: str = WEEK, **columns: list[Any]) -> Stores:
    """Draw half of the customers on the first day and all on the fifth."""
    stores = home_of(folder, file)
    ids = [f"c{n:05d}" for n in range(CUSTOMERS)]
    for day, n in ((START, CUSTOMERS // 2), (SECOND, CUSTOMERS)):
        write_customers(folder, day, 0, ids[:n], **{name: values[:n] for name, values in columns.items()})
        assign_treatment(AssignTreatment(day, ID), stores)
    return stores


def measured(stores: Stores, effect: float, seed: int = 2) -> list[dict[str, Any]]:
    """Return a measurement of everybody who was drawn: spend with an effect, returns without."""
    generator = np.random.default_rng(seed)
    return [
        {
            "customer_id": row["customer_id"],
            "measured_at": row["assigned_at"] + timedelta(days=7, hours=1),
            "arm": row["arm"],
            "exposed": bool(row["arm"] == "mail" and generator.random() < 0.6),
            "spend_eur": float(generator.gamma(1.0, 10.0) + effect * (row["arm"] == "mail")),
            "returned": int(generator.random() < 0.01),
        }
        for row in rows_of(stores, ASSIGNMENTS).sort_by("customer_id").to_pylist()
        if row["arm"] != "holdout"
    ]


def write_measurements(folder: Path, rows: list[dict[str, Any]], name: str = "part-00000") -> None:
    """Write a file of measurements."""
    path = folder / "inputs" / "measurements" / ID / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
