"""A declared experiment read: assigned units, what was measured of them, the rule of its file, the decision."""

import hashlib
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadTrial, NoInput
from jobs.read_experiment.kept import Rules, keep, look_number
from jobs.read_experiment.request import ReadExperiment
from jobs.runtime.experiment import Experiment
from jobs.runtime.final_reading import mark_final
from jobs.runtime.frozen_experiment import Frozen, freeze, in_force
from jobs.runtime.shard import OpenShard
from jobs.runtime.software import software
from jobs.runtime.stores import Stores
from jobs.science.experiment.assignment import HOLDOUT
from jobs.science.experiment.decision import Criteria
from jobs.science.experiment.declared_rows import DeclaredRows, Wanted, expected_shares, open_rows
from jobs.science.experiment.evidence import Evidence, Point, Sizes, Source
from jobs.science.experiment.exposed import with_exposure
from jobs.science.experiment.interval import Estimate
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments, merged
from jobs.science.experiment.quantiles import quantile_estimate
from jobs.science.experiment.reading import Rule
from jobs.science.experiment.readout import readout
from jobs.science.experiment.statement import LARGEST
from jobs.science.fraud.engine import Limits
from jobs.tables.declare import Column, Table
from jobs.tables.inputs import MEASUREMENTS
from jobs.tables.outputs import ASSIGNMENTS, CUSTOMER_SEGMENTS

POINTS = 40
"""Most points of an effect over time: of more days than that some are passed over."""

SEGMENT_DAYS = 14
"""Days before the start in which a night's segments are looked for: later ones may be the treatment's own doing."""

SMALLEST_SEGMENT = 100
"""Units of an arm below which nothing is said of a segment."""

_RATE_DAYS = 14
_EXPOSED = "exposed"


def experiment_readout(request: ReadExperiment, stores: Stores, shard: OpenShard) -> None:
    """Join, read, decide; publish the document and stage its row."""
    entries = freeze(stores.objects, request.experiment, request.run_date)
    if not entries:
        raise NoInput(f"experiment {request.experiment!r} has not started on {request.run_date}: nothing was assigned.")
    held = in_force(entries, request.run_date)
    experiment = held.experiment
    with tempfile.TemporaryDirectory(prefix="netlift-") as spill:
        limits = Limits(memory_mb=request.memory_mb, temp_directory=spill)
        with open_rows(wanted(experiment, request.run_date), limits) as rows:
            back = _assign(rows, experiment, request.run_date, stores)
            _measure(rows, experiment, shard)
            evidence = _evidence(rows, experiment, held, back, request, stores, shard)
    document = readout(evidence)
    if document["progress"]["is_final"]:
        mark_final(stores, shard.manifest)
    look = look_number(stores, experiment.id, request.run_date)
    keep(document, Rules("experiment", held.digest, held.file_sha256), look, stores, shard)


def wanted(experiment: Experiment, run_date: date) -> Wanted:
    """Return what is joined for an experiment."""
    zero: dict[str, None] = {}
    needed: dict[str, None] = {}
    for metric in experiment.metrics:
        outcomes = [metric.value, *([] if metric.denominator is None else [metric.denominator])]
        (needed if metric.missing == "left-out" else zero).update(dict.fromkeys(outcomes))
        needed.update(dict.fromkeys(metric.covariates))
    return Wanted(
        arms=tuple(experiment.arm_shares),
        zero=tuple(zero),
        needed=tuple(needed),
        proportions=tuple(m.value for m in experiment.metrics if m.kind == "proportion"),
        window_days=experiment.outcome_window_days,
        until=datetime.combine(run_date + timedelta(days=1), time.min, UTC),
        clustered=experiment.is_clustered,
        weighted=bool(experiment.strata),
    )


def measurements(experiment: Experiment) -> Table:
    """Return the table of measurements with the columns of an experiment's metrics, held to what these allow."""
    lows: dict[str, float] = {}
    highs: dict[str, float] = {}
    nullable: dict[str, bool] = {}
    for metric in experiment.metrics:
        is_capped = metric.cap is not None or metric.cap_quantile is not None
        if metric.kind == "proportion" or is_capped:
            lows[metric.value] = 0.0
        if metric.kind == "proportion":
            highs[metric.value] = 1.0
        if metric.denominator is not None:
            lows[metric.denominator] = 0.0
        for name in (metric.value, metric.denominator, *metric.covariates):
            if name is not None:
                # Of who has a row nothing may be missing, unless the file says that this leaves the customer out.
                may = metric.missing == "left-out" or name in metric.covariates
                nullable[name] = may and nullable.get(name, True)
    return MEASUREMENTS.extended(
        Column(name, pa.float64(), "", "column of a metric", may, lows.get(name, -LARGEST), highs.get(name, LARGEST))
        for name, may in nullable.items()
    )


def _assign(rows: DeclaredRows, experiment: Experiment, run_date: date, stores: Stores) -> int:
    """Take in who was drawn; return how many units are held back."""
    where = {"experiment_id": experiment.id, "run_date": (experiment.starts_on, run_date)}
    columns = ["customer_id", "unit_id", "arm", "stratum", "propensity", "assigned_at"]
    held: Counter[str] = Counter()
    for part in stores.tables.read(ASSIGNMENTS, where, columns):
        back = pc.equal(part["arm"], HOLDOUT)
        held.update(dict.fromkeys(part.filter(back)["unit_id"].to_pylist(), 1))
        rows.assign(part.filter(pc.invert(back)))
    if not rows.assigned():
        raise NoInput(
            f"experiment {experiment.id!r} has no assignments up to {run_date}: run netlift assign-treatment "
            f"--experiment {experiment.id} --run-date {experiment.starts_on} first."
        )
    return len(held)


def _measure(rows: DeclaredRows, experiment: Experiment, shard: OpenShard) -> None:
    for part in shard.read(measurements(experiment), unique="customer_id", refuse=rows.refuse, told=rows.told):
        rows.measure(part)
    if not rows.join():
        if rows.set_aside and rows.due:
            reason, count = rows.set_aside.most_common(1)[0]
            raise BadTrial(
                f"experiment {experiment.id!r}: no measurement is left to be read on {shard.manifest.run_date}, "
                f"{rows.set_aside.total():,} rows were set aside, {count:,} of them because {reason}: correct "
                f"inputs/measurements/{experiment.id}/."
            )
        raise NoInput(
            f"experiment {experiment.id!r}: no outcome window of {experiment.outcome_window_days} days has closed on "
            f"{shard.manifest.run_date}: read it later."
        )


def _evidence(
    rows: DeclaredRows,
    experiment: Experiment,
    held: Frozen,
    back: int,
    request: ReadExperiment,
    stores: Stores,
    shard: OpenShard,
) -> Evidence:
    caps = {m.name: rows.cap(m.value, m.cap_quantile) for m in experiment.metrics if m.cap_quantile is not None}
    rule = experiment.rule(caps)
    warnings = _warnings(rows, experiment, caps)
    if experiment.strata:
        # Where strata have other shares rows are weighed, and a quantile of weighed rows is another statistic.
        unread = [metric.name for metric in rule.reads if metric.kind == "quantile"]
        rule = replace(rule, reads=tuple(metric for metric in rule.reads if metric.kind != "quantile"))
        warnings += [f"{name} is a quantile and is not read: strata have other shares." for name in unread]
    aggregated = [metric for metric in rule.metrics if metric.kind != "quantile"]
    read_units = sum(rows.units().values())
    known = {metric.name for metric in rule.metrics}
    met = _EXPOSED if sum(rows.exposed().values()) else None
    shadows = [with_exposure(m, met) for m in aggregated if met and m.kind in {"mean", "proportion"}]
    by_day = rows.moments([*aggregated, *shadows], "day") if aggregated else {}
    arms = _merged(by_day, tuple(experiment.arm_shares)) if aggregated else _counts_only(rows)
    over = request.run_date + timedelta(days=1) >= experiment.matures_on
    if over and read_units < rule.units:
        warnings.append(
            f"The planned end came on {experiment.ends_on} with {read_units:,} of {experiment.units_planned:,} planned "
            "units: it is read as the end, with less power than planned."
        )
        # The end was set by the calendar, which knows no outcome: one look at it needs no always-valid interval.
        rule = replace(rule, units=max(read_units, 4))
    return Evidence(
        title=f"{experiment.id}: {experiment.hypothesis}",
        source=_source(rows, experiment, shard),
        unit=experiment.unit,
        control=experiment.control,
        rule=rule,
        sizes=_sizes(rows, experiment, back),
        arms=arms,
        criteria=criteria(experiment, rule),
        units_planned=experiment.units_planned,
        looks=experiment.decision.looks,
        units_a_day=rows.units_of_last_days(_RATE_DAYS) or None,
        quantiles=_quantiles(rows, [metric for metric in rule.metrics if metric.kind == "quantile"]),
        units_of={m.name: m.unit for m in experiment.metrics if m.unit and m.name in known},
        unit_value_eur={
            m.name: m.unit_value_eur for m in experiment.metrics if m.unit_value_eur is not None and m.name in known
        },
        exposed=met,
        segments=_segments(rows, experiment, aggregated, stores),
        over_time=_over_time(by_day, tuple(experiment.arm_shares)),
        as_of=str(request.run_date),
        ends_on=str(experiment.ends_on),
        amendments=tuple(amendment.model_dump(mode="json") for amendment in held.amendments),
        warnings=tuple(warnings),
        inputs={
            "plan": shard.manifest.key.digest,
            "file": held.file_sha256,
            "rule": held.digest,
            "frozen_entry": held.entry,
            "run_id": shard.run_id,
            "software": software(),
        },
    )


def criteria(experiment: Experiment, rule: Rule) -> Criteria:
    """Return what an experiment's file says of its success metrics beside alpha and correction."""
    decision = experiment.decision
    first = decision.success[0]
    said = {metric.name for metric in (*rule.success, *rule.reads)}
    return Criteria(
        better={m.name: m.better for m in experiment.metrics if m.name in said},
        minimum_effect={} if decision.minimum_effect is None else {first: decision.minimum_effect},
        minimum_relative_effect=(
            {} if decision.minimum_relative_effect is None else {first: decision.minimum_relative_effect}
        ),
        power=decision.power,
    )


def _source(rows: DeclaredRows, experiment: Experiment, shard: OpenShard) -> Source:
    """Return where the rows came from, and how many were set aside, by reason."""
    files = [[f.key, f.size, f.version] for f in shard.files(MEASUREMENTS.name)]
    digest = hashlib.sha256(repr(files).encode()).hexdigest()
    counts = shard.counts(MEASUREMENTS)
    aside = dict(sorted(rows.set_aside.items()))
    return Source("experiment", experiment.id, digest, counts.rows_in, counts.rows_used, aside)


def _sizes(rows: DeclaredRows, experiment: Experiment, back: int) -> Sizes:
    strata = {s.value: s.shares for s in experiment.strata}
    # Who was eligible and is in no arm is not logged: so the holdout is held against all others only where all are in.
    everybody = experiment.exposure == 1.0 and experiment.layer is None and not rows.waiting
    shares = tuple(h.share for h in experiment.holdouts) if everybody else ()
    return Sizes(
        counts=rows.units("ripe"),
        shares=expected_shares(experiment.arm_shares, strata, rows.strata()),
        held=back if shares else None,
        holdout_shares=shares,
    )


def _warnings(rows: DeclaredRows, experiment: Experiment, caps: dict[str, float]) -> list[str]:
    said = []
    if rows.waiting:
        said.append(
            f"{rows.waiting:,} customers were drawn and wait for the end of their outcome window of "
            f"{experiment.outcome_window_days} days: they are not read yet."
        )
    said += [f"{n:,} customers are left out: {why}." for why, n in sorted(rows.left_out.items())]
    if rows.unmeasured:
        said.append(f"Of {rows.unmeasured:,} customers nothing was measured: they count as zero, as the file says.")
    said += [
        f"{m.name} is capped at {caps[m.name]:,.6g}, the {m.cap_quantile:g} quantile of all arms together."
        for m in experiment.metrics
        if m.name in caps
    ]
    return said


def _quantiles(rows: DeclaredRows, metrics: list[Metric]) -> dict[str, dict[str, Estimate]]:
    return {
        metric.name: {
            arm: quantile_estimate(values, float(metric.share or 0.5), f"arm {arm!r}")
            for arm, values in rows.values(metric.value).items()
        }
        for metric in metrics
    }


def _segments(rows: DeclaredRows, experiment: Experiment, metrics: list[Metric], stores: Stores) -> tuple[Point, ...]:
    """Return the moments of customers' segments as they were before the start."""
    nights = (experiment.starts_on - timedelta(days=n) for n in range(SEGMENT_DAYS + 1))
    night = next((n for n in nights if stores.tables.count(CUSTOMER_SEGMENTS, {"run_date": n})), None)
    if night is None or not metrics:
        return ()
    for part in stores.tables.read(CUSTOMER_SEGMENTS, {"run_date": night}, ["customer_id", "segment_name"]):
        rows.segment(part.rename_columns(["customer_id", "segment"]))
    return tuple(
        Point(segment, arms, "segment")
        for segment, arms in rows.moments(metrics, "segment").items()
        if len(arms) == len(experiment.arms) and min(m.count for m in arms.values()) >= SMALLEST_SEGMENT
    )


def _over_time(by_day: dict[str, dict[str, Moments]], arms: tuple[str, ...]) -> tuple[Point, ...]:
    """Return the moments up to each day: aggregates of days merge exactly."""
    points: list[Point] = []
    sums: dict[str, Moments] = {}
    for day, of_day in by_day.items():
        for arm, moments in of_day.items():
            sums[arm] = moments if arm not in sums else sums[arm].merge(moments)
        if len(sums) == len(arms):
            points.append(Point(day, {arm: sums[arm] for arm in arms}))
    # Evenly, the last among them.
    last = len(points) - 1
    kept = sorted({round(n * last / (POINTS - 1)) for n in range(POINTS)}) if last >= POINTS else range(len(points))
    return tuple(points[n] for n in kept)


def _merged(by_day: dict[str, dict[str, Moments]], arms: tuple[str, ...]) -> dict[str, Moments]:
    """Return the moments of every arm; of one that nobody is in there are none, and the split says so."""
    found: dict[str, Any] = {}
    for arm in arms:
        parts = [of_day[arm] for of_day in by_day.values() if arm in of_day]
        if parts:
            found[arm] = merged(parts)
    return found


def _counts_only(rows: DeclaredRows) -> dict[str, Moments]:
    """Return sizes of the arms where every metric is a quantile."""
    return {arm: replace(Moments.empty([]), count=n) for arm, n in rows.units().items()}
