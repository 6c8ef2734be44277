"""publish_offers: the committed list as CSV, under a name that never changes its contents."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.errors import NoInput
from jobs.publish_offers import COLUMNS, PublishOffers, publish_offers, to_csv
from jobs.runtime.stores import Stores
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.tables.outputs import OFFERS
from tests.trained import CAMPAIGN, DAY, folder_of, rows_of


@pytest.fixture
def allocated(trained: Stores) -> Stores:
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), trained)
    allocate_offers(AllocateOffers(DAY), trained)
    return trained


def _lists(stores: Stores) -> dict[str, bytes]:
    return {o.key: stores.objects.get(o.key) for o in stores.objects.list("published/") if o.key.endswith(".csv")}


def test_the_csv_says_what_the_table_says_best_first(allocated: Stores) -> None:
    report = publish_offers(PublishOffers(DAY), allocated)
    [(key, body)] = _lists(allocated).items()
    offered = rows_of(allocated, OFFERS, run_date=DAY, status="offered").sort_by("rank")
    assert report.details["published"][CAMPAIGN] == {"key": key, "customers": offered.num_rows}
    assert key.startswith(f"published/{CAMPAIGN}/{DAY}/offers-")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert list(rows[0]) == list(COLUMNS)
    expected = offered.select(list(COLUMNS)).to_pylist()
    assert len(rows) == len(expected) > 100
    for row, wanted in zip(rows, expected, strict=True):
        for name in [name for name in COLUMNS if name.endswith("_eur")]:
            assert float(row.pop(name)) == pytest.approx(wanted.pop(name), abs=5e-5)
        assert row == {name: "" if value is None else str(value) for name, value in wanted.items()}
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))


def test_a_second_run_leaves_the_file_as_it_is(allocated: Stores) -> None:
    publish_offers(PublishOffers(DAY), allocated)
    before = {file: file.stat().st_mtime_ns for file in folder_of(allocated).glob("published/**/*")}
    assert publish_offers(PublishOffers(DAY), allocated).state == "already done"
    assert {file: file.stat().st_mtime_ns for file in folder_of(allocated).glob("published/**/*")} == before


def test_another_allocation_is_published_under_another_name_beside_the_first(allocated: Stores) -> None:
    publish_offers(PublishOffers(DAY), allocated)
    first = _lists(allocated)
    campaign = folder_of(allocated) / f"campaigns/{CAMPAIGN}.toml"
    campaign.write_text(campaign.read_text().replace("budget_eur = 200.0", "budget_eur = 50.0"))
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), allocated)
    allocate_offers(AllocateOffers(DAY), allocated)
    publish_offers(PublishOffers(DAY), allocated)
    both = _lists(allocated)
    assert len(both) == 2
    assert first.items() <= both.items()


def test_a_day_without_offers_is_refused_by_name(allocated: Stores) -> None:
    with pytest.raises(NoInput, match="publish-offers builds on allocate-offers"):
        publish_offers(replace(PublishOffers(DAY), run_date=DAY + timedelta(days=1)), allocated)


def test_text_with_commas_and_quotes_comes_back_as_it_was() -> None:
    values = {
        "rank": [1],
        "customer_id": ['a,"b"'],
        "arm": ["e"],
        "offer": ["10% off,\nnow"],
        "partner_id": ["p"],
        "contact_window": [""],
        "expires_on": [date(2026, 12, 1)],
        "expected_net_eur": [1.23456],
        "expected_net_low_eur": pa.array([None], pa.float64()),
        "expected_net_high_eur": [2.0],
        "cost_eur": [0.1],
        "segment": pa.array([None], pa.string()),
        "assignment": ["treatment"],
        "reason": ["é"],
    }
    [row] = csv.DictReader(io.StringIO(to_csv(pa.table(values)).decode(), newline=""))
    assert (row["customer_id"], row["offer"], row["reason"]) == ('a,"b"', "10% off,\nnow", "é")
    assert row["expected_net_eur"] == "1.2346"
    assert (row["expected_net_low_eur"], row["segment"], row["expires_on"]) == ("", "", "2026-12-01")
