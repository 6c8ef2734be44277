"""Rank partners by the risk that they are compromised or fraudulent at the start of the day after the run's date."""

import hashlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.pages.formats import count
from jobs.pages.partners import PartnersPage, QueueRow, partners_html
from jobs.runtime.batch_counts import BatchCounts
from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.layout import partners_page_key
from jobs.runtime.partner_facts import PartnerFacts, partner_facts, partners_with
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.drift.profile import SCORE
from jobs.science.fraud.engine import Limits
from jobs.science.partners.features import COUNTS, FEATURE_NAMES, partner_features
from jobs.science.partners.reasons import partner_reasons
from jobs.science.partners.score import PartnerScorer, held_back, load_partner_scorer, ranks
from jobs.storage.models import Model
from jobs.tables.inputs import FRAUD_REPORTS, PARTNER_PAYMENT_COLUMNS, PARTNERS, TRANSACTIONS
from jobs.tables.outputs import PARTNER_RISK

KIND = "partner-risk"
CAPACITY = 50
"""Partners of a queue where neither a model nor the request says how many the team can look into."""

HISTORY_NIGHTS = 28
"""Nights before this one that a partner's history shows."""

_SMALLEST_RATE = 1e-9
_DIGEST_CHARS = 16


@dataclass(frozen=True)
class ScorePartners:
    """Rank partners by risk: with the champion where there is one, else by their shrunk fraud rate."""

    run_date: date = flag("day that has just ended", unit="YYYY-MM-DD", example="2026-11-22")
    label_delay_days: int = flag(
        "days after which an unreported transaction counts as genuine", unit="days", default=7, example="7"
    )
    scheme_limit: float = flag(
        "fraud reports and disputes over transactions at which the card scheme calls a partner excessive",
        unit="in (0, 1)",
        default=0.015,
        example="0.015",
    )
    capacity: int | None = flag(
        "partners that the team can look into a day; without it what the model was trained for, or 50",
        unit="count",
        default=None,
        example="50",
        low=1,
    )
    threads: int = flag("threads of engine and scorer", unit="count", default=2, example="2", low=1)
    memory_mb: int = flag(
        "memory of the SQL engine; what does not fit is spilled", unit="MB", default=450, example="900", low=64
    )


def score_partners(request: ScorePartners, stores: Stores) -> Report:
    """Rank partners and commit ``partner_risk``.

    Raises
    ------
    TamperedModel
        If the model's files are not what was registered.
    """
    return run_job(JOB, request, stores)


def score(request: ScorePartners, stores: Stores, shard: OpenShard) -> None:
    """Read payments, reports and facts of partners; compute features; score, rank, give reasons, stage."""
    version = shard.manifest.models.get(KIND)
    model = stores.models.load_for_work(KIND, version) if version else None
    scorer = load_partner_scorer(model.files) if model else None
    given = _given_vectors(scorer)
    facts = partner_facts(shard.read(partners_with(given)), given)
    with tempfile.TemporaryDirectory(prefix="netlift-") as spill:
        features = partner_features(
            shard.read(TRANSACTIONS.extended(PARTNER_PAYMENT_COLUMNS), unique="transaction_id"),
            shard.read(FRAUD_REPORTS),
            first_day=request.run_date + timedelta(days=1),
            last_day=request.run_date + timedelta(days=1),
            label_delay_days=scorer.label_delay_days if scorer else request.label_delay_days,
            limits=Limits(memory_mb=request.memory_mb, threads=request.threads, temp_directory=spill),
            categories=facts.categories,
            silent=facts.ids,
        )
    features = _with_facts(features, facts, scorer)
    margin = _margin(features, scorer, request)
    scored = _scored(features, margin, scorer, request)
    shard.stage(
        PARTNER_RISK, scored.append_column("model_version", pa.repeat(pa.scalar(version, pa.string()), len(scored)))
    )
    if model is not None and scorer is not None:
        shard.details |= _counted(features, scorer.probability(margin), model)
    reviewed = int((scored["outcome"].to_numpy(zero_copy_only=False) == "review").sum())
    shard.details |= {"partners": scored.num_rows, "reviewed": reviewed}
    shard.details["scored_by"] = f"model {version}" if version else "7-day shrunk fraud rate: no model was promoted yet"
    page = partners_html(_page(scored, facts, request, stores, shard)).encode()
    key = partners_page_key(request.run_date, hashlib.sha256(page).hexdigest()[:_DIGEST_CHARS])
    # Named by its contents: the page of a run that is lost before its commit stands beside, and in nobody's place.
    stores.objects.put_if_absent(key, page)
    shard.details["page"] = f"{stores.objects.uri}/{key}"


def _given_vectors(scorer: PartnerScorer | None) -> tuple[str, ...]:
    """Columns that the model reads and neither payments nor text make."""
    if scorer is None:
        return ()
    made = {*FEATURE_NAMES, *(scorer.text.names if scorer.text else ())}
    return tuple(name for name in scorer.features if name not in made)


def _with_facts(features: pa.Table, facts: PartnerFacts, scorer: PartnerScorer | None) -> pa.Table:
    features = facts.with_vectors(features)
    if scorer is None or scorer.text is None:
        return features
    return scorer.text.append(features, [facts.texts.get(p, "") for p in features["partner_id"].to_pylist()])


def _margin(features: pa.Table, scorer: PartnerScorer | None, request: ScorePartners) -> NDArray[np.float64]:
    """Return log odds: the model's, or without one those of the shrunk rate."""
    if scorer is not None:
        return scorer.margin(features, request.threads)
    odds = np.clip(_rate(features), _SMALLEST_RATE, 1 - _SMALLEST_RATE)
    return np.asarray(np.log(odds / (1 - odds)), dtype=np.float64)


def _rate(features: pa.Table) -> NDArray[np.float64]:
    return np.asarray(features["fraud_rate_shrunk"].to_numpy(), dtype=np.float64)


def _scored(
    features: pa.Table, margin: NDArray[np.float64], scorer: PartnerScorer | None, request: ScorePartners
) -> pa.Table:
    margin = held_back(margin, features["recent_28d"].to_numpy())
    rank = ranks(margin, features["frauds_7d"].to_numpy(), features["transactions_7d"].to_numpy())
    queued = rank <= (request.capacity or (scorer.capacity if scorer else CAPACITY))
    # A queue is no longer than the team can work, and holds nobody who is not worth it.
    queued &= margin >= scorer.review_margin if scorer else features["frauds_28d"].to_numpy() > 0
    reasons = partner_reasons(scorer, features, queued, request.threads)
    columns: dict[str, Any] = {
        "partner_id": features["partner_id"],
        "fraud_rate_shrunk": _rate(features),
        "rank": rank,
        "score": margin,
        "risk_probability": pa.array(scorer.probability(margin)) if scorer else pa.nulls(len(rank), pa.float64()),
        "outcome": np.where(queued, "review", "pass"),
        "scheme_headroom_28d": _figure(request.scheme_limit - features["scheme_ratio_28d"].to_numpy()),
    }
    columns |= {name: features[name] for name in COUNTS if name in PARTNER_RISK.names}
    for name in PARTNER_RISK.names:
        if name in FEATURE_NAMES and name not in columns:
            columns[name] = _figure(features[name].to_numpy())
    return pa.table(columns | {f"reason_{place}": words for place, words in enumerate(reasons, 1)}).sort_by("rank")


def _counted(features: pa.Table, probability: NDArray[np.float64], model: Model) -> dict[str, Any]:
    """Count features and scores in the bins of the model's profile, for drift: the table keeps but some of them."""
    counts = BatchCounts(model)
    # As in training, whose rows are partners with payments before and after: who has stopped is no drift.
    rows = features.append_column(SCORE, pa.array(probability))
    counts.add(rows.filter(pc.greater(rows["recent_28d"], 0)))
    return counts.detail()


def _page(
    scored: pa.Table, facts: PartnerFacts, request: ScorePartners, stores: Stores, shard: OpenShard
) -> PartnersPage:
    calibrated = shard.manifest.models.get(KIND) is not None
    risk = "risk_probability" if calibrated else "fraud_rate_shrunk"
    queue = scored.filter(pc.equal(scored["outcome"], "review")).to_pylist()
    before = _history([row["partner_id"] for row in queue], risk, request.run_date, stores)
    headroom = scored["scheme_headroom_28d"]
    rows = []
    for row in queue:
        nights = [*before.get(row["partner_id"], []), (0.0, row[risk])]
        rows.append(
            QueueRow(
                row["rank"],
                row["partner_id"],
                facts.names.get(row["partner_id"], ""),
                facts.categories.get(row["partner_id"], ""),
                row[risk],
                row["transactions_28d"],
                row["frauds_28d"],
                row["early_frauds"],
                row["scheme_ratio_28d"],
                row["scheme_headroom_28d"],
                row["volume_ratio_7d"],
                [row[r] for r in ("reason_1", "reason_2", "reason_3") if row[r]],
                history=[value for _, value in nights],
                days=[day for day, _ in nights],
            )
        )
    aside = shard.set_aside(PARTNERS)
    notes = [f"Set aside of the partners input, see table quarantine: {count(aside)}."] if aside else []
    return PartnersPage(
        run_date=request.run_date,
        run_id=shard.run_id,
        scored_by=shard.details["scored_by"],
        calibrated=calibrated,
        partners=scored.num_rows,
        scheme_limit=request.scheme_limit,
        beyond_limit=int(pc.sum(pc.less(headroom, 0.0).cast(pa.int64())).as_py() or 0),
        queue=rows,
        notes=notes,
    )


def _history(
    partners: Sequence[str], risk: str, run_date: date, stores: Stores
) -> dict[str, list[tuple[float, float]]]:
    """Return risk and day, counted back from the run's, of the nights before, oldest first."""
    where = {"run_date": (run_date - timedelta(days=HISTORY_NIGHTS), run_date - timedelta(days=1))}
    wanted = pa.array(partners, pa.string())
    found: list[tuple[str, float, float]] = []
    for rows in stores.tables.read(PARTNER_RISK, where, ["run_date", "partner_id", risk]):
        kept = rows.filter(pc.and_(pc.is_in(rows["partner_id"], value_set=wanted), pc.is_valid(rows[risk])))
        found += [(r["partner_id"], float((r["run_date"] - run_date).days), r[risk]) for r in kept.to_pylist()]
    history: dict[str, list[tuple[float, float]]] = {}
    for partner, day, value in sorted(found):
        history.setdefault(partner, []).append((day, value))
    return history


def _figure(values: NDArray[Any]) -> pa.Array:
    """Return figures of the table: what is not known is missing, not NaN."""
    return pa.array(values.astype(np.float64), from_pandas=True)


JOB = Job(step("score-partners"), ScorePartners, score)

if __name__ == "__main__":
    sys.exit(main(JOB))
