"""A night decided again: what another campaign file, or another model, would have given each customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.allocate_offers.deciding import decide
from jobs.allocate_offers.partners import partner_risks
from jobs.allocate_offers.scored import SCORE_COLUMNS
from jobs.allocate_offers.setting import Setting, certainty_of
from jobs.allocate_offers.tables_of_night import mean_risk
from jobs.allocate_offers.together import together
from jobs.errors import BadRequest, NoInput
from jobs.runtime.calibration import factors_of_nights
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.house_rules import read_house_rules
from jobs.runtime.layout import campaign_ids
from jobs.runtime.manifest import read_manifest
from jobs.runtime.stores import Stores
from jobs.storage.inputs import InputFile
from jobs.storage.tables import read_whole
from jobs.tables.check import check
from jobs.tables.inputs import CUSTOMERS
from jobs.tables.outputs import UPLIFT_SCORES


@dataclass(frozen=True)
class Other:
    """What is put in the place of what was at work.

    Parameters
    ----------
    campaign : Campaign
        Its file, or the one that was at work.
    model_version : str or None
        Version of the campaign's model; None for the scores of the night.
    threads : int
        Threads of the scorer.
    """

    campaign: Campaign
    model_version: str | None
    threads: int = 1


def other_choice(other: Other, run_date: date, stores: Stores, seed: int) -> pa.Table:
    """Decide a night again, without exploring, beside the other campaigns of that night as their files are now.

    Parameters
    ----------
    other : Other
        What is put in.
    run_date : datetime.date
        Which night.
    stores : Stores
        Where scores, risks, segments and models are.
    seed : int
        Seed of the lot among equals.

    Returns
    -------
    pyarrow.Table
        ``customer_id`` and ``target``: the arm, or the control's name for nothing; a row for everybody who was scored.

    Raises
    ------
    NoInput
        If the campaign has no scores of that night.
    BadRequest
        If its limits cannot be kept on that night.
    """
    rows = {
        campaign_id: read_whole(
            stores.tables, UPLIFT_SCORES, {"run_date": run_date, "campaign_id": campaign_id}, SCORE_COLUMNS
        )
        for campaign_id in campaign_ids(stores.objects)
    }
    if other.model_version is not None:
        rows[other.campaign.id] = _scored_again(other, other.model_version, run_date, stores)
    rows = {campaign_id: found for campaign_id, found in rows.items() if found.num_rows}
    if other.campaign.id not in rows:
        raise NoInput(f"{other.campaign.id} has no scores of {run_date}: ask for a night on which it was scored.")
    setting = _setting(other, rows, run_date, stores)
    known = together(setting, rows, stores)
    place = [campaign.id for campaign in setting.campaigns].index(other.campaign.id)
    arm = decide(known, seed).arm[known.place[place], place]
    names = pa.array([arm.name for arm in other.campaign.arms], pa.string())
    at = pa.array(np.where(arm >= 0, arm - setting.arms_of(place).start, 0), mask=arm < 0)
    return pa.table(
        {
            "customer_id": known.customer_id.take(pa.array(known.place[place])),
            "target": pc.fill_null(names.take(at), other.campaign.control),
        }
    )


def _setting(other: Other, rows: Mapping[str, pa.Table], run_date: date, stores: Stores) -> Setting:
    """Gather what the night rests on, the other file in the place of the one that was at work."""
    files = (other.campaign if c == other.campaign.id else read_campaign(stores.objects, c) for c in sorted(rows))
    campaigns = tuple(campaign.model_copy(update={"exploration": None}) for campaign in files)
    _require_no_catalogue(campaigns)
    wanted = {arm.partner_id for campaign in campaigns if campaign.partner_risk for arm in campaign.arms}
    # What multiplied the effects of that night multiplies them here.
    calibration = {
        c.id: factor for c in campaigns for factor in factors_of_nights(c.id, run_date, run_date, stores).values()
    }
    versions = {c.id: rows[c.id]["model_version"][0].as_py() for c in campaigns}
    return Setting(
        run_date=run_date,
        campaigns=campaigns,
        rules=read_house_rules(stores.objects),
        policy_version={},
        mean_risk=mean_risk(run_date, stores),
        partners=partner_risks(run_date, sorted(wanted - {""}), stores),
        certainty={c.id: certainty_of(c, versions[c.id], stores, calibration.get(c.id)) for c in campaigns},
        calibration=calibration,
    )


def _require_no_catalogue(campaigns: Sequence[Campaign]) -> None:
    of_many = next((campaign.id for campaign in campaigns if campaign.candidates is not None), None)
    if of_many is not None:
        raise BadRequest(
            f"campaign {of_many!r} chose from a catalogue that night, which cannot be done again from logged offers: "
            "ask for a night on which no campaign has one."
        )


def _scored_again(other: Other, version: str, run_date: date, stores: Stores) -> pa.Table:
    """Score the customers of that night by another version of the campaign's model, from the files it was scored on."""
    # LightGBM waits until a model is asked for.
    from jobs.science.uplift.scorer import PortableScorer  # noqa: PLC0415
    from jobs.score_uplift import score_rows  # noqa: PLC0415

    campaign = other.campaign
    runs = stores.ledger.finished("score-uplift", campaign.id, run_date, run_date)
    if not runs:
        raise NoInput(f"no finished run scored {campaign.id} on {run_date}: ask for a night on which one did.")
    scorer = PortableScorer.from_files(stores.models.load(campaign.model_kind, version).files)
    table, scored = campaign.customers(CUSTOMERS), []
    for file in read_manifest(stores, runs[-1]).files[CUSTOMERS.name]:
        for customers in stores.inputs.read(InputFile(file.key, file.size, file.version), table):
            good = check(customers, table, file=file.key, run_date=run_date).good
            effect = scorer.effect(good, other.threads)
            scored.append(score_rows(good, scorer.arms[1:], effect, version).select(SCORE_COLUMNS))
    return pa.concat_tables(scored)
