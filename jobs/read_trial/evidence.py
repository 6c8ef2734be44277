"""A file's rows, checked in the engine and added up: what a reading is computed from."""

import hashlib
from dataclasses import replace
from pathlib import Path

import duckdb

from jobs.errors import BadFile
from jobs.read_trial.asked import Asked, rule_of
from jobs.read_trial.request import ReadTrial
from jobs.science.experiment.capping import pooled_cap
from jobs.science.experiment.decision import Criteria
from jobs.science.experiment.evidence import Evidence, Sizes, Source
from jobs.science.experiment.exposed import with_exposure
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.statement import Layout, literal, read_moments
from jobs.science.experiment.trial_columns import ARM, CLUSTER, TrialColumns
from jobs.science.experiment.trial_parts import by_segment, over_time, quantiles_of
from jobs.science.experiment.trial_rows import SOUND, TrialRows, take_rows
from jobs.storage.data_file import DataFile

_MUCH_AT_FAULT = 0.01
"""Share of rows set aside above which it is said beside the counts."""

_LOOKS_SHOWN = 20
"""Points of the curve where no number of looks was stated."""


def take_trial(connection: duckdb.DuckDBPyConnection, request: ReadTrial, asked: Asked, file: DataFile) -> TrialRows:
    """Read the file's rows into the engine, and set those aside that are at fault.

    Raises
    ------
    BadFile, BadSchema, BadRows, BadTrial
        If the file, or a column of it, cannot be used.
    """
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


def evidence_of(connection: duckdb.DuckDBPyConnection, request: ReadTrial, asked: Asked, taken: TrialRows) -> Evidence:
    """Return what the sound rows add up to: all that a reading is computed from."""
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
    rule, decides = rule_of(request, metrics, moments)
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


def _warnings(taken: TrialRows) -> tuple[str, ...]:
    share = taken.at_fault / taken.rows
    if share < _MUCH_AT_FAULT:
        return ()
    return (
        f"{taken.at_fault:,} of {taken.rows:,} rows ({share:.1%}) are at fault and set aside: what is read is not "
        "quite what was drawn.",
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
