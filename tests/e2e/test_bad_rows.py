"""Rows that break their table's rules are set aside one by one with their reason, and the run goes on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.tables.outputs import PARTNER_RISK, UPLIFT_SCORES
from tests.e2e.command_line import CommandLine
from tests.trained import (
    CAMPAIGN,
    DAY,
    FILE_CUSTOMERS,
    folder_of,
    read_input,
    rows_of,
    set_aside,
    with_value,
    write_input,
)

PARTNERS = ("score-partners", "--run-date", str(DAY))
UPLIFT = ("score-uplift", "--run-date", str(DAY), "--campaign", CAMPAIGN)
TRAIN = ("train-uplift", "--run-date", str(DAY), "--campaign", CAMPAIGN, "--threads", "1")
ROW = 3


def _one_is_set_aside(
    netlift: CommandLine, words: tuple[str, ...], name: str, column: str, value: Any, reason: str
) -> None:
    """Break one value of a file; its row is set aside, all others are used."""
    write_input(netlift.stores, name, with_value(read_input(netlift.stores, name), ROW, column, value))
    report = netlift(*words).report
    assert report["rows_in"] == report["rows_used"] + report["rows_quarantined"]
    aside = set_aside(netlift.stores, run_id=report["run_id"])
    assert len(aside) == report["rows_quarantined"] == report["rows_out"]["quarantine"]
    [row] = [r for r in aside if (r["file"], r["row_number"]) == (f"inputs/{name}.parquet", ROW)]
    assert (row["input"], row["column_name"], row["job"]) == (name.partition("/")[0], column, words[0])
    assert row["reason"].startswith(reason)
    raw = json.loads(row["raw"], parse_constant=pytest.fail)
    assert column in raw


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("amount_eur", float("nan"), "amount_eur is missing"),
        ("amount_eur", None, "amount_eur is missing"),
        ("amount_eur", float("inf"), "amount_eur is infinite: inf"),
        ("amount_eur", float("-inf"), "amount_eur is infinite: -inf"),
        ("amount_eur", -0.01, "amount_eur must be at least 0: -0.01"),
        ("amount_eur", 1e9, "amount_eur must be at most 1e+07: 1000000000.0"),
        (
            "occurred_at",
            datetime(2026, 11, 22, tzinfo=UTC),
            "occurred_at is after the run's date: 2026-11-22 00:00:00+00:00",
        ),
        ("customer_id", "", "customer_id is empty"),
        ("partner_id", None, "partner_id is missing"),
    ],
)
def test_a_payment_that_cannot_be_used_is_set_aside(netlift: CommandLine, column: str, value: Any, reason: str) -> None:
    _one_is_set_aside(netlift, PARTNERS, "transactions/part-00001", column, value, reason)
    assert rows_of(netlift.stores, PARTNER_RISK, run_date=DAY).num_rows > 300, "the others are ranked all the same"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("consent", None, "consent is missing"),
        ("age_years", float("inf"), "age_years is infinite: inf"),
        ("as_of", datetime(2026, 11, 22, tzinfo=UTC), "as_of is after the run's date: 2026-11-22 00:00:00+00:00"),
        ("customer_id", "c00002000", "customer_id stand twice, the first row was kept"),
    ],
)
def test_a_customer_that_cannot_be_used_is_set_aside_and_gets_no_score(
    netlift: CommandLine, column: str, value: Any, reason: str
) -> None:
    lost = read_input(netlift.stores, "customers/part-00001")["customer_id"][ROW].as_py()
    _one_is_set_aside(netlift, UPLIFT, "customers/part-00001", column, value, reason)
    scored = rows_of(netlift.stores, UPLIFT_SCORES, run_date=DAY)["customer_id"].unique().to_pylist()
    assert len(scored) == 2 * FILE_CUSTOMERS - 1
    assert lost not in scored


def test_a_missing_feature_is_no_fault(netlift: CommandLine) -> None:
    rows = read_input(netlift.stores, "customers/part-00001")
    write_input(netlift.stores, "customers/part-00001", with_value(rows, ROW, "age_years", float("nan")))
    assert netlift(*UPLIFT).report["rows_quarantined"] == 0


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("arm", "voucher", "arm is none of cashback-evening, cashback-morning, none, points-evening, points-morning"),
        ("propensity", 0.0, "propensity must be above 0: 0.0"),
        ("propensity", 1.0, "propensity must be below 1: 1.0"),
        ("propensity", float("nan"), "propensity is missing"),
        ("net_margin_eur", float("nan"), "net_margin_eur is missing"),
        ("net_margin_eur", float("inf"), "net_margin_eur is infinite"),
        ("campaign_id", "autumn", "campaign_id is none of spring: 'autumn'"),
        ("customer_id", "c00000001", "customer_id stands in an earlier file or chunk too"),
    ],
)
def test_a_unit_of_the_trial_that_cannot_be_used_is_set_aside(
    netlift: CommandLine, column: str, value: Any, reason: str
) -> None:
    _small_trial(netlift)
    first = read_input(netlift.stores, f"trial/{CAMPAIGN}/part-00000")["customer_id"][0].as_py()
    value = first if column == "customer_id" else value
    _one_is_set_aside(netlift, TRAIN, f"trial/{CAMPAIGN}/part-00001", column, value, reason)


def test_a_payment_that_stands_in_two_files_is_counted_once(netlift: CommandLine) -> None:
    whole = netlift(*PARTNERS).report
    write_input(netlift.stores, "transactions/part-00002", read_input(netlift.stores, "transactions/part-00001"))
    report = netlift(*PARTNERS).report
    again = read_input(netlift.stores, "transactions/part-00002").num_rows
    assert report["rows_in"] == whole["rows_in"] + again
    assert report["rows_quarantined"] == whole["rows_quarantined"] + again
    assert report["rows_used"] == whole["rows_used"]
    counted = rows_of(netlift.stores, PARTNER_RISK, run_date=DAY)
    assert set(counted["run_id"].to_pylist()) == {report["run_id"]}
    reasons = {r["reason"] for r in set_aside(netlift.stores, file="inputs/transactions/part-00002.parquet")}
    assert reasons == {"transaction_id stands in an earlier file or chunk too, the first row was kept"}


def test_a_file_of_which_no_row_can_be_used_empties_what_stood_for_it(netlift: CommandLine) -> None:
    """All customers of a day in the future: a run without scores, and every row accounted for."""
    for number in range(2):
        rows = read_input(netlift.stores, f"customers/part-{number:05d}")
        late = pc.add(rows["as_of"], pa.scalar(timedelta(days=1), pa.duration("us")))
        place = rows.column_names.index("as_of")
        write_input(netlift.stores, f"customers/part-{number:05d}", rows.set_column(place, "as_of", late))
    report = netlift(*UPLIFT).report
    assert (report["rows_used"], report["rows_quarantined"]) == (0, 2 * FILE_CUSTOMERS)
    assert netlift.stores.tables.count(UPLIFT_SCORES) == 0


def _small_trial(netlift: CommandLine) -> None:
    for number in range(2, 10):
        (folder_of(netlift.stores) / f"inputs/trial/{CAMPAIGN}/part-{number:05d}.parquet").unlink()
