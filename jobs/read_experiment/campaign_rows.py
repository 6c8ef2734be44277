"""Rows of a campaign's nights: outcomes whose windows closed, the offers before them, scores and sales, taken in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import NoInput
from jobs.read_experiment.request import ReadExperiment
from jobs.runtime.calibration import factors_of_nights
from jobs.runtime.campaign import Campaign
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.experiment.campaign_nights import CampaignNights, apart, windows
from jobs.science.offers.eligibility import not_eligible
from jobs.tables.check import Fault
from jobs.tables.inputs import OUTCOMES, TRANSACTIONS
from jobs.tables.outputs import OFFERS, UPLIFT_SCORES

_OFFER_COLUMNS = (
    "run_date", "customer_id", "arm", "partner_id", "status", "assignment", "reason", "expected_net_eur", "cost_eur",
    "fraud_probability", "segment", "propensities", "repaired", "run_id",
)  # fmt: skip


@dataclass
class Known:
    """What was learnt of the rows on the way: what to warn of, and rows set aside by reason."""

    warnings: list[str]
    aside: Counter[str]


def take_in(
    nights: CampaignNights, campaign: Campaign, request: ReadExperiment, stores: Stores, shard: OpenShard, known: Known
) -> tuple[date, ...]:
    """Put everything where it is joined; return the nights that are read.

    Parameters
    ----------
    nights : CampaignNights
        Where offers, scores, outcomes and sales are joined.
    campaign : Campaign
        Which campaign.
    request : ReadExperiment
        Up to which day, and which nights.
    stores : Stores
        Where offers and scores are.
    shard : OpenShard
        Where outcomes and transactions are.
    known : Known
        Gains what is set aside, and what is to be warned of.

    Raises
    ------
    NoInput
        If no outcome window of a night that made offers has closed.
    """
    last = request.run_date - timedelta(days=campaign.outcome_window_days)

    def immature(rows: pa.Table) -> list[Fault]:
        return _immature(rows, campaign.outcome_window_days, last)

    def told(bad: Sequence[Any]) -> None:
        known.aside.update(row.reason for row in bad)

    for rows in shard.read(OUTCOMES, allowed={"campaign_id": (campaign.id,)}, refuse=immature, told=told):
        asked = rows.filter(_asked(rows["run_date"], request))
        in_euro = pc.multiply(asked["outcome"], campaign.unit_margin_eur)
        nights.put("outcomes", asked.select(["customer_id", "run_date"]).append_column("outcome", in_euro))
    if repeated := nights.drop_repeated():
        known.aside["the same customer and night in two files"] += repeated
    read = apart(_with_offers(nights.nights(), campaign, stores, known), campaign.outcome_window_days)
    if not read:
        raise NoInput(
            f"no outcome window of {campaign.id} of {campaign.outcome_window_days} days has closed by "
            f"{request.run_date} with outcomes of a night that made offers: put them in "
            f"inputs/outcomes/{campaign.id}/, a row for every customer of the night, the holdout included."
        )
    _put_offers(nights, campaign, read, stores, known)
    if unknown := nights.unknown(read):
        known.aside["outcome of nobody who could have been offered something"] += unknown
    if gone := nights.without_scores():
        known.warnings.append(
            f"Scores of {gone:,} offers are gone: their effect is taken to be what expected net and contact leave."
        )
    partners = {arm.partner_id for arm in campaign.arms if arm.partner_id}
    for rows in shard.read(TRANSACTIONS):
        sold = pa.table(
            {
                "account_id": rows["customer_id"],
                "partner_id": rows["partner_id"],
                "day": pc.cast(pc.floor_temporal(rows["occurred_at"], unit="day"), pa.timestamp("us")).cast(
                    pa.date32()
                ),
                "amount": rows["amount_eur"],
            }
        )
        nights.put("sales", sold)
    if partners and not shard.files(TRANSACTIONS.name):
        known.warnings.append("There are no transactions of these nights: sales of partners are not measured.")
    return read


def _asked(run_date: pa.ChunkedArray, request: ReadExperiment) -> pa.ChunkedArray:
    first = pa.scalar(request.from_date or date.min, pa.date32())
    last = pa.scalar(request.to_date or date.max, pa.date32())
    return pc.and_(pc.greater_equal(run_date, first), pc.less_equal(run_date, last))


def _immature(rows: pa.Table, window_days: int, last: date) -> list[Fault]:
    """Return outcomes that were read before their window closed, or whose window has not closed yet."""
    opened = rows["run_date"].cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    closes = pc.add(opened, pa.scalar(timedelta(days=window_days), pa.duration("us")))
    early = pc.less(rows["matured_at"], closes).to_numpy(zero_copy_only=False)
    still_open = pc.greater(rows["run_date"], pa.scalar(last, pa.date32())).to_numpy(zero_copy_only=False)
    faults = [
        Fault(int(i), "matured_at", f"before the window of {window_days} days closed") for i in early.nonzero()[0]
    ]
    faults += [
        Fault(int(i), "run_date", f"the window of {window_days} days is still open")
        for i in (still_open & ~early).nonzero()[0]
    ]
    return faults


def _with_offers(counted: dict[date, int], campaign: Campaign, stores: Stores, known: Known) -> list[date]:
    """Return nights with outcomes on which the campaign decided; those of other nights are left out, and said."""
    found = [night for night in counted if stores.tables.count(OFFERS, {"run_date": night, "campaign_id": campaign.id})]
    for night in sorted(set(counted) - set(found)):
        known.aside[f"outcome of {night}, on which the campaign decided nothing"] += counted[night]
    return found


def _put_offers(nights: CampaignNights, campaign: Campaign, read: Sequence[date], stores: Stores, known: Known) -> None:
    """Take in who was eligible on the nights that are read, all offers that reach into their windows, and scores."""
    first, last = windows(read, campaign.outcome_window_days)
    factors = factors_of_nights(campaign.id, first, last, stores)
    makers: set[date] = set()
    for part in stores.tables.read(
        OFFERS, {"run_date": (first, last), "campaign_id": campaign.id}, list(_OFFER_COLUMNS)
    ):
        rows = _without_offers_to_holdout(part, known)
        held = pc.equal(rows["assignment"], "holdout")
        offered = pc.equal(rows["status"], "offered")
        made = rows.filter(offered)
        makers |= set(pc.unique(made["run_date"]).to_pylist())
        runs = made["run_id"].to_pylist()
        factor = pa.array([factors[run].factor if run in factors else 1.0 for run in runs], pa.float64())
        columns = ["customer_id", "run_date", "arm", "partner_id", "expected_net_eur", "cost_eur"]
        nights.put(
            "made",
            made.select(columns)
            .rename_columns(["customer_id", "run_date", "arm", "partner_id", "net", "cost"])
            .append_column("factor", factor),
        )
        out = pa.array(list(not_eligible(pc.unique(rows["reason"]).to_pylist())), pa.string())
        of_read = pc.is_in(rows["run_date"], value_set=pa.array(list(read), pa.date32()))
        eligible = pc.and_(of_read, pc.invert(pc.is_in(rows["reason"], value_set=out)))
        decided = rows.append_column("held", held).filter(eligible)
        nights.put(
            "decided",
            decided.select(["customer_id", "run_date", "held", "segment", "fraud_probability"]).rename_columns(
                ["customer_id", "run_date", "held", "segment", "fraud"]
            ),
        )
        stood = pc.and_(pc.equal(rows["assignment"], "exploration"), pc.invert(pc.fill_null(rows["repaired"], False)))
        drawn = rows.filter(pc.and_(eligible, pc.fill_null(stood, False)))
        nights.put("drawn", drawn.select(["customer_id", "run_date", "arm", "propensities"]))
    for night in sorted(makers | set(read)):
        where = {"run_date": night, "campaign_id": campaign.id}
        columns = ["run_date", "customer_id", "arm", "effect_eur", "account_id"]
        for rows in stores.tables.read(UPLIFT_SCORES, where, columns):
            nights.put("scores", rows.rename_columns(["run_date", "customer_id", "arm", "effect", "account_id"]))


def _without_offers_to_holdout(rows: pa.Table, known: Known) -> pa.Table:
    to_holdout = pc.and_(pc.equal(rows["assignment"], "holdout"), pc.equal(rows["status"], "offered"))
    if wrong := pc.sum(to_holdout).as_py():
        known.aside["in the holdout, and offered something"] += wrong
        known.warnings.append(f"{wrong:,} customers of the holdout were offered something: they are left out.")
        return rows.filter(pc.invert(to_holdout))
    return rows
