"""A campaign read: what its holdout measured beside what was promised, by arm and by partner, and what follows."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadRequest, BadTrial, NoInput
from jobs.read_experiment.campaign_rows import Known, take_in
from jobs.read_experiment.kept import Rules, keep, look_number
from jobs.read_experiment.partner_sales import stage_partner_lift
from jobs.read_experiment.promised import calibration_said, promised_said
from jobs.read_experiment.request import ReadExperiment
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.shard import OpenShard
from jobs.runtime.software import software
from jobs.runtime.stores import Stores
from jobs.science.experiment.campaign_nights import CampaignNights, Joined, open_nights
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
from jobs.science.offers.propensities import read_propensities
from jobs.tables.inputs import OUTCOMES

SMALLEST_SEGMENT = 100
"""Customers of either side below which nothing is said of a segment."""

LEAST_CUSTOMERS = 30
"""Customers of the holdout with an outcome, below which a campaign is not read."""


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
        known = Known([], Counter())
        read = take_in(nights, campaign, request, stores, shard, known)
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


def _sides(nights: CampaignNights, campaign: Campaign, read: Sequence[date], known: Known) -> tuple[Sizes, pa.Array]:
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


def _explored(nights: CampaignNights, campaign: Campaign, known: Known) -> Explored | None:
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
    known: Known,
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
