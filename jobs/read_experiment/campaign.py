"""A campaign read: what its holdout measured beside what was promised, by arm and by partner, and what follows."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadRequest, BadTrial, NoInput
from jobs.read_experiment.kept import Rules, keep, look_number
from jobs.read_experiment.partner_sales import stage_partner_lift
from jobs.read_experiment.promised import calibration_said, promised_said
from jobs.read_experiment.request import ReadExperiment
from jobs.runtime.calibration import factors_of_nights
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.shard import OpenShard
from jobs.runtime.software import software
from jobs.runtime.stores import Stores
from jobs.science.experiment.campaign_nights import CampaignNights, Joined, apart, open_nights, windows
from jobs.science.experiment.campaign_trial import (
    HOLDOUT,
    OFFERED,
    CampaignRows,
    Measured,
    measure,
    moments_of,
    on_the_wrong_side,
    share_of_night,
)
from jobs.science.experiment.drawn_arms import Explored
from jobs.science.experiment.evidence import Evidence, Point, Sizes, Source
from jobs.science.experiment.holdout import id_numbers
from jobs.science.experiment.reading import Rule
from jobs.science.experiment.readout import readout
from jobs.science.offers.eligibility import not_eligible
from jobs.science.offers.propensities import read_propensities
from jobs.tables.check import Fault
from jobs.tables.inputs import OUTCOMES, TRANSACTIONS
from jobs.tables.outputs import OFFERS, UPLIFT_SCORES

SMALLEST_SEGMENT = 100
"""Customers of either side below which nothing is said of a segment."""

LEAST_CUSTOMERS = 30
"""Customers of the holdout with an outcome, below which a campaign is not read."""

_OFFER_COLUMNS = (
    "run_date", "customer_id", "arm", "partner_id", "status", "assignment", "reason", "expected_net_eur", "cost_eur",
    "fraud_probability", "segment", "propensities", "repaired", "run_id",
)  # fmt: skip


@dataclass
class _Known:
    """What was learnt of the rows on the way."""

    warnings: list[str]
    aside: Counter[str]


def campaign_readout(request: ReadExperiment, stores: Stores, shard: OpenShard) -> None:
    """Join nights whose windows have closed with their outcomes, measure, publish, and stage rows.

    Parameters
    ----------
    request : ReadExperiment
        Which campaign, up to which day, and of which nights.
    stores : Stores
        Where offers, scores and published files are.
    shard : OpenShard
        Of the run: outcomes and transactions come in, ``readouts`` and ``partner_lift`` go out, and its details say by
        what the effects of the next night are multiplied.

    Raises
    ------
    NoInput
        If no outcome window has closed, nobody was held out, or too few have an outcome; the sentence says what to do.
    BadRequest
        If the last night that is asked for lies before the first.
    """
    if request.from_date and request.to_date and request.to_date < request.from_date:
        raise BadRequest(f"--to-date {request.to_date} is before --from-date {request.from_date}: swap them.")
    campaign = read_campaign(stores.objects, request.campaign)
    with (
        tempfile.TemporaryDirectory(prefix="netlift-") as spill,
        open_nights(
            campaign.outcome_window_days,
            [arm.name for arm in campaign.arms],
            memory_mb=request.memory_mb,
            temp_directory=spill,
        ) as nights,
    ):
        known = _Known([], Counter())
        read = _take_in(nights, campaign, request, stores, shard, known)
        sizes, left_out = _sides(nights, campaign, read, known)
        joined = nights.join(read, left_out)
        _require_enough(joined.rows, campaign)
        measured = _measured(joined.rows, campaign)
        explored = _explored(nights, campaign, known)
        said = promised_said(campaign, measured, explored, read)
        evidence = _evidence(campaign, read, joined, measured, sizes, said, known, request, shard)
        document = readout(evidence)
        if document["split"]["holds"]:
            shard.details["calibration"] = calibration_said(campaign.id, measured.calibration)
            shard.details["promised"] = said
            stage_partner_lift(nights, campaign, read, joined, stores, shard)
    digest = shard.manifest.campaigns[campaign.id]
    keep(document, Rules("campaign", digest, digest), look_number(stores, campaign.id, request.run_date), stores, shard)


def _take_in(
    nights: CampaignNights, campaign: Campaign, request: ReadExperiment, stores: Stores, shard: OpenShard, known: _Known
) -> tuple[date, ...]:
    """Put everything where it is joined; return the nights that are read."""
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


def _with_offers(counted: dict[date, int], campaign: Campaign, stores: Stores, known: _Known) -> list[date]:
    """Return nights with outcomes on which the campaign decided; those of other nights are left out, and said."""
    found = [night for night in counted if stores.tables.count(OFFERS, {"run_date": night, "campaign_id": campaign.id})]
    for night in sorted(set(counted) - set(found)):
        known.aside[f"outcome of {night}, on which the campaign decided nothing"] += counted[night]
    return found


def _put_offers(
    nights: CampaignNights, campaign: Campaign, read: Sequence[date], stores: Stores, known: _Known
) -> None:
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


def _without_offers_to_holdout(rows: pa.Table, known: _Known) -> pa.Table:
    to_holdout = pc.and_(pc.equal(rows["assignment"], "holdout"), pc.equal(rows["status"], "offered"))
    if wrong := pc.sum(to_holdout).as_py():
        known.aside["in the holdout, and offered something"] += wrong
        known.warnings.append(f"{wrong:,} customers of the holdout were offered something: they are left out.")
        return rows.filter(pc.invert(to_holdout))
    return rows


def _sides(nights: CampaignNights, campaign: Campaign, read: Sequence[date], known: _Known) -> tuple[Sizes, pa.Array]:
    """Hold the holdout against the digest of every id; return the sizes by design, and who is left out."""
    everybody = nights.eligible(read)
    ids = everybody["customer_id"].combine_chunks()
    held = everybody["held"].to_numpy()
    if not held.any():
        raise NoInput(
            f"nobody of {campaign.id} was held out on {_span(read)}: nothing can be measured without a holdout; set "
            "holdout_share in its file, and read nights after that."
        )
    numbers, always = id_numbers(ids, campaign.id), everybody["always"].to_numpy()
    share = share_of_night(numbers, held, campaign.holdout_share)
    if share != campaign.holdout_share:
        known.warnings.append(
            f"The holdout of these nights was {share:.1%} of the customers; the campaign's file says "
            f"{campaign.holdout_share:.1%} now."
        )
    wrong = on_the_wrong_side(numbers, held, share)
    for why, who in (
        ("in the holdout on some nights, and not on others", ~always),
        ("on the other side of the holdout than the digest of the id says", wrong & always),
    ):
        if count := int(who.sum()):
            known.aside[why] += count
            known.warnings.append(f"{count:,} customers are left out: {why}.")
    counts = {HOLDOUT: int(held.sum()), OFFERED: int((~held).sum())}
    return Sizes(counts, {HOLDOUT: share, OFFERED: 1.0 - share}), ids.filter(pa.array(wrong | ~always))


def _require_enough(rows: CampaignRows, campaign: Campaign) -> None:
    for name, mine in ((HOLDOUT, rows.held), (OFFERED, ~rows.held)):
        count = len(np.unique(rows.customer[mine]))
        if count < LEAST_CUSTOMERS:
            raise NoInput(
                f"{campaign.id} has {count} customers with an outcome on the side {name!r}, {LEAST_CUSTOMERS} are "
                "needed: put outcomes of everybody of the night there, or make holdout_share larger."
            )


def _measured(rows: CampaignRows, campaign: Campaign) -> Measured:
    """Measure; a night goes on without what cannot be measured."""
    try:
        return measure(rows)
    except BadTrial as wrong:
        raise NoInput(f"the holdout of {campaign.id} cannot be read: {wrong}") from wrong


def _explored(nights: CampaignNights, campaign: Campaign, known: _Known) -> Explored | None:
    """Return the explorers whose draw stood; None where nobody explored."""
    rows = nights.explorers()
    if not rows.num_rows:
        return None
    names = [*(arm.name for arm in campaign.arms), campaign.control]
    where = f"offers of {campaign.id}, column 'propensities'"
    arm = pc.index_in(pc.fill_null(rows["arm"], campaign.control), value_set=pa.array(names))
    if arm.null_count:
        known.warnings.append("Arms are not read one by one: explorers drew some that the campaign's file has no more.")
        return None
    drawn = arm.to_numpy().astype(np.int64)
    return Explored(
        np.where(drawn == len(names) - 1, -1, drawn),
        read_propensities(rows["propensities"], names, where),
        rows["outcome"].to_numpy(),
        rows["promised"].to_numpy(),
    )


def _evidence(
    campaign: Campaign,
    read: Sequence[date],
    joined: Joined,
    measured: Measured,
    sizes: Sizes,
    said: dict[str, Any],
    known: _Known,
    request: ReadExperiment,
    shard: OpenShard,
) -> Evidence:
    counts = shard.counts(OUTCOMES)
    files = [[f.key, f.size, f.version] for f in shard.files(OUTCOMES.name)]
    name = measured.metric.name
    units = sum(m.count for m in measured.moments.values())
    return Evidence(
        title=f"{campaign.id}: the holdout against everybody else, {_span(read)}",
        source=Source(
            "campaign",
            campaign.id,
            hashlib.sha256(repr(files).encode()).hexdigest(),
            counts.rows_in,
            len(joined.rows.held),
            dict(sorted(known.aside.items())),
        ),
        unit="customer_id",
        control=HOLDOUT,
        # Every window that is read has closed: each reading is the end of these nights.
        rule=Rule((measured.metric,), units),
        sizes=sizes,
        arms=measured.moments,
        decides=False,
        units_planned=units,
        units_of={name: "EUR"},
        unit_value_eur={name: 1.0},
        segments=() if len(read) > 1 else _segments(joined, measured),
        as_of=str(request.run_date),
        ends_on=str(max(read) + timedelta(days=campaign.outcome_window_days)),
        promised=said,
        warnings=tuple(known.warnings),
        inputs={
            "plan": shard.manifest.key.digest,
            "file": shard.manifest.campaigns[campaign.id],
            "nights": [str(night) for night in read],
            "run_id": shard.run_id,
            "software": software(),
        },
    )


def _segments(joined: Joined, measured: Measured) -> tuple[Point, ...]:
    points = []
    rows = joined.rows
    for segment in sorted({s for s in joined.segment if s is not None}):
        mine = joined.segment == segment
        if min((mine & rows.held).sum(), (mine & ~rows.held).sum()) < SMALLEST_SEGMENT:
            continue
        part = {name: column[mine] for name, column in vars(rows).items() if name != "covariate_names"}
        own = CampaignRows(**part, covariate_names=rows.covariate_names)
        points.append(Point(segment, moments_of(own, measured.metric, own.outcome_eur), "segment"))
    return tuple(points)


def _span(read: Sequence[date]) -> str:
    nights = f"{len(read)} nights whose windows do not overlap, " if len(read) > 1 else "the night of "
    return f"{nights}{min(read)}" + (f" to {max(read)}" if len(read) > 1 else "")
