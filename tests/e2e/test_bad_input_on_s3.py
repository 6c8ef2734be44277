"""Bad input on S3, read by awswrangler, is told as in a folder: the same rows, the same reasons, the same sentences."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.local.home import LocalHome
from jobs.errors import BadSchema, NetliftError
from jobs.runtime.stores import Stores, open_stores
from jobs.score_partners import ScorePartners, score_partners
from jobs.score_uplift import ScoreUplift, score_uplift
from tests.trained import CAMPAIGN, DAY, folder_of, read_input, set_aside, with_value, write_input

BROKEN: tuple[tuple[str, Any], ...] = (
    ("amount_eur", float("nan")),
    ("amount_eur", None),
    ("amount_eur", float("-inf")),
    ("amount_eur", -3.0),
    ("occurred_at", datetime(2026, 12, 24, 18, tzinfo=UTC)),
    ("occurred_at", None),
    ("customer_id", None),
    ("customer_id", ""),
    ("transaction_id", "t0000000000"),
)


def _copied(folder: Path) -> Stores:
    """Stores of the local home of this process, with what lies in a folder."""
    stores = open_stores()
    for part in ("inputs", "campaigns", "models"):
        for file in sorted((folder / part).rglob("*")):
            if file.is_file():
                stores.objects.put_if_absent(file.relative_to(folder).as_posix(), file.read_bytes())
    return stores


def _aside(stores: Stores) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name not in {"run_id"}} for row in set_aside(stores, run_date=DAY)]


def _refusal(stores: Stores) -> NetliftError:
    with pytest.raises(NetliftError) as refused:
        score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), stores)
    return refused.value


def test_s3_and_folder_set_the_same_rows_aside_and_refuse_the_same_file(trained: Stores, local_home: LocalHome) -> None:
    rows = read_input(trained, "transactions/part-00001")
    first = read_input(trained, "transactions/part-00000")["transaction_id"][0].as_py()
    for number, (column, value) in enumerate(BROKEN):
        rows = with_value(rows, number, column, first if column == "transaction_id" else value)
    write_input(trained, "transactions/part-00001", rows)
    customers = read_input(trained, "customers/part-00001")
    place = customers.column_names.index("consent")
    yes = pa.array(["true"] * 5 + ["perhaps"] * (customers.num_rows - 5))
    write_input(trained, "customers/part-00001", customers.set_column(place, "consent", yes))

    on_s3 = _copied(folder_of(trained))
    reports = [score_partners(ScorePartners(DAY), stores) for stores in (trained, on_s3)]
    assert reports[0].rows_in == reports[1].rows_in
    assert reports[0].rows_quarantined == reports[1].rows_quarantined == len(BROKEN) + 4, "four were planted"
    assert _aside(on_s3) == _aside(trained)
    here, there = _refusal(trained), _refusal(on_s3)
    assert isinstance(there, BadSchema)
    assert str(there) == str(here)
    assert "part-00001.parquet, column 'consent': is string, must be bool" in str(there)
    assert "'perhaps' in row 5 does not convert: write the column as bool" in str(there)
