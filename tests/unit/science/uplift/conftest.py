"""Hillstrom's e-mail trial, for tests that need real rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from jobs.science.uplift.trial import Trial

FEATURES = {
    "recency": "number",
    "history_segment": "category",
    "history": "number",
    "mens": "number",
    "womens": "number",
    "zip_code": "category",
    "newbie": "number",
    "channel": "category",
}


@pytest.fixture(scope="session")
def hillstrom(data_dir: Path) -> Callable[..., Trial]:
    """Make a trial of an outcome, with all arms or without some."""
    rows = pyarrow.csv.read_csv(data_dir / "hillstrom.csv")

    def trial(outcome: str, without: str | None = None) -> Trial:
        kept = rows if without is None else rows.filter(pc.not_equal(rows["segment"], without))
        y = kept[outcome].to_numpy().astype(np.float64)
        return Trial.checked(kept, FEATURES, arm=kept["segment"], control="No E-Mail", outcome=y)

    return trial
