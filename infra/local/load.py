"""Put inputs where the night reads them: the made-up world shard by shard, or a folder of a team's own files."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import tomli_w

from jobs.errors import BadFile, BadSchema
from jobs.runtime.campaign import Campaign, parse_campaign
from jobs.runtime.layout import campaign_key, input_prefix
from jobs.science.synthetic import World
from jobs.storage.objects import Objects

EXAMPLES = Path(__file__).parent / "examples"


@dataclass(frozen=True)
class Payments:
    """How a file of payments with labels becomes transactions and fraud reports.

    Parameters
    ----------
    file : str
        Parquet file in the data folder.
    transaction_id, customer_id, partner_id, amount, occurred_at, is_fraud : str
        Its columns.
    label_delay_days : int
        Days after a payment at which its label is known.
    until : datetime.date
        First day that is left out; the day before is the night's.
    days : int
        Days that are loaded.
    """

    file: str
    transaction_id: str
    customer_id: str
    partner_id: str
    amount: str
    occurred_at: str
    is_fraud: str
    label_delay_days: int
    until: date
    days: int

    @property
    def run_date(self) -> date:
        """Day of the night."""
        return self.until - timedelta(days=1)


def put_parquet(objects: Objects, table: str, name: str, rows: pa.Table) -> None:
    """Put rows as one Parquet file of an input table."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", row_group_size=100_000)
    objects.put_if_absent(f"{input_prefix(table)}{name}.parquet", sink.getvalue().to_pybytes())


def load_world(world: World, objects: Objects, shard_customers: int = 100_000) -> None:
    """Put the made-up world: a file a shard for customers, trial, transactions and reports."""
    put_parquet(objects, "partners", "partners", world.partners())
    campaign = world.campaign()
    objects.put_if_absent(campaign_key(campaign["id"]), tomli_w.dumps(campaign).encode())
    for number, shard in enumerate(world.shards(shard_customers)):
        name = f"part-{number:05d}"
        payments = world.payments(shard)
        put_parquet(objects, "customers", name, world.customers(shard))
        put_parquet(objects, "trial", f"{campaign['id']}/{name}", world.trial(shard))
        put_parquet(objects, "transactions", name, payments.transactions)
        put_parquet(objects, "fraud_reports", name, payments.fraud_reports)


def load_aftermath(world: World, offered: Mapping[str, str], objects: Objects, shard_customers: int = 100_000) -> date:
    """Put what came of the offers of the world's night, under the day on which their outcome window has closed.

    Parameters
    ----------
    world : World
        The made-up world.
    offered : mapping of str to str
        Arm of each customer who was offered something.
    objects : Objects
        Where to.
    shard_customers : int
        Customers of a file.

    Returns
    -------
    datetime.date
        First day on which the window has closed.
    """
    campaign = world.campaign()
    closed = world.run_date + timedelta(days=int(campaign["outcome_window_days"]))
    for number, shard in enumerate(world.shards(shard_customers)):
        came = world.aftermath(shard, offered)
        put_parquet(objects, "outcomes", f"{campaign['id']}/date={closed}/part-{number:05d}", came.outcomes)
        put_parquet(objects, "transactions", f"date={closed}/part-{number:05d}", came.transactions)
    return closed


def load_payments(spec_file: Path, folder: Path, objects: Objects) -> Payments:
    """Put the transactions and fraud reports of a team's own file, as `spec_file` maps its columns.

    Raises
    ------
    BadFile
        If the file is not there.
    BadSchema
        If a column is missing.
    """
    spec = Payments(**tomllib.loads(spec_file.read_text())["payments"])
    rows = _read(folder / spec.file)
    first, end = (datetime.combine(day, time.min, UTC) for day in (spec.until - timedelta(days=spec.days), spec.until))
    moment = _column(rows, spec.occurred_at, spec.file).cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    inside = pc.and_(pc.greater_equal(moment, pa.scalar(first)), pc.less(moment, pa.scalar(end)))
    rows, moment = rows.filter(inside), moment.filter(inside)
    ids = _column(rows, spec.transaction_id, spec.file).cast(pa.string())
    transactions = pa.table(
        {
            "transaction_id": ids,
            "customer_id": _column(rows, spec.customer_id, spec.file).cast(pa.string()),
            "partner_id": _column(rows, spec.partner_id, spec.file).cast(pa.string()),
            "occurred_at": moment,
            "amount_eur": _column(rows, spec.amount, spec.file).cast(pa.float64()),
        }
    )
    fraud = _column(rows, spec.is_fraud, spec.file).cast(pa.bool_())
    known = pc.add(moment, pa.scalar(timedelta(days=spec.label_delay_days), pa.duration("us")))
    reports = pa.table({"transaction_id": ids, "is_fraud": fraud, "reported_at": known}).filter(fraud)
    day = pc.strftime(moment, "%Y-%m-%d")
    for month in sorted(set(pc.utf8_slice_codeunits(day, 0, 7).to_pylist())):
        put_parquet(objects, "transactions", f"month-{month}", transactions.filter(pc.starts_with(day, month)))
    put_parquet(objects, "fraud_reports", "reports", reports)
    return spec


def load_trial(campaign_file: Path, folder: Path, objects: Objects, run_date: date, files: int = 4) -> Campaign:
    """Put a team's own randomised trial, and its units as the customers of the night.

    The campaign file says everything: which columns are the arm, the outcome and the features. Who was in the
    trial is scored again as of the run's date.

    Raises
    ------
    BadFile
        If the trial's file is not there.
    BadSchema
        If a column that the campaign names is missing.
    BadCampaign
        If the campaign file does not say what it must.
    """
    campaign = parse_campaign(campaign_file.read_text(), campaign_file.name)
    source = campaign.source
    if source is None:
        raise BadFile(f"{campaign_file.name} has no [source]: say which file and columns hold the trial.")
    rows = _read(folder / source.file)
    number = np.arange(rows.num_rows)
    ids = pa.array(number).cast(pa.string()) if source.unit is None else _column(rows, source.unit, source.file)
    arm = _column(rows, source.arm, source.file).cast(pa.string())
    keep = pc.is_in(arm, value_set=pa.array([campaign.control, *(a.name for a in campaign.arms)]))
    midnight = datetime.combine(run_date, time.min, UTC)
    features = {f.name: _column(rows, f.name, source.file).cast(f.column.type) for f in campaign.features}
    trial = pa.table(
        {
            "customer_id": ids.cast(pa.string()),
            "campaign_id": pa.repeat(campaign.id, rows.num_rows),
            "arm": arm,
            "propensity": _propensity(rows, campaign),
            "net_margin_eur": pc.multiply(
                _column(rows, source.outcome, source.file).cast(pa.float64()), campaign.unit_margin_eur
            ),
            campaign.outcome: _column(rows, source.outcome, source.file).cast(pa.float64()),
            "matured_at": pa.repeat(
                pa.scalar(midnight - timedelta(days=1), pa.timestamp("us", tz="UTC")), rows.num_rows
            ),
            **features,
        }
    ).filter(keep)
    account = pa.nulls(rows.num_rows, pa.string())
    if source.account_modulo is not None:
        account = pa.array(number % source.account_modulo).cast(pa.string())
    customers = pa.table(
        {
            "customer_id": ids.cast(pa.string()),
            "as_of": pa.repeat(pa.scalar(midnight, pa.timestamp("us", tz="UTC")), rows.num_rows),
            "consent": pa.repeat(True, rows.num_rows),
            "account_id": account,
            **features,
        }
    )
    objects.put_if_absent(campaign_key(campaign.id), campaign_file.read_bytes())
    put_parquet(objects, "trial", f"{campaign.id}/trial", trial)
    step = -(-rows.num_rows // files)
    for part in range(files):
        put_parquet(objects, "customers", f"part-{part:05d}", customers.slice(part * step, step))
    return campaign


def _propensity(rows: pa.Table, campaign: Campaign) -> pa.Array:
    source = campaign.source
    if source is not None and source.propensity is not None:
        return _column(rows, source.propensity, source.file).cast(pa.float64())
    return pa.repeat(1.0 / (1 + len(campaign.arms)), rows.num_rows)


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise BadFile(
            f"{path.name} is not in {path.parent}: put it there, or give the folder that holds it with --data."
        )
    return pacsv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)


def _column(rows: pa.Table, name: str, file: str) -> pa.ChunkedArray:
    if name not in rows.column_names:
        raise BadSchema(f"{file} has no column {name!r} (it has {', '.join(rows.column_names)}): correct the mapping.")
    return rows[name]
