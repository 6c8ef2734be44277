"""Publish each campaign's list as a CSV, after the commit, under a name that was never used before."""

import io
import sys
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.layout import published_key
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.storage.tables import read_whole
from jobs.tables.outputs import OFFERS

COLUMNS = (
    "rank",
    "customer_id",
    "arm",
    "offer",
    "partner_id",
    "contact_window",
    "expires_on",
    "expected_net_eur",
    "expected_net_low_eur",
    "expected_net_high_eur",
    "cost_eur",
    "segment",
    "assignment",
    "reason",
)
"""Columns of a list, as ``offers`` describes them."""

_EURO = tuple(name for name in COLUMNS if name.endswith("_eur"))


@dataclass(frozen=True)
class PublishOffers:
    """Publish the lists of a night."""

    run_date: date = flag("day whose offers are published", unit="YYYY-MM-DD", example="2026-11-22")


def publish_offers(request: PublishOffers, stores: Stores) -> Report:
    """Publish what was committed; a list that stands there already is left as it is."""
    return run_job(JOB, request, stores)


def publish(request: PublishOffers, stores: Stores, shard: OpenShard) -> None:
    """Read committed offers, write one CSV a campaign, best first."""
    where = {"run_date": request.run_date, "status": "offered"}
    offers = read_whole(stores.tables, OFFERS, where, [*COLUMNS, "campaign_id", "run_id"])
    published = {}
    for campaign_id in sorted(offers["campaign_id"].unique().to_pylist()):
        rows = offers.filter(pc.equal(offers["campaign_id"], campaign_id)).sort_by("rank")
        key = published_key(campaign_id, request.run_date, rows["run_id"][0].as_py())
        stores.objects.put_if_absent(key, to_csv(rows.select(list(COLUMNS))))
        published[campaign_id] = {"key": key, "customers": rows.num_rows}
    shard.details["published"] = published


def to_csv(rows: pa.Table) -> bytes:
    """Return rows as CSV with a header, euro to a hundredth of a cent."""
    sink = io.BytesIO()
    for name in _EURO:
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, pc.round(rows[name], 4))
    pacsv.write_csv(rows, sink, pacsv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()


JOB = Job(step("publish-offers"), PublishOffers, publish)

if __name__ == "__main__":
    sys.exit(main(JOB))
