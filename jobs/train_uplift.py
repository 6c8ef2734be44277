"""Fit learners to a campaign's trial, choose one, judge it on untouched rows, register what may be scored with."""

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadTrial
from jobs.pages.model_card import model_card_html
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.promotion import promote_if_due
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.segments import segments_of
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.drift.profile import arm_score, profile_of
from jobs.science.experiment.sample_ratio import sample_ratio_by_propensity
from jobs.science.uplift.export import export_scorer
from jobs.science.uplift.fallback import allowed_by
from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.judgement import Judgement
from jobs.science.uplift.learners.fit import PORTABLE
from jobs.science.uplift.model_card import model_card
from jobs.science.uplift.scorer import PortableScorer
from jobs.science.uplift.trial import Trial
from jobs.tables.inputs import TRIAL
from jobs.tables.outputs import UPLIFT_SEGMENTS

CARD_PAGE = "model_card.html"
"""The card as a page, a file of the model beside the scorer's."""


@dataclass(frozen=True)
class TrainUplift:
    """Fit, judge and register the uplift model of a campaign."""

    run_date: date = flag("day by whose end outcomes must be final", unit="YYYY-MM-DD", example="2026-11-22")
    campaign: str = flag("campaign", example="spring")
    train_share: float = flag(
        "share of the trial that fits; the rest judges",
        unit="in (0, 1)",
        default=0.5,
        example="0.5",
        low=0.01,
        high=0.99,
    )
    customers: int | None = flag(
        "customers that the budget is for; without it as many as the trial has",
        unit="count",
        default=None,
        example="90000",
        low=1,
    )
    learners: tuple[str, ...] = flag(
        "learner to judge, again and again; all that can be put to work without it",
        unit="name",
        default=(),
        example="XLearner",
    )
    seed: int = flag("seed of the splits and of the learner", unit="integer", default=1, example="1", low=0)
    threads: int = flag(
        "threads of the learner; more than the free cores is slower", unit="count", default=1, example="2", low=1
    )
    promote: bool = flag("put the model to work even if another one is", default=False, example="--promote")


def train_uplift(request: TrainUplift, stores: Stores) -> Report:
    """Train, register, commit ``uplift_segments``; the first model goes to work at once, a later one by ``--promote``.

    Raises
    ------
    BadTrial
        If the trial cannot answer: one arm, no control rows, too few rows, or arms of the wrong sizes.
    ExportRefused
        If the portable scorer does not predict what the fitted model predicts.
    """
    return run_job(JOB, request, stores)


def train(request: TrainUplift, stores: Stores, shard: OpenShard) -> None:
    """Read the trial, leave out what is not final, fit, judge, export what the verdict allows, register."""
    campaign = read_campaign(stores.objects, request.campaign)
    trial = _trial(campaign, request, shard)
    segments = _segments(trial, campaign, stores, shard)
    judgement = fit_and_judge(
        trial,
        cost_eur=[arm.contact_cost_eur for arm in campaign.arms],
        budget_eur=campaign.budget_eur,
        customers=request.customers,
        train_share=request.train_share,
        learners=request.learners or PORTABLE,
        seed=request.seed,
        num_threads=request.threads,
        slice_of=segments,
    )
    fitted = allowed_by(judgement.verdict, judgement.fitted)
    export = export_scorer(fitted, fitted.encoder.transform(trial.rows))
    card = {
        **model_card(
            trial,
            judgement,
            data=f"campaign {campaign.id}",
            outcome_in_words=campaign.outcome,
            sample_ratio_p=shard.details["sample_ratio_p"],
            dates=_dates(trial, campaign),
        ),
        "campaign": campaign.id,
        "outcome": campaign.outcome,
        "trained_by": str(request.run_date),
        "export_max_diff_sd": export.max_diff_sd,
        "profile": _profile(trial, export.files, judgement, request),
    }
    files = {**export.files, CARD_PAGE: model_card_html(card).encode()}
    version = stores.models.register(campaign.model_kind, files, card)
    shard.stage(UPLIFT_SEGMENTS, segment_rows(judgement, version))
    shard.details |= {
        "model_version": version,
        "verdict": card["verdict"],
        "learner": judgement.choice.learner,
        "qini": card["qini"],
    }
    shard.details["champion"] = promote_if_due(
        stores.models,
        campaign.model_kind,
        version,
        asked=request.promote,
        who=JOB.step.verb,
        proposer=campaign.owner,
    )


def segment_rows(judgement: Judgement, version: str) -> pa.Table:
    """Lay segments of effect out as rows of ``uplift_segments``.

    Parameters
    ----------
    judgement : Judgement
        What untouched rows measured of the policy tree's leaves.
    version : str
        Model version.
    """
    found = judgement.segments.effects
    return pa.table(
        {
            "segment": pa.array([s.segment for s in found], pa.string()),
            "arm": pa.array([s.arm for s in found], pa.string()),
            "chosen": pa.array([s.chosen for s in found], pa.bool_()),
            "rows": pa.array([s.rows for s in found], pa.int64()),
            "share": pa.array([s.share for s in found], pa.float64()),
            "effect_eur": pa.array([s.effect.value for s in found], pa.float64()),
            "effect_low_eur": pa.array([s.effect.low for s in found], pa.float64()),
            "effect_high_eur": pa.array([s.effect.high for s in found], pa.float64()),
            "contact_cost_eur": pa.array([s.cost_eur for s in found], pa.float64()),
            "model_version": pa.repeat(version, len(found)),
        }
    )


def _trial(campaign: Campaign, request: TrainUplift, shard: OpenShard) -> Trial:
    arms = [arm.name for arm in campaign.arms]
    table = campaign.trial(TRIAL)
    allowed = {"arm": [campaign.control, *arms], "campaign_id": [campaign.id]}
    parts = shard.read(table, allowed=allowed, unique="customer_id")
    rows = pa.concat_tables([table.schema.empty_table(), *parts])
    final_by = datetime.combine(request.run_date + timedelta(days=1), time.min, UTC)
    final = rows.filter(pc.less_equal(rows["matured_at"], pa.scalar(final_by)))
    shard.details["immature_rows"] = rows.num_rows - final.num_rows
    trial = Trial.checked(
        final,
        {f.name: f.type for f in campaign.features},
        arm=final["arm"],
        control=campaign.control,
        arms=arms,
        outcome=pc.multiply(final[campaign.outcome], campaign.unit_margin_eur).to_numpy(),
        propensity=final["propensity"].to_numpy(),
    )
    ratio = sample_ratio_by_propensity(trial.arm, trial.propensity, len(trial.arms))
    shard.details["sample_ratio_p"] = ratio.p_value
    if ratio.mismatch:
        raise BadTrial(
            f"campaign {campaign.id}: the arms have {list(ratio.counts)} rows where the design expects "
            f"{[round(e) for e in ratio.expected]} (p = {ratio.p_value:.1g}): find out why before the trial is read."
        )
    return trial


def _dates(trial: Trial, campaign: Campaign) -> dict[str, Any]:
    """Return the days on which the trial's outcomes became final."""
    final = pc.min_max(trial.rows["matured_at"]).as_py()
    days = {name: str(final[limit].date()) for name, limit in (("first", "min"), ("last", "max"))}
    return {**days, "window_days": campaign.outcome_window_days}


def _segments(trial: Trial, campaign: Campaign, stores: Stores, shard: OpenShard) -> NDArray[np.str_] | None:
    """Return each unit's segment as of the day before the first contact: later ones know what the offer did."""
    first = pc.min(trial.rows["matured_at"]).as_py() - timedelta(days=campaign.outcome_window_days)
    eve = first.date() - timedelta(days=1)
    segments = segments_of(stores, eve)
    if segments is None:
        shard.details["slices"] = f"none: no customer_segments were made in the month up to {eve}, before the trial."
        return None
    shard.details["slices"] = f"customer_segments of {segments.run_date}, exploratory"
    return np.asarray(segments.of(trial.rows["customer_id"]).to_numpy(zero_copy_only=False), dtype=str)


def _profile(trial: Trial, files: dict[str, bytes], judgement: Judgement, request: TrainUplift) -> dict[str, Any]:
    """Profile of the rows that judged: their effects are those of customers the learner never saw."""
    held = trial.part(~trial.split(request.train_share, request.seed))
    effect = PortableScorer.from_files(files).effect(held.rows, request.threads)
    columns = held.rows.select(list(trial.features))
    for i, arm in enumerate(judgement.fitted.arms[1:]):
        columns = columns.append_column(arm_score(arm), pa.array(effect[:, i]))
    return profile_of(columns).to_dict()


JOB = Job(step("train-uplift"), TrainUplift, train)

if __name__ == "__main__":
    sys.exit(main(JOB))
