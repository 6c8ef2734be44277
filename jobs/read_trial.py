"""Anybody's experiment in, a row a unit: were the arms drawn as they should be, what did each do, what now."""

import hashlib
import io
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv

from jobs.errors import BadFile, BadRequest, BadTrial
from jobs.pages.experiment import experiment_html
from jobs.pages.readout_lines import readout_lines
from jobs.runtime.command import flag, guarded, parse
from jobs.runtime.per_arm import named_value
from jobs.runtime.progress import Steps
from jobs.science.experiment.asked import shares_in_words
from jobs.science.experiment.capping import pooled_cap
from jobs.science.experiment.decision import Criteria
from jobs.science.experiment.evidence import Evidence, Sizes, Source
from jobs.science.experiment.exposed import with_exposure
from jobs.science.experiment.guardrail import parse_guardrail
from jobs.science.experiment.interval import checked_alpha
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.metric_words import metrics_in_words
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.multiplicity import Correction
from jobs.science.experiment.reading import Rule
from jobs.science.experiment.readout import readout
from jobs.science.experiment.readout_form import Readout
from jobs.science.experiment.statement import Layout, literal, read_moments
from jobs.science.experiment.trial_columns import ARM, CLUSTER, TrialColumns
from jobs.science.experiment.trial_parts import by_segment, over_time, quantiles_of
from jobs.science.experiment.trial_rows import FAULTS, SOUND, TrialRows, take_rows
from jobs.storage.data_file import DataFile, look_into
from jobs.storage.result_folder import write_results

STEPS = 4
PAGE, ANSWER, QUARANTINE = "experiment.html", "experiment.json", "experiment_quarantine.csv"
_MUCH_AT_FAULT = 0.01
"""Share of rows set aside above which it is said beside the counts."""

_LOOKS_SHOWN = 20
"""Points of the curve where no number of looks was stated."""


@dataclass(frozen=True)
class ReadTrial:
    """Read an experiment from a file: the split, each effect with its interval, and what now, if a rule was stated."""

    data: Path = flag("the experiment, a row a unit", unit="CSV or Parquet", example="trial.csv")
    arm: str = flag("column of the arm that was drawn", unit="column", example="segment")
    control: str = flag("value of that column for those who got nothing", unit="value", example='"No E-Mail"')
    metric: tuple[str, ...] = flag(
        "what is measured, again and again: revenue:mean:spend, visit:proportion:visit, aov:ratio:spend/orders, "
        "large:quantile:spend@0.9",
        unit="NAME:KIND:COLUMNS",
        example="revenue:mean:spend",
    )
    covariate: tuple[str, ...] = flag(
        "column known before the draw, to adjust all metrics by; again and again", unit="column", default=(),
        example="past_spend",
    )  # fmt: skip
    adjust: str | None = flag(
        "how: cuped, or lin; cuped where a covariate is named", unit="name", default=None, example="lin"
    )
    unit: str | None = flag(
        "column of the unit's id; without it every row is a unit", unit="column", default=None, example="customer_id"
    )
    cluster: str | None = flag(
        "column of what was drawn, where its rows were drawn together", unit="column", default=None, example="household"
    )
    arms: tuple[str, ...] = flag(
        "arm to read beside the control, again and again; all without it", unit="value", default=(), example="mail"
    )
    share: tuple[str, ...] = flag(
        'planned share of every arm, "ARM=SHARE" again and again; equal shares without it', unit="ARM=SHARE",
        default=(), example='"No E-Mail=0.5"',
    )  # fmt: skip
    success: tuple[str, ...] = flag(
        "metric that decides, again and again; with a guardrail and without it, all that are none", unit="metric",
        default=(), example="revenue",
    )  # fmt: skip
    guardrail: tuple[str, ...] = flag(
        "metric that may be worse by a margin only, of the control (%) or in its unit: orders:5%, returns:0.02:lower",
        unit="METRIC:MARGIN", default=(), example="orders:5%",
    )  # fmt: skip
    lower_is_better: tuple[str, ...] = flag(
        "metric that is better when lower; again and again", unit="metric", default=(), example="returns"
    )
    cap: tuple[str, ...] = flag(
        "quantile of all arms together that is the most a value counts, of every mean, or METRIC=QUANTILE of one",
        unit="share in (0, 1)", default=(), example="revenue=0.999",
    )  # fmt: skip
    unit_value: tuple[str, ...] = flag(
        "euro that one of a metric is worth, to say what an arm earned: METRIC=EUR, again and again", unit="METRIC=EUR",
        default=(), example="revenue=0.3",
    )  # fmt: skip
    exposed: str | None = flag(
        "column, 0 or 1, of who met the treatment: the effect on those is said too", unit="column", default=None,
        example="opened",
    )  # fmt: skip
    segment: tuple[str, ...] = flag(
        "column whose values part the units, for a look that explores; again and again", unit="column", default=(),
        example="newbie",
    )  # fmt: skip
    time: str | None = flag(
        "column of the moment of the row, to draw the effect over time", unit="column", default=None,
        example="enrolled_at",
    )  # fmt: skip
    assigned_at: str | None = flag(
        "column of the moment of the draw: rows whose --time is before it are set aside", unit="column", default=None,
        example="assigned_at",
    )  # fmt: skip
    units_planned: int | None = flag(
        "units (clusters) planned in all; with fewer it still runs, and intervals may be looked at again and again; "
        "without it the trial is over",
        unit="count", default=None, example="60000", low=4,
    )  # fmt: skip
    looks: int = flag(
        "looks that were planned, the one at the end included: so many points the curve over time gets", unit="count",
        default=1, example="30", low=1, high=1_000,
    )  # fmt: skip
    alpha: float = flag("chance of a wrong claim, two-sided", unit="in (0, 1)", default=0.05, example="0.05")
    correction: str = flag(
        "what is paid for many metrics and arms: none, holm or benjamini-hochberg", unit="name", default="holm",
        example="holm",
    )  # fmt: skip
    out: Path = flag(
        "folder of the page, the answer and the rows set aside", unit="folder", default=Path("out/experiment"),
        example="out/spring",
    )  # fmt: skip
    memory_mb: int = flag("most memory of the engine", unit="MB", default=1_024, example="1024", low=64)
    threads: int = flag("threads of the engine", unit="count", default=2, example="2", low=1)
    json: bool = flag("print one JSON object", default=False, example="--json")


@dataclass(frozen=True)
class _Asked:
    """What the words of the command line came to."""

    metrics: tuple[Metric, ...]
    shares: dict[str, float] | None
    caps: dict[str, float]
    euro: dict[str, float]


def read_trial(request: ReadTrial, steps: Steps | None = None) -> Readout:
    """Read a trial, say what it found, write page, answer and the rows that were set aside.

    Parameters
    ----------
    request : ReadTrial
        What to read.
    steps : Steps, optional
        Shows the steps while they run.

    Returns
    -------
    Readout
        The document (:mod:`jobs.science.experiment.readout_form`), as ``experiment.json`` holds it. Where the split
        fails it says so, and holds no effect.

    Raises
    ------
    BadRequest, BadFile, BadSchema, BadRows, BadTrial
        If the file, a column or a flag cannot be used; nothing is written then.
    """
    shown = steps or Steps(0, quiet=True)
    asked = _asked(request)
    file = look_into(request.data)
    with tempfile.TemporaryDirectory(prefix="netlift-") as aside:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{request.memory_mb}MB",
            "threads": request.threads,
            "temp_directory": aside,
        }
        # On disk, so that memory is bounded however long the file is; only the columns that are asked for.
        with duckdb.connect(str(Path(aside) / "trial.duckdb"), config=config) as connection:
            connection.execute("SET enable_progress_bar = false")
            with shown.step("read and check") as at:
                taken = _take(connection, request, asked, file)
                at.note = f"{taken.rows_used:,} of {taken.rows:,} rows"
            with shown.step("aggregate") as at:
                evidence = _evidence(connection, request, asked, taken)
                at.note = f"{len(evidence.rule.metrics)} metrics, {len(taken.arms)} arms"
            with shown.step("estimate"):
                document = readout(evidence)
            with shown.step("write"):
                files = {
                    PAGE: experiment_html(cast("dict[str, Any]", document)).encode(),
                    ANSWER: json.dumps(document, indent=1, allow_nan=False).encode(),
                }
                if taken.at_fault:
                    files[QUARANTINE] = _quarantined(connection)
                write_results(request.out, files)
                if not taken.at_fault:
                    # of an earlier reading into the same folder
                    (request.out / QUARANTINE).unlink(missing_ok=True)
    return document


def _asked(request: ReadTrial) -> _Asked:
    """Refuse words that cannot be, before the file is read."""
    checked_alpha(request.alpha)
    if request.out.exists() and not request.out.is_dir():
        raise BadRequest(f"--out {request.out} is a file: name a folder.")
    metrics = metrics_in_words(request.metric, request.covariate, request.adjust)
    shares = shares_in_words(request.share) if request.share else None
    if shares is not None and request.control not in shares:
        raise BadRequest(f"--share says nothing of the control {request.control!r}: state the share of every arm.")
    if request.looks > 1 and request.time is None:
        raise BadRequest(f"--looks is {request.looks} without --time: name the column by which looks are told apart.")
    if request.assigned_at is not None and request.time is None:
        raise BadRequest("--assigned-at without --time: name the column of the moment that must not be before it.")
    by_name = {metric.name: metric for metric in metrics}
    if request.exposed is not None and not any(m.kind in {"mean", "proportion"} for m in metrics):
        raise BadRequest("--exposed without a mean or proportion: an effect on the exposed is of those only.")
    caps, euro = _caps(request.cap, metrics), dict(named_value(word, "--unit-value") for word in request.unit_value)
    for name, word in {**dict.fromkeys(caps, "--cap"), **dict.fromkeys(euro, "--unit-value")}.items():
        if name not in by_name:
            raise BadRequest(f"{word} names {name!r}, the metrics are {', '.join(map(repr, by_name))}: correct it.")
    for name, value in euro.items():
        if not math.isfinite(value):
            raise BadRequest(f"--unit-value {name}={value:g}: give the euro that one of it is worth.")
    return _Asked(metrics, shares, caps, euro)


def _caps(words: Sequence[str], metrics: Sequence[Metric]) -> dict[str, float]:
    """Return the quantile at which each metric is capped; what is said of one goes before what is said of all."""
    of_all, of_one = {}, {}
    for word in words:
        try:
            of_all = {metric.name: float(word) for metric in metrics if metric.kind == "mean"}
        except ValueError:
            name, share = named_value(word, "--cap")
            of_one[name] = share
    return {**of_all, **of_one}


def _take(connection: duckdb.DuckDBPyConnection, request: ReadTrial, asked: _Asked, file: DataFile) -> TrialRows:
    # A cap's value is not known before the rows are; that the values below it are not negative is checked then.
    extra: list[Metric] = []
    if request.exposed is not None:
        extra.append(Metric("exposed", "proportion", request.exposed))
    capped = [replace(m, cap=1.0) if m.name in asked.caps else m for m in asked.metrics]
    columns = TrialColumns(
        request.arm,
        (*capped, *extra),
        request.unit,
        request.cluster,
        request.exposed,
        request.time,
        request.assigned_at,
        request.segment,
    )
    try:
        return take_rows(
            connection,
            _relation(file),
            columns,
            request.control,
            file=request.data.name,
            declared=tuple(asked.shares or ()),
            chosen=request.arms,
        )
    except (duckdb.InvalidInputException, duckdb.IOException) as wrong:
        said = " ".join(str(wrong).split("Possible")[0].split())
        raise BadFile(
            f"{request.data} cannot be read ({said[:300]}): mend that line, or copy the file again."
        ) from wrong


def _relation(file: DataFile) -> str:
    """Return what stands after FROM for a file: all of a CSV as text, so that no row is refused by its type."""
    if file.delimiter is None:
        return f"read_parquet({literal(str(file.path))})"
    names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in file.columns)
    return (
        f"read_csv({literal(str(file.path))}, auto_detect=false, header=true, columns={{{names}}}, "
        f"delim={literal(file.delimiter)}, quote='\"', escape='\"')"
    )


def _evidence(connection: duckdb.DuckDBPyConnection, request: ReadTrial, asked: _Asked, taken: TrialRows) -> Evidence:
    layout = Layout(SOUND, ARM, taken.arms, CLUSTER if request.cluster else None)
    metrics = tuple(
        replace(m, cap=pooled_cap(connection, SOUND, m.value, asked.caps[m.name])) if m.name in asked.caps else m
        for m in asked.metrics
    )
    summed = [m for m in metrics if m.kind != "quantile"]
    if request.exposed is not None:
        summed += [
            with_exposure(m, request.exposed)
            for m in metrics
            if m.kind in {"mean", "proportion"} and m.value != request.exposed
        ]
    # Arms of quantiles only still need their sizes.
    wanted = summed or [Metric(m.name, "mean", m.value) for m in metrics]
    moments = read_moments(connection, wanted, layout)
    rule, decides = _rule(request, metrics, moments)
    shares = asked.shares or dict.fromkeys(taken.arms, 1.0)
    among = sum(shares[arm] for arm in taken.arms)
    return Evidence(
        title=f"{', '.join(taken.arms[1:])} against {taken.arms[0]}",
        source=Source("file", request.data.name, _digest(request.data), taken.rows, taken.rows_used, taken.set_aside),
        unit=request.cluster or request.unit or "row",
        control=request.control,
        rule=rule,
        sizes=Sizes(taken.drawn, {arm: shares[arm] / among for arm in taken.arms}, asked.shares is not None),
        arms=moments,
        decides=decides,
        criteria=Criteria(better=dict.fromkeys(request.lower_is_better, "lower")),
        units_planned=request.units_planned,
        looks=request.looks,
        quantiles=quantiles_of(connection, metrics, layout),
        unit_value_eur=asked.euro,
        exposed=request.exposed,
        segments=by_segment(connection, wanted, layout, request.segment),
        over_time=(
            over_time(connection, wanted, layout, request.looks if request.looks > 1 else _LOOKS_SHOWN)
            if request.time is not None
            else ()
        ),
        warnings=_warnings(taken),
    )


def _rule(request: ReadTrial, metrics: tuple[Metric, ...], moments: dict[str, Moments]) -> tuple[Rule, bool]:
    """Return the rule, and whether one was stated: metrics that nothing was said of are read only."""
    by_name = {metric.name: metric for metric in metrics}
    guarded = [parse_guardrail(word) for word in request.guardrail]
    names = [name for name, _ in guarded]
    for flag_name, name in (
        *(("--guardrail", name) for name in names),
        *(("--success", name) for name in request.success),
        *(("--lower-is-better", name) for name in request.lower_is_better),
    ):
        if name not in by_name:
            raise BadRequest(
                f"{flag_name} names {name!r}, the metrics are {', '.join(map(repr, by_name))}: correct it."
            )
    both = sorted({*names} & {*request.success, *request.lower_is_better})
    if both:
        raise BadRequest(
            f"metric {both[0]!r} is a guardrail and decides too: keep one; a guardrail says :lower itself."
        )
    rest = [metric for metric in metrics if metric.name not in names]
    success = tuple(metric for metric in rest if not request.success or metric.name in request.success)
    if not success:
        raise BadRequest(f"every metric is a guardrail, {', '.join(names)}: name one --metric that decides.")
    units = sum(of_arm.count for of_arm in moments.values())
    rule = Rule(
        success=success,
        units=request.units_planned or units,
        guardrails=tuple((by_name[name], guardrail) for name, guardrail in guarded),
        alpha=request.alpha,
        guardrail_alpha=min(request.alpha, 0.49),
        correction=cast("Correction", request.correction),
        reads=tuple(metric for metric in rest if metric not in success),
    )
    return rule, bool(guarded or request.success)


def _warnings(taken: TrialRows) -> tuple[str, ...]:
    share = taken.at_fault / taken.rows
    if share < _MUCH_AT_FAULT:
        return ()
    return (
        f"{taken.at_fault:,} of {taken.rows:,} rows ({share:.1%}) are at fault and set aside: what is read is not "
        "quite what was drawn.",
    )


def _quarantined(connection: duckdb.DuckDBPyConnection) -> bytes:
    rows: pa.Table = connection.sql(f'SELECT * FROM {FAULTS} ORDER BY "row"').to_arrow_table()  # noqa: S608
    sink = io.BytesIO()
    pacsv.write_csv(rows, sink, pacsv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift read-experiment --data``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr. A split that fails is one: the
        answer is printed and written, and no script takes it for a result.
    """
    request = parse(ReadTrial, "netlift read-experiment", sys.argv[1:] if argv is None else argv)
    steps = Steps(STEPS, quiet=request.json)

    def act() -> None:
        try:
            document = read_trial(request, steps)
        finally:
            steps.close()
        names = [PAGE, ANSWER, *([QUARANTINE] if (request.out / QUARANTINE).exists() else [])]
        files = {name: str(request.out / name) for name in names}
        if request.json:
            said = json.dumps({**document, "files": files}, allow_nan=False)
        else:
            said = readout_lines(cast("dict[str, Any]", document), files)
        sys.stdout.write(said + "\n")
        if not document["split"]["holds"]:
            raise BadTrial(document["split"]["sentence"])

    return guarded(act)


if __name__ == "__main__":
    sys.exit(main())
