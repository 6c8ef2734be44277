"""Put every customer into a segment by what was paid, when and where; make the segments anew every week."""

import dataclasses
import hashlib
import math
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.pages.segments import CandidateRow, MoveRow, MoveTable, SegmentRow, SegmentsPage, segments_html
from jobs.runtime.batch_counts import BatchCounts
from jobs.runtime.chain import SEGMENT_DAYS, step
from jobs.runtime.command import flag, main
from jobs.runtime.layout import segments_page_key
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.segment_model import KIND, Refit, model_of, profiled
from jobs.runtime.segments import Night, nights_before
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR, DAY_S, Limits
from jobs.science.segments.behaviour import Window, read_behaviour
from jobs.science.segments.fit import SegmentPlan
from jobs.science.segments.model import Assigned, SegmentModel
from jobs.science.segments.moves import Move, Moves, open_moves, size_drift, stayed_share
from jobs.science.segments.profiles import Profiles
from jobs.storage.models import Model
from jobs.tables.inputs import CUSTOMERS, FRAUD_REPORTS, TRANSACTIONS
from jobs.tables.outputs import CUSTOMER_SEGMENTS

HISTORY_NIGHTS = 14
"""Nights whose sizes the page shows, this one included."""

_DIGEST_CHARS = 16


@dataclass(frozen=True)
class SegmentCustomers:
    """Put every customer into a segment by the payments of the last weeks."""

    run_date: date = flag("day that has just ended", unit="YYYY-MM-DD", example="2026-11-22")
    window_days: int = flag(
        "days of payments to look at", unit="days", default=SEGMENT_DAYS, example="60", low=1, high=SEGMENT_DAYS
    )
    refit_days: int = flag(
        "age from which the segments are made anew; a segment that holds mostly the same customers keeps its number",
        unit="days",
        default=7,
        example="28",
        low=1,
    )
    refit: bool = flag("make the segments anew whatever their age", default=False, example="--refit")
    most_segments: int = flag("largest number of segments to try", unit="count", default=8, example="6", low=1, high=20)
    fit_customers: int = flag(
        "customers that the segments are made of, at most", unit="count", default=20_000, example="50000", low=1
    )
    seed: int = flag("seed of samples and first centres", unit="integer", default=1, example="1", low=0)
    memory_mb: int = flag(
        "memory of the SQL engine; what does not fit is spilled", unit="MB", default=450, example="900", low=64
    )


def segment_customers(request: SegmentCustomers, stores: Stores) -> Report:
    """Segment customers and commit ``customer_segments``.

    Raises
    ------
    NoInput
        If nobody paid anything within the window.
    TamperedModel
        If the segment model at work is not what was registered.
    """
    return run_job(JOB, request, stores)


def segment(request: SegmentCustomers, stores: Stores, shard: OpenShard) -> None:
    """Read what customers did, make the segments anew if that is due, assign, compare with the night before."""
    window = Window(request.run_date, request.window_days)
    before = nights_before(stores, request.run_date)
    with tempfile.TemporaryDirectory(prefix="netlift-") as spill:
        limits = Limits(memory_mb=request.memory_mb, temp_directory=spill)
        with read_behaviour(
            shard.read(TRANSACTIONS, unique="transaction_id"),
            shard.read(FRAUD_REPORTS),
            shard.read(CUSTOMERS, unique="customer_id"),
            window,
            limits,
        ) as behaviour:
            at_work, why = model_of(behaviour, _refit(request), stores.models, JOB.step.verb)
            shard.models[KIND] = at_work.version
            shard.details["refit"] = why
            counts = BatchCounts(at_work)
            model = SegmentModel.from_files(at_work.files)
            profiles = Profiles(model.name_of, window)
            with open_moves(limits) as moves:
                for rows in behaviour.customers():
                    assigned = model.assign(rows, window)
                    profiles.add(rows, assigned.number)
                    counts.add(profiled(rows, assigned, model, window))
                    staged = _staged(rows, assigned, model, window, at_work.version)
                    moves.add_after(staged)
                    shard.stage(CUSTOMER_SEGMENTS, staged)
                moved = _moved(moves, before[-1] if before else None, stores)
            shard.details["unknown_payers"] = behaviour.unknown_payers
    shard.details |= _said(profiles, at_work, moved, before[-1] if before else None) | counts.detail()
    page = segments_html(_page(request, shard, at_work.card, before, stores))
    key = segments_page_key(request.run_date, hashlib.sha256(page.encode()).hexdigest()[:_DIGEST_CHARS])
    # Named by its contents: the page of a run that is lost before its commit stands beside, and in nobody's place.
    stores.objects.put_if_absent(key, page.encode())
    shard.details["page"] = f"{stores.objects.uri}/{key}"


def _refit(request: SegmentCustomers) -> Refit:
    plan = SegmentPlan(most_segments=request.most_segments, seed=request.seed)
    return Refit(request.refit_days, request.refit, request.fit_customers, plan)


def _staged(rows: pa.Table, assigned: Assigned, model: SegmentModel, window: Window, version: str) -> pa.Table:
    names = model.name_of
    last_s = rows["last_s"].cast(pa.float64()).to_numpy()
    return pa.table(
        {
            "customer_id": rows["customer_id"],
            "account_id": rows["account_id"],
            "segment": assigned.number,
            "segment_name": pa.array([names[n] for n in assigned.number.tolist()], pa.string()),
            "certainty": pa.array(assigned.certainty, from_pandas=True),
            "recency_days": pa.array((window.end_s - last_s) / DAY_S, from_pandas=True),
            "payments": rows["payments"].fill_null(0),
            "spend_eur": np.nan_to_num(rows["units"].cast(pa.float64()).to_numpy()) / AMOUNT_UNITS_PER_EUR,
            "model_version": pa.array([version] * rows.num_rows, pa.string()),
        }
    )


def _moved(moves: Moves, before: Night | None, stores: Stores) -> tuple[Move, ...]:
    if before is None:
        return ()
    for rows in stores.tables.read(CUSTOMER_SEGMENTS, {"run_date": before.run_date}, ["customer_id", "segment"]):
        moves.add_before(rows)
    return moves.moves()


def _said(profiles: Profiles, at_work: Model, moved: tuple[Move, ...], before: Night | None) -> dict[str, Any]:
    """Return what the report says beside rows."""
    said: dict[str, Any] = {
        "model_version": at_work.version,
        "structure": at_work.card["structure"],
        "reason": at_work.card["reason"],
        "segments": [dataclasses.asdict(profile) for profile in profiles.profiles()],
    }
    if before is not None:
        drift = size_drift(before.sizes, profiles.sizes)
        said |= {
            "before": str(before.run_date),
            "size_drift": dataclasses.asdict(drift),
            "stayed_share": stayed_share(moved),
            "moves": [dataclasses.asdict(move) for move in moved],
        }
    return said


def _page(
    request: SegmentCustomers, shard: OpenShard, card: dict[str, Any], before: list[Night], stores: Stores
) -> SegmentsPage:
    said = shard.details
    nights = [*before[1 - HISTORY_NIGHTS :], Night(request.run_date, said)]
    centres = {s["number"]: s["centre"] for s in card["segments"]}
    everyone = [max(sum(night.sizes.values()), 1) for night in nights]
    segments = []
    for profile in said["segments"]:
        number = profile["number"]
        shares = [
            night.sizes.get(number, math.nan if number else 0) / n for night, n in zip(nights, everyone, strict=True)
        ]
        earlier = shares[-2] if before else None
        segments.append(
            SegmentRow(
                **profile,
                share_before=None if earlier is None or math.isnan(earlier) else earlier,
                centre=centres.get(number, {}),
                history=shares,
            )
        )
    return SegmentsPage(
        run_date=request.run_date,
        run_id=shard.run_id,
        source=stores.objects.uri,
        window_days=request.window_days,
        structure=card["structure"],
        reason=card["reason"],
        halves_agreement=card["halves_agreement"],
        customers=everyone[-1],
        unknown_payers=said["unknown_payers"],
        segments=segments,
        candidates=[
            CandidateRow(c["segments"], c["agreement"], c["overlap"], c["gap"], c["segments"] == len(centres))
            for c in card["candidates"]
        ],
        model_version=said["model_version"],
        fitted_last=date.fromisoformat(card["fitted_on"]["last"]),
        fitted_customers=card["fitted_on"]["customers"],
        dates=[str(night.run_date) for night in nights],
        drift=said["size_drift"]["level"] if before else None,
        psi=said["size_drift"]["psi"] if before else None,
        moves=_move_table(before[-1], nights[-1]) if before else None,
    )


def _move_table(before: Night, now: Night) -> MoveTable:
    """Lay the moves out: segments of then down, segments of now across, and those who are gone."""
    columns: list[int | None] = [*now.sizes, None]
    rows = []
    for then in (*before.sizes, None):
        to = {m["after"]: m["customers"] for m in now.details["moves"] if m["before"] == then}
        if in_all := sum(to.values()):
            name = "not a customer then" if then is None else before.names[then]
            same = columns.index(then) if then is not None and then in columns else None
            rows.append(MoveRow(name, in_all, [to.get(c, 0) / in_all for c in columns], same))
    heads = ["gone" if c is None else now.names[c] for c in columns]
    return MoveTable(before.run_date, heads, rows, now.details["stayed_share"])


JOB = Job(step("segment-customers"), SegmentCustomers, segment)

if __name__ == "__main__":
    sys.exit(main(JOB))
