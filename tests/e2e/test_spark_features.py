import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.spark.local_mode import Asked, build, spark_python
from jobs.errors import BadEnvironment, BadRequest
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.features import fraud_features, lookback_days
from tests.unit.science.fraud.conftest import History, handbook_history, made_up_history

FIRST, LAST = dt.date(2023, 11, 20), dt.date(2024, 2, 5)
MOMENT = pa.timestamp("us", tz="UTC")


@pytest.fixture(scope="module", autouse=True)
def spark():
    try:
        return spark_python()
    except BadEnvironment as missing:
        pytest.skip(f"SKIPPED FOR WANT OF SPARK: {missing}")


def on_duckdb(history: History, asked: Asked) -> pa.Table:
    batches = fraud_features(
        history.transactions,
        history.fraud_reports,
        first_day=asked.first_day,
        last_day=asked.last_day,
        label_delay_days=asked.label_delay_days,
        refresh_hours=asked.refresh_hours,
        limits=Limits(memory_mb=1_000, threads=1),
    )
    return pa.concat_tables(batches).combine_chunks()


def on_spark(history: History, asked: Asked, folder) -> pa.Table:
    """Two files of transactions, so that Spark has something to put together."""
    half = history.transactions.num_rows // 2
    files = [folder / "a.parquet", folder / "b.parquet"]
    pq.write_table(history.transactions.slice(0, half), files[0])
    pq.write_table(history.transactions.slice(half), files[1])
    pq.write_table(history.fraud_reports, folder / "reports.parquet")
    return build(asked, files, [folder / "reports.parquet"], folder)


def odd_history() -> History:
    """Edges of seconds and cents: reports within a second or undated, amounts of half a unit, equal moments."""
    made = made_up_history(1_500, 90, seed=3)
    us = made.transactions["occurred_at"].cast(pa.int64()).to_numpy().copy()
    us[::7] += 999_999
    amount = made.transactions["amount_eur"].to_numpy().copy()
    amount[::5] += 0.00005
    amount[::11] = 0.0
    reported = made.fraud_reports["reported_at"].cast(pa.int64()).to_numpy() + 1
    undated = np.arange(len(reported)) % 6 == 0
    return History(
        made.transactions.set_column(3, "occurred_at", pa.array(us).cast(MOMENT)).set_column(
            4, "amount_eur", pa.array(amount)
        ),
        made.fraud_reports.set_column(2, "reported_at", pa.array(reported, mask=undated).cast(MOMENT)),
    )


@pytest.mark.long
@pytest.mark.parametrize("refresh_hours", [6, 24])
def test_spark_gives_every_value_that_duckdb_gives_on_a_random_history(tmp_path, refresh_hours):
    history, asked = odd_history(), Asked(FIRST, LAST, label_delay_days=5, refresh_hours=refresh_hours)
    expected = on_duckdb(history, asked)
    assert expected.num_rows > 1_000
    assert expected["partner_fraud_rate_30d"].null_count < expected.num_rows
    assert on_spark(history, asked, tmp_path).equals(expected)


@pytest.mark.long
def test_spark_gives_every_value_that_duckdb_gives_on_a_slice_of_the_handbook(tmp_path, data_dir):
    asked = Asked(dt.date(2018, 7, 25), dt.date(2018, 7, 31))
    history = handbook_history(data_dir, asked.first_day - dt.timedelta(days=lookback_days(7)), asked.last_day)
    expected = on_duckdb(history, asked)
    assert expected.num_rows > 60_000
    assert on_spark(history, asked, tmp_path).equals(expected)


@pytest.mark.long
def test_spark_refuses_a_transaction_that_stands_there_twice(tmp_path):
    made = made_up_history(60, 10, seed=5)
    twice = pa.concat_tables([made.transactions, made.transactions.slice(0, 1)])
    name = made.transactions["transaction_id"][0].as_py()
    with pytest.raises(BadRequest, match=f"'{name}' stands there twice"):
        on_spark(History(twice, made.fraud_reports), Asked(dt.date(2023, 11, 14), dt.date(2023, 11, 24)), tmp_path)
