"""A whole night whose campaign has thousands of offers in place of a few: run, published, shown."""

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.nightly import Nightly, nightly
from jobs.nightly.publication import write_page
from jobs.runtime.stores import Stores
from jobs.tables.outputs import OFFERS
from tests.trained import CAMPAIGN, DAY, folder_of, rows_of
from tests.unit.allocate_offers.catalogue_world import put_table

pytestmark = pytest.mark.long

OFFERS_EACH = 3


def _of_catalogue(stores: Stores) -> int:
    """Move the offers of the campaign's arms to a catalogue with many of each at every partner."""
    file = folder_of(stores) / f"campaigns/{CAMPAIGN}.toml"
    text = re.sub(r"^(offer|partner_id|expires_on) = .*\n", "", file.read_text(), flags=re.MULTILINE)
    text = re.sub(r"\[\[partners\]\]\nbudget_eur = .*\n", "", text)
    file.write_text(text + "\n[candidates]\nmost = 10\ndays = 60\n")
    arms = re.findall(r'\[\[arms\]\]\n(?:.*\n)*?name = "(.*)"', text)
    partners = [
        name
        for path in sorted((folder_of(stores) / "inputs/partners").rglob("*.parquet"))
        for name in pq.read_table(path)["partner_id"].to_pylist()
    ]
    rows = [
        {
            "offer_id": f"{partner}-{arm}-{number:03d}",
            "campaign_id": CAMPAIGN,
            "arm": arm,
            "partner_id": partner,
            "category": f"category-{place % 9}",
            "cap": 40,
        }
        for place, partner in enumerate(partners)
        for arm in arms
        for number in range(OFFERS_EACH)
    ]
    put_table(stores, f"inputs/catalogue/{CAMPAIGN}/offers.parquet", pa.Table.from_pylist(rows))
    return len(rows)


def test_a_night_with_a_catalogue_runs_to_its_page_and_again_is_done_already(
    copy_home: Callable[[], Stores], tmp_path: Path
) -> None:
    stores = copy_home()
    offers = _of_catalogue(stores)
    done = nightly(Nightly(DAY), stores)
    reports = {report.verb: report for report in done}
    chosen = reports["allocate-offers"]
    certificate = chosen.details["campaigns"][CAMPAIGN]
    assert certificate["catalogue"]["offers"] == offers
    assert certificate["gap"] < 0.01
    listed = rows_of(stores, OFFERS, run_date=DAY).to_pylist()
    made = {row["offer"] for row in listed if row["status"] == "offered"}
    assert len(made) == certificate["catalogue"]["offers_made"] > 20
    published = reports["publish-offers"].details["published"][CAMPAIGN]["key"]
    assert all(any(offer in line for offer in made) for line in _lines(stores, published)[1:])
    write_page(DAY, done, stores, tmp_path / "night.html")
    # Limits of an arm hold for all its offers; the page shows them, and not the thousands that limit nothing.
    shown = (tmp_path / "night.html").read_text()
    assert "cap of cashback-morning (spring)" in shown
    assert shown.count("cap of ") < 100
    again = {report.verb: report.state for report in nightly(Nightly(DAY), stores)}
    assert again["allocate-offers"] == "already done"


def _lines(stores: Stores, key: str) -> list[str]:
    return stores.objects.get(key).decode().strip().splitlines()
