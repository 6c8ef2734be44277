"""Draw the units of an experiment that were not drawn before, one file of customers at a time."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadExperiment, NetliftError
from jobs.runtime.campaign import read_campaign
from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.experiment import Experiment, read_experiment_file
from jobs.runtime.frozen_experiment import freeze, frozen, in_force
from jobs.runtime.house_rules import read_house_rules
from jobs.runtime.layout import campaign_ids, experiment_ids, experiment_key
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.experiment.assignment import HOLDOUT, OUTSIDE, Slot, assign, clashing
from jobs.tables.inputs import CUSTOMERS
from jobs.tables.outputs import ASSIGNMENTS

_ROWS_AT_ONCE = 1 << 20
"""Ids of earlier nights that are held against the file's at once."""


@dataclass(frozen=True)
class AssignTreatment:
    """Draw who is in which arm of an experiment, and log it with its probability."""

    run_date: date = flag("day whose units are drawn", unit="YYYY-MM-DD", example="2026-11-22")
    experiment: str = flag("experiment", example="autumn-mail")


def assign_treatment(request: AssignTreatment, stores: Stores) -> Report:
    """Draw and commit ``assignments``: a row a customer, on the first night that drew it.

    The first run on or after the experiment's start freezes its file.

    Raises
    ------
    NoInput
        If the experiment draws nobody that day.
    BadExperiment
        If its file is wrong, was changed after the start without an amendment, or its place in a layer is another's.
    """
    return run_job(JOB, request, stores)


def draw(request: AssignTreatment, stores: Stores, shard: OpenShard) -> None:
    """Read customers, draw, leave out who was drawn before, stage."""
    if not frozen(stores.objects, request.experiment):
        _require_holdouts(read_experiment_file(stores.objects, request.experiment), stores)
    held = in_force(freeze(stores.objects, request.experiment, request.run_date), request.run_date)
    experiment = held.experiment
    _require_own_place(experiment, request.run_date, stores)
    shard.details |= {"frozen_entry": str(held.entry), "rule_version": str(experiment.version), "drawn_before": 0}
    for customers in shard.read(experiment.customers(CUSTOMERS)):
        drawn = assignment_rows(experiment, customers, request.run_date)
        _count(shard, "outside", customers.num_rows - drawn.num_rows)
        new = _not_known(drawn, experiment, request.run_date, stores)
        _count(shard, "drawn_before", drawn.num_rows - new.num_rows)
        for arm in (*experiment.arm_shares, HOLDOUT):
            _count(shard, f"new in {arm}", pc.sum(pc.equal(new["arm"], arm)).as_py() or 0)
        shard.stage(ASSIGNMENTS, new)


def assignment_rows(experiment: Experiment, customers: pa.Table, day: date) -> pa.Table:
    """Return the rows of all customers who are in an arm or held back.

    Parameters
    ----------
    experiment : Experiment
        As it was frozen.
    customers : pyarrow.Table
        Columns ``customer_id``, the experiment's unit and, where shares differ by one, its stratum.
    day : datetime.date
        Day of the draw.
    """
    rule = experiment.assignment()
    units = customers[experiment.unit]
    strata = None if experiment.stratum is None else customers[experiment.stratum]
    drawn = assign(rule, units, strata)
    n = customers.num_rows
    rows = pa.table(
        {
            "customer_id": customers["customer_id"],
            "unit_id": units,
            "arm": pa.array(drawn.arm.tolist(), pa.string()),
            # NaN of those in no arm is a missing value
            "propensity": pa.array(drawn.propensity, from_pandas=True),
            "salt": pa.repeat(rule.salt, n),
            "version": pa.repeat(pa.scalar(rule.version, pa.int64()), n),
            "stratum": pa.nulls(n, pa.string()) if strata is None else strata,
            "assigned_at": pa.repeat(
                pa.scalar(datetime.combine(day, time.min, UTC), ASSIGNMENTS.column("assigned_at").type), n
            ),
        }
    )
    return rows.filter(pa.array(drawn.arm != OUTSIDE))


def _not_known(drawn: pa.Table, experiment: Experiment, day: date, stores: Stores) -> pa.Table:
    """Return the rows whose customer no earlier night drew; ids of then come by parts, those of the file stay."""
    if day == experiment.starts_on or not drawn.num_rows:
        return drawn
    ids = drawn["customer_id"].combine_chunks()
    ends = pc.min_max(ids).as_py()
    where = {
        "experiment_id": experiment.id,
        "run_date": (experiment.starts_on, day - timedelta(days=1)),
        # Files of customers in the order of their ids find only their own part of the table.
        "customer_id": (ends["min"], ends["max"]),
    }
    known = np.zeros(len(ids), np.bool_)
    for earlier in _joined(stores.tables.read(ASSIGNMENTS, where, ["customer_id"])):
        known[pc.index_in(earlier, value_set=ids).drop_null().to_numpy()] = True
    return drawn.filter(pa.array(~known))


def _joined(parts: Iterator[pa.Table]) -> Iterator[pa.ChunkedArray]:
    """Yield ids in large parts: a table of many small files would else be looked through once for each."""
    waiting: list[pa.Table] = []
    for rows in parts:
        waiting.append(rows)
        if sum(part.num_rows for part in waiting) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)["customer_id"]
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)["customer_id"]


def _require_own_place(experiment: Experiment, day: date, stores: Stores) -> None:
    """Refuse a place in a layer of which another experiment of the same day has a part."""
    mine = experiment.assignment().slot
    if mine is None:
        return
    places: dict[str, Slot] = {experiment.id: mine}
    for other_id in experiment_ids(stores.objects):
        try:
            other = read_experiment_file(stores.objects, other_id)
        except NetliftError:
            continue  # its own run says what is wrong with it, and draws nobody
        slot = other.assignment().slot
        if other.id != experiment.id and slot is not None and other.runs_on(day):
            places[other.id] = slot
    for pair in clashing(places):
        if experiment.id in pair:
            [other_id] = {*pair} - {experiment.id}
            raise BadExperiment(
                f"{experiment_key(experiment.id)}, layer {mine.layer!r}: its place from {mine.start:g} to {mine.end:g} "
                f"is in part that of {other_id!r}, from {places[other_id].start:g} to {places[other_id].end:g}; give "
                "each a place of its own."
            )


def _require_holdouts(experiment: Experiment, stores: Stores) -> None:
    """Refuse, before the start, an experiment that would draw who is held back by the house, or by a campaign it names.

    The file itself states every share: what holds later is what it says, whatever becomes of campaigns and house rules.
    """
    stated = {holdout.salt: holdout.share for holdout in experiment.holdouts}
    house = read_house_rules(stores.objects).holdout
    wanted = {} if house is None else {house.salt: house.share}
    wanted |= {c: read_campaign(stores.objects, c).holdout_share for c in campaign_ids(stores.objects) if c in stated}
    for salt, share in wanted.items():
        if stated.get(salt, 0.0) < share:
            whose = "house" if house is not None and salt == house.salt else "campaign"
            raise BadExperiment(
                f"{experiment_key(experiment.id)}, holdouts: {salt!r} of the {whose} holds back {share:g}, the file "
                f"{stated.get(salt, 0.0):g}; state salt = {salt!r} and share = {share:g} in [[holdouts]], so that "
                "nobody held back is in an arm."
            )


def _count(shard: OpenShard, name: str, rows: int) -> None:
    shard.details[name] = shard.details.get(name, 0) + rows


JOB = Job(step("assign-treatment"), AssignTreatment, draw)

if __name__ == "__main__":
    sys.exit(main(JOB))
