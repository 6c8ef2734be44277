"""Customers of another file are taken once each, and held against those of the trial."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRows, BadSchema, NetliftError
from jobs.science.uplift.candidates import Candidates, take_candidates
from tests.unit.science.uplift.worlds import make_world

WORLD = make_world(1000)


def candidates(rows: pa.Table, unit: str | None = "id") -> Candidates:
    return take_candidates(rows, WORLD.trial, unit=unit, file="list.csv")


def rows(n: int = 800, **changes: Any) -> pa.Table:
    drawn = make_world(n, seed=3).trial.rows
    for name, values in {"id": [f"c{i}" for i in range(n)], **changes}.items():
        drawn = drawn.drop_columns([name]) if name in drawn.column_names else drawn
        drawn = drawn.append_column(name, pa.array(values))
    return drawn


def test_customers_like_the_trials_are_taken_without_a_word() -> None:
    found = candidates(rows())
    assert found.rows.num_rows == len(found.unit) == 800
    assert found.rows.column_names == list(WORLD.trial.features)
    assert found.warnings == ()


def test_a_customer_is_taken_once_and_one_without_id_not_at_all() -> None:
    ids = [f"c{i}" for i in range(800)]
    found = candidates(rows(id=["c1", None, *ids[2:]]))
    assert found.rows.num_rows == 799
    assert found.warnings == ("list.csv: 1 rows were set aside, no id (the id).",)
    again = candidates(rows(id=["c5", *ids[1:]]))
    assert again.unit[0].as_py() == "c5"
    assert again.unit.to_pylist().count("c5") == 1


def test_other_customers_than_the_trials_are_said_by_what_differs() -> None:
    said = candidates(rows(age=np.random.default_rng(0).uniform(50, 60, 800))).warnings
    assert len(said) == 1
    assert "age (PSI" in said[0]
    assert "spent" not in said[0]


def test_without_an_id_the_row_is_the_customer() -> None:
    assert candidates(rows(), unit=None).unit[:2].to_pylist() == ["1", "2"]


@pytest.mark.parametrize(
    ("changes", "unit", "error", "says"),
    [
        ({}, "client", BadSchema, r"list\.csv has no column 'client' \(--unit\)"),
        ({"id": [None] * 800}, "id", BadRows, "no row has an id"),
        ({"age": ["old"] * 800}, "id", BadSchema, "column 'age': holds string"),
    ],
)
def test_what_cannot_be_chosen_from_is_refused(
    changes: dict[str, Any], unit: str, error: type[NetliftError], says: str
) -> None:
    with pytest.raises(error, match=says):
        candidates(rows(**changes), unit=unit)
