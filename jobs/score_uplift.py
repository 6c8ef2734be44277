"""Score what each arm of a campaign would add for each customer, one file of customers at a time."""

import sys
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.runtime.campaign import read_campaign
from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.uplift.scorer import PortableScorer
from jobs.tables.inputs import CUSTOMERS
from jobs.tables.outputs import UPLIFT_SCORES


@dataclass(frozen=True)
class ScoreUplift:
    """Score every customer for every arm of a campaign."""

    run_date: date = flag("day the scores speak of", unit="YYYY-MM-DD", example="2026-11-22")
    campaign: str = flag("campaign", example="spring")
    threads: int = flag("threads of the scorer", unit="count", default=2, example="2", low=1)


def score_uplift(request: ScoreUplift, stores: Stores) -> Report:
    """Score with the campaign's champion and commit ``uplift_scores``, a row a customer and arm.

    Raises
    ------
    UnknownModel
        If the campaign has no model at work.
    TamperedModel
        If the model's files are not what was registered.
    """
    return run_job(JOB, request, stores)


def score(request: ScoreUplift, stores: Stores, shard: OpenShard) -> None:
    """Read customers, score, stage."""
    campaign = read_campaign(stores.objects, request.campaign)
    version = shard.manifest.models[campaign.model_kind]
    scorer = PortableScorer.from_files(stores.models.load_for_work(campaign.model_kind, version).files)
    for customers in shard.read(campaign.customers(CUSTOMERS)):
        effect = scorer.effect(customers, request.threads)
        shard.stage(UPLIFT_SCORES, score_rows(customers, scorer.arms[1:], effect, version))


def score_rows(customers: pa.Table, arms: tuple[str, ...], effect: NDArray[np.float64], version: str) -> pa.Table:
    """Lay effects out as rows: all arms of the first customer, then of the second.

    Parameters
    ----------
    customers : pyarrow.Table
        Columns ``customer_id``, ``consent`` and ``account_id``.
    arms : tuple of str
        Names of the arms.
    effect : ndarray of shape (n_customers, n_arms)
        Effects in euro.
    version : str
        Model version.
    """
    n, k = effect.shape
    each = pa.array(np.repeat(np.arange(n), k))
    account = pc.coalesce(customers["account_id"], customers["customer_id"])
    arm = pa.DictionaryArray.from_arrays(np.tile(np.arange(k, dtype=np.int32), n), pa.array(arms, pa.string()))
    return pa.table(
        {
            "customer_id": customers["customer_id"].take(each),
            "arm": arm.cast(pa.string()),
            "effect_eur": pa.array(effect.reshape(-1)),
            "consent": customers["consent"].take(each),
            "account_id": account.take(each),
            "model_version": pa.repeat(version, n * k),
        }
    )


JOB = Job(step("score-uplift"), ScoreUplift, score)

if __name__ == "__main__":
    sys.exit(main(JOB))
