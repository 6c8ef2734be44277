"""Experiment files and small homes with customers, for tests of whatever reads them."""

import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime.layout import experiment_key
from jobs.runtime.stores import Stores, open_stores

ID = "autumn-mail"
START = date(2026, 11, 1)
FILE = f"""
id = "{ID}"
owner = "growth@example.com"
hypothesis = "A letter in autumn brings customers back."
control = "none"
starts_on = 2026-11-01
ends_on = 2026-11-28
units_planned = 400
exposure = 1.0
version = 1

[[arms]]
name = "none"
share = 0.5

[[arms]]
name = "mail"
share = 0.5

[[metrics]]
name = "spend"
kind = "mean"
value = "spend_eur"
unit = "euro"

[[metrics]]
name = "returned"
kind = "proportion"
value = "returned"
better = "lower"

[decision]
success = ["spend"]
guardrails = [{{ metric = "returned", margin = 0.02 }}]
"""
AMENDED = '\n[[amendments]]\non = 2026-11-03\nwho = "ana@example.com"\nreason = "Nothing broke."\n'


def changed(*pairs: tuple[str, str], file: str = FILE) -> str:
    """Return the file with every first text replaced by the second."""
    for old, new in pairs:
        assert old in file, old
        file = file.replace(old, new)
    tomllib.loads(file)
    return file


def home_of(folder: Path, file: str = FILE, name: str = ID) -> Stores:
    """Open an empty home that holds an experiment's file."""
    stores = open_stores({"NETLIFT_HOME": str(folder)})
    write_file(folder, file, name)
    return stores


def write_file(folder: Path, file: str, name: str = ID) -> None:
    """Write an experiment's file in the place of the one that may stand there, as its owner does."""
    path = folder / experiment_key(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(file)


def write_customers(folder: Path, day: date, part: int, ids: list[str], **columns: list[Any]) -> None:
    """Write a file of customers as of a day."""
    moment = datetime.combine(day, time.min, UTC)
    rows = {"customer_id": ids, "as_of": [moment] * len(ids), "consent": [True] * len(ids), **columns}
    path = folder / "inputs" / "customers" / f"date={day}" / f"part-{part:05d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows), path)
