"""Anybody's table taken in as a trial: every row is used, or set aside with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadSchema, BadTrial
from jobs.science.uplift.drawn_as_said import among_judged, check_propensity_sums, clusters_across
from jobs.science.uplift.features import infer_features, plain_columns
from jobs.science.uplift.set_aside import SetAside, as_text, repeated
from jobs.science.uplift.trial import Trial

_NUMBER = r"(?i)^-?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)$"


@dataclass(frozen=True)
class TrialColumns:
    """Which column of a table is what.

    Parameters
    ----------
    arm, control, outcome : str
        Column of the arm, its value for the control, column of the outcome.
    unit, propensity, cluster : str or None
        Columns of the id, of the probability of the arm that was drawn, and of the group that stays together.
    exclude : tuple of str
        Columns that are no features.
    arms : tuple of str
        Arms to judge beside the control; all by default, rows of others are set aside.
    """

    arm: str
    control: str
    outcome: str
    unit: str | None = None
    propensity: str | None = None
    cluster: str | None = None
    exclude: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()

    @property
    def named(self) -> dict[str, str]:
        """Column of each task, by the flag that names it."""
        given = {
            "--arm": self.arm,
            "--outcome": self.outcome,
            "--unit": self.unit,
            "--propensity": self.propensity,
            "--cluster": self.cluster,
        }
        return {flag: column for flag, column in given.items() if column is not None}


@dataclass(frozen=True)
class Intake:
    """A trial, and what became of every row and column.

    Parameters
    ----------
    trial : Trial
        Rows that are used, the outcome in euro.
    unit : pyarrow.Array of str
        Id of each row of the trial; the row's number, from 1, where no column holds ids.
    rows_in : int
        Rows of the table; those of the trial and those set aside.
    set_aside : dict of str to int
        Rows that are not used, by reason.
    drawn : tuple of int
        Rows of each arm, the control first, before any was set aside for want of an outcome.
    propensity_known : bool
        Whether a column told the propensity; else it is each arm's share of the rows.
    left_out : dict of str to str
        Columns that can be no feature, and why.
    warnings : tuple of str
        What to look at in how arms were drawn, in whole sentences.
    """

    trial: Trial
    unit: pa.Array
    rows_in: int
    set_aside: dict[str, int]
    drawn: tuple[int, ...]
    propensity_known: bool
    left_out: dict[str, str]
    warnings: tuple[str, ...] = ()


def take_in(rows: pa.Table, columns: TrialColumns, *, file: str, unit_margin_eur: float = 1.0) -> Intake:
    """Check a table and make a trial of it.

    Set aside are rows without arm or id, a unit's second row, all rows of a unit that was in two arms, and rows
    without a finite outcome, propensity or cluster.

    Parameters
    ----------
    rows : pyarrow.Table
        The table.
    columns : TrialColumns
        What is what in it.
    file : str
        Where it is from, for messages.
    unit_margin_eur : float
        Euro of net margin for one unit of the outcome.

    Raises
    ------
    BadRequest
        If one column was given two tasks.
    BadSchema
        If a column is not there, or holds no numbers where numbers are needed.
    BadTrial
        If the trial cannot answer; see `Trial.checked`.
    """
    _check_columns(rows, columns, file)
    arm = as_text(rows[columns.arm])
    aside = SetAside(rows.num_rows)
    aside.put(arm.is_null(), f"no {columns.arm} (the arm)")
    arms = _arms(arm, columns, file)
    aside.put(pc.invert(pc.is_in(arm, value_set=pa.array(arms))), "an arm that is not judged")
    if columns.unit is None:
        unit = pa.array(np.arange(1, rows.num_rows + 1)).cast(pa.string())
    else:
        unit = as_text(rows[columns.unit])
        aside.put(unit.is_null(), f"no {columns.unit} (the id)")
        aside.put(_in_two_arms(unit, arm, aside.kept), f"{columns.unit} in two arms")
        aside.put(repeated(unit, aside.kept), f"{columns.unit} seen before")
    place = pc.index_in(arm, value_set=pa.array(arms))
    drawn = np.bincount(place.filter(pa.array(aside.kept)).to_numpy(), minlength=len(arms))
    outcome = _numbers(rows[columns.outcome], columns.outcome, "--outcome", file, aside)
    propensity = None
    if columns.propensity is not None:
        propensity = _numbers(rows[columns.propensity], columns.propensity, "--propensity", file, aside)
        _check_propensity(propensity, aside, columns.propensity, file)
    if columns.cluster is not None:
        aside.put(as_text(rows[columns.cluster]).is_null(), f"no {columns.cluster} (the cluster)")
    kept = aside.kept
    if not kept.any():
        raise BadTrial(
            f"{file}: none of {rows.num_rows:,} rows can be used ({_counted(aside.counts())}): mend the file"
        )
    used = rows.filter(pa.array(kept))
    taken = plain_columns(used.drop_columns(sorted(set(columns.named.values()))))
    found = infer_features(taken, columns.exclude)
    if not found.types:
        raise BadTrial(
            f"{file}: no column is left to tell customers apart by ({_counted(found.left_out)}): add what was known "
            "of them before the draw"
        )
    if propensity is not None:
        propensity = _checked_sums(propensity[kept], place.filter(pa.array(kept)).to_numpy(), arm, columns, file)
    try:
        trial = Trial.checked(
            taken.select(list(found.types)),
            found.types,
            arm=arm.filter(pa.array(kept)).to_numpy(zero_copy_only=False).astype(str),
            control=columns.control,
            arms=arms[1:],
            outcome=outcome[kept] * unit_margin_eur,
            propensity=propensity,
            cluster=None if columns.cluster is None else pa.chunked_array([as_text(used[columns.cluster])]),
        )
    except BadTrial as error:
        raise BadTrial(f"{file}: {error}") from error
    across = ""
    if trial.cluster is not None:
        across = clusters_across(trial.arm, trial.cluster, f"{file}, column {columns.cluster!r}")
    return Intake(
        trial,
        unit.filter(pa.array(kept)),
        rows.num_rows,
        aside.counts(),
        tuple(drawn.tolist()),
        propensity is not None,
        found.left_out,
        (across,) if across else (),
    )


def _check_columns(rows: pa.Table, columns: TrialColumns, file: str) -> None:
    named = columns.named
    for flag, column in [*named.items(), *(("--exclude", c) for c in columns.exclude)]:
        if column not in rows.column_names:
            near = get_close_matches(column, rows.column_names, n=1)
            hint = f", did you mean {near[0]!r}" if near else ""
            raise BadSchema(
                f"{file} has no column {column!r} ({flag}){hint}: it has {', '.join(rows.column_names[:20])}"
                + (" and more" if len(rows.column_names) > 20 else "")
            )
    for flag, column in named.items():
        if (other := next(f for f, c in named.items() if c == column)) != flag:
            raise BadRequest(f"{other} and {flag} both name column {column!r}: one column has one task")


def _arms(arm: pa.Array, columns: TrialColumns, file: str) -> tuple[str, ...]:
    """Return the arms to judge, the control first."""
    seen = sorted(a for a in pc.unique(arm).to_pylist() if a is not None)
    where = f"{file}, column {columns.arm!r}"
    listed = ", ".join(repr(a) for a in seen[:8]) + (f" and {len(seen) - 8} more" if len(seen) > 8 else "")
    for flag, name in [("--control", columns.control), *(("--arms", a) for a in columns.arms)]:
        if name not in seen:
            near = get_close_matches(name, seen, n=1)
            hint = f", did you mean {near[0]!r}" if near else ""
            raise BadTrial(f"{where}: no row has the value {name!r} ({flag}){hint}: the column holds {listed}")
    if columns.control in columns.arms:
        raise BadRequest(f"{columns.control!r} is given to --control and to --arms: name it once")
    if len(seen) < 2:
        raise BadTrial(f"{where}: every row has {seen[0]!r}: an effect needs a control and at least one other arm")
    return (columns.control, *(dict.fromkeys(columns.arms) or [a for a in seen if a != columns.control]))


def _in_two_arms(unit: pa.Array, arm: pa.Array, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rows of units that were drawn into more than one arm: nobody knows which one moved them."""
    rows = np.flatnonzero(kept)
    code = unit.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    drawn = arm.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    low, high = np.full(len(rows), len(rows)), np.full(len(rows), -1)
    np.minimum.at(low, code, drawn)
    np.maximum.at(high, code, drawn)
    faulty = np.zeros(len(kept), np.bool_)
    faulty[rows] = (low != high)[code]
    return faulty


def _numbers(column: pa.ChunkedArray, name: str, flag: str, file: str, aside: SetAside) -> NDArray[np.float64]:
    """Read numbers; rows without a finite one are set aside."""
    values = plain_columns(pa.table({name: column}))[name].combine_chunks()
    present = values.is_valid()
    if pa.types.is_string(values.type):
        text = pc.replace_substring_regex(pc.utf8_trim_whitespace(values), r"^\+", "")
        text = pc.replace_substring_regex(pc.replace_substring_regex(text, "(?i)^true$", "1"), "(?i)^false$", "0")
        number = pc.match_substring_regex(text, _NUMBER).fill_null(False)
        wrong = pc.and_(present, pc.invert(number))
        if not pc.any(number).as_py() and pc.any(wrong).as_py():
            row = pc.index(wrong, True).as_py()
            raise BadSchema(
                f"{file}, column {name!r} ({flag}): holds no numbers, row {row + 1} is {values[row].as_py()!r}: "
                "name a column of numbers, written with a decimal point"
            )
        aside.put(wrong, f"{name} is no number")
        values = pc.if_else(number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    elif pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8()).cast(pa.float64())
    else:
        try:
            values = values.cast(pa.float64(), safe=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadSchema(
                f"{file}, column {name!r} ({flag}): holds {values.type}: name a column of numbers"
            ) from error
    numbers = np.array(values.to_numpy(zero_copy_only=False), np.float64)
    aside.put(pc.invert(present), f"no {name}")
    aside.put(np.isnan(numbers), f"no {name}")
    aside.put(~np.isfinite(numbers), f"{name} is infinite")
    return numbers


def _check_propensity(propensity: NDArray[np.float64], aside: SetAside, name: str, file: str) -> None:
    bad = np.flatnonzero(aside.kept & ~((propensity > 0.0) & (propensity < 1.0)))
    if bad.size:
        raise BadTrial(
            f"{file}, column {name!r}: the propensity is {propensity[bad[0]]:g} in row {bad[0] + 1}, not between 0 "
            f"and 1 (so in {bad.size:,} of {len(propensity):,} rows): such units were not drawn, take their rows out"
        )


def _checked_sums(
    propensity: NDArray[np.float64], place: NDArray[np.int64], arm: pa.Array, columns: TrialColumns, file: str
) -> NDArray[np.float64]:
    """Return the propensities among the judged arms; refuse those that vary and cannot sum to one."""
    where = f"{file}, column {columns.propensity!r}"
    if pc.count_distinct(arm).as_py() > len(np.unique(place)):
        return among_judged(place, propensity, where)
    if any(float(np.ptp(propensity[place == a])) > 1e-9 for a in np.unique(place)):  # else `Trial.checked` adds them up
        check_propensity_sums(place, propensity, where)
    return propensity


def _counted(values: Mapping[str, object]) -> str:
    return ", ".join(f"{k}: {v}" for k, v in list(values.items())[:5]) or "it has no other column"
