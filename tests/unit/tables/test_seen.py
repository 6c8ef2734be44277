"""Ids that stand twice in files that are read together."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.tables import seen as module
from jobs.tables.check import Checked, check
from jobs.tables.inputs import TRANSACTIONS
from jobs.tables.seen import Seen

DAY = date(2026, 3, 1)


def chunk(ids: list[str], amounts: list[float] | None = None, first_row: int = 0) -> Checked:
    n = len(ids)
    rows = pa.table(
        {
            "transaction_id": pa.array(ids, pa.string()),
            "customer_id": ["c1"] * n,
            "partner_id": ["p1"] * n,
            "occurred_at": pa.array([datetime(2026, 3, 1, 12, tzinfo=UTC)] * n, pa.timestamp("us", "UTC")),
            "amount_eur": pa.array(amounts or [1.0] * n, pa.float64()),
        }
    )
    return check(rows, TRANSACTIONS, file="f.parquet", run_date=DAY, first_row=first_row)


def kept(chunks: list[list[str]]) -> list[list[str]]:
    seen = Seen("transaction_id")
    return [seen.without_known(chunk(ids), 0).good["transaction_id"].to_pylist() for ids in chunks]


def test_an_id_of_an_earlier_file_is_set_aside_with_its_row_number() -> None:
    seen = Seen("transaction_id")
    first = seen.without_known(chunk(["a", "b"]), 0)
    assert first.good.num_rows == 2
    second = seen.without_known(chunk(["c", "d", "a"], [-1.0, 1.0, 1.0], first_row=10), 10)
    assert second.good["transaction_id"].to_pylist() == ["d"]
    assert [(b.row_number, b.column) for b in second.bad] == [(10, "amount_eur"), (12, "transaction_id")]


@given(st.lists(st.sets(st.integers(0, 40)), max_size=12))
def test_of_every_id_the_first_is_kept_and_no_other(chunks: list[set[int]]) -> None:
    met: set[int] = set()
    expected = []
    for ids in chunks:
        expected.append([f"t{i}" for i in sorted(ids - met)])
        met |= ids
    assert kept([[f"t{i}" for i in sorted(ids)] for ids in chunks]) == expected


def test_ids_of_equal_number_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_hashed", lambda ids: np.array([len(i) for i in ids.to_pylist()], np.uint64))
    assert kept([["aa", "b"], ["ab", "b"], ["aa", "ab", "c"]]) == [["aa", "b"], ["ab"], ["c"]]


def test_the_runs_stay_few() -> None:
    seen = Seen("transaction_id")
    for number in range(64):
        seen.without_known(chunk([f"t{number}-{i}" for i in range(10)]), 0)
    assert len(seen._runs) <= 7
    assert sum(map(len, seen._runs)) == 640
