"""Anybody's log of drawn offers, beside what another policy would have done: every row is used, or set aside."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadRequest, BadRows, BadTrial
from jobs.science.offers.instance import need_columns, numbers
from jobs.science.offers.off_policy import Logged
from jobs.science.offers.problem import Bools, Floats, Ints
from jobs.science.offers.propensities import SUM_MAY_MISS, logged_names, read_propensities
from jobs.science.uplift.set_aside import SetAside, as_text

MOST_ARMS = 500
REPAIRED = "changed by a limit after the draw"
_LOWEST = -float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class LogColumns:
    """Which column of a table is what.

    Parameters
    ----------
    arm, outcome : str
        Arm that was drawn, and what was measured afterwards (euro).
    propensity, propensities : str or None
        Probability of the arm that was drawn; JSON object with that of every arm that could have been. One at least.
    cluster : str or None
        Customer, or group, whose rows depend on each other.
    target : str or None
        Arm that the other policy chooses; or
    target_probability : mapping of str to str
        column of its probability of each arm.
    repaired : str or None
        Whether a limit changed the arm after the draw: such rows are set aside.
    """

    arm: str
    outcome: str
    propensity: str | None = None
    propensities: str | None = None
    cluster: str | None = None
    target: str | None = None
    target_probability: Mapping[str, str] = field(default_factory=dict)
    repaired: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that is read."""
        single = (self.arm, self.outcome, self.propensity, self.propensities, self.cluster, self.target, self.repaired)
        return (*(c for c in single if c is not None), *self.target_probability.values())


@dataclass(frozen=True)
class TakenLog:
    """A log, the other policy on its rows, and what became of every row.

    Parameters
    ----------
    arms : tuple of str
        Names of the arms.
    logged : Logged
        What was drawn.
    policy : numpy.ndarray of shape (n_rows, n_arms)
        Probability of every arm under the other policy.
    kept : numpy.ndarray of bool, shape (rows_in,)
        Rows of the table that are used.
    set_aside : dict of str to int
        Rows that are not, by reason.
    """

    arms: tuple[str, ...]
    logged: Logged
    policy: Floats
    kept: Bools
    set_aside: dict[str, int]

    @property
    def changed_share(self) -> float:
        """Share of the rows that limits changed after the draw, in [0, 1]."""
        return self.set_aside.get(REPAIRED, 0) / len(self.kept)


def take_log(rows: pa.Table, columns: LogColumns, *, file: str, control: str | None = None) -> TakenLog:
    """Check a table and make a log of it.

    Parameters
    ----------
    rows : pyarrow.Table
        One row or more.
    columns : LogColumns
        What is what in it.
    file : str
        Where it is from, for messages.
    control : str, optional
        Arm that is named first.

    Raises
    ------
    BadRequest
        If the flags do not say how offers were drawn, or what the other policy does.
    BadSchema, BadRows
        If a column is missing, or a row holds what cannot be; the row is named.
    BadTrial
        If no row can be used.
    """
    _check(columns)
    need_columns(rows, columns.named, file)
    arm, aside = as_text(rows[columns.arm]), SetAside(rows.num_rows)
    if columns.repaired is not None:
        aside.put(_said(rows, columns.repaired, file), REPAIRED)
    aside.put(arm.is_null(), f"no {columns.arm}")
    target = None if columns.target is None else as_text(rows[columns.target])
    if target is not None:
        aside.put(target.is_null(), f"no {columns.target}")
    for name in (columns.outcome, columns.propensity, columns.propensities, columns.cluster):
        if name is not None:
            aside.put(rows[name].combine_chunks().is_null(), f"no {name}")
    kept = aside.kept
    if not kept.any():
        why = ", ".join(f"{reason}: {n:,}" for reason, n in aside.counts().items())
        raise BadTrial(f"{file}: none of {rows.num_rows:,} rows can be used ({why}): mend the file.")
    mask = pa.array(kept)
    used, place = rows.filter(mask), np.flatnonzero(kept)
    arms = _arms(used, columns, arm.filter(mask), None if target is None else target.filter(mask), control, file)
    drawn = pc.index_in(arm.filter(mask), value_set=pa.array(arms)).to_numpy().astype(np.int64)
    where = f"{file}, column {columns.propensities!r}"
    every = None if columns.propensities is None else read_propensities(used[columns.propensities], arms, where)
    logged = Logged(
        arm=drawn,
        outcome=numbers(used, columns.outcome, file, low=_LOWEST, rule="finite", row=place),
        propensity=_propensity(used, columns, drawn, every, file, place),
        cost_eur=np.zeros(len(arms)),
        cluster=None
        if columns.cluster is None
        else as_text(used[columns.cluster]).dictionary_encode().indices.to_numpy().astype(np.int64),
        propensities=every,
    )
    return TakenLog(arms, logged, _policy(used, columns, arms, target, mask, file, place), kept, aside.counts())


def _check(columns: LogColumns) -> None:
    if (columns.target is None) == (not columns.target_probability):
        both = "both were" if columns.target else "neither was"
        raise BadRequest(f"--target or --target-probability, {both} given: say once what the other policy does.")


def _arms(
    used: pa.Table, columns: LogColumns, drawn: pa.Array, target: pa.Array | None, control: str | None, file: str
) -> tuple[str, ...]:
    """Return every arm that was drawn, could have been, or is chosen; the control first."""
    names = set(pc.unique(drawn).to_pylist()) | set(columns.target_probability)
    if target is not None:
        names |= set(pc.unique(target).to_pylist())
    if columns.propensities is not None:
        names |= set(logged_names(used[columns.propensities]))
    if control is not None and control not in names:
        raise BadTrial(f"{file}: --control {control!r} is no arm of it, they are {', '.join(sorted(names)[:8])}.")
    if len(names) > MOST_ARMS:
        raise BadTrial(f"{file}, column {columns.arm!r}: holds {len(names):,} arms, at most {MOST_ARMS} can be judged.")
    return tuple(sorted(names, key=lambda name: (name != control, name)))


def _propensity(
    used: pa.Table, columns: LogColumns, drawn: Ints, every: Floats | None, file: str, place: Ints
) -> Floats:
    """Return the probability of what was drawn; the two ways of saying it must agree."""
    of_drawn = None if every is None else every[np.arange(len(drawn)), drawn]
    if columns.propensity is not None:
        told = numbers(used, columns.propensity, file, low=0.0, rule="above 0 and at most 1", row=place)
        name: str | None = columns.propensity
    elif of_drawn is not None:
        told, name = of_drawn, columns.propensities
    else:
        raise BadRequest("neither --propensity nor --propensities was given: say how probable what was drawn was.")
    wrong = ~((told > 0) & (told <= 1 + SUM_MAY_MISS))
    if wrong.any():
        at = int(wrong.argmax())
        raise BadRows(
            f"{file}, column {name!r}, row {place[at] + 1}: the propensity of what was drawn is {told[at]:g}, must be "
            f"above 0 and at most 1 (rows at fault: {int(wrong.sum()):,}): log it at the decision."
        )
    if of_drawn is not None and (off := np.abs(told - of_drawn) > SUM_MAY_MISS).any():
        at = int(off.argmax())
        raise BadRows(
            f"{file}, row {place[at] + 1}: {columns.propensity!r} is {told[at]:g} and {columns.propensities!r} says "
            f"{of_drawn[at]:g} of the same arm (rows at fault: {int(off.sum()):,}): correct one of them."
        )
    return np.asarray(told, np.float64)


def _policy(
    used: pa.Table,
    columns: LogColumns,
    arms: tuple[str, ...],
    target: pa.Array | None,
    mask: pa.Array,
    file: str,
    place: Ints,
) -> Floats:
    policy = np.zeros((used.num_rows, len(arms)))
    if target is not None:
        chosen = pc.index_in(target.filter(mask), value_set=pa.array(arms)).to_numpy().astype(np.int64)
        policy[np.arange(len(chosen)), chosen] = 1.0
        return policy
    for arm, column in columns.target_probability.items():
        policy[:, arms.index(arm)] = numbers(used, column, file, low=0.0, rule="in [0, 1]", row=place)
    off = np.abs(policy.sum(axis=1) - 1.0) > SUM_MAY_MISS
    if off.any():
        at = int(off.argmax())
        raise BadRows(
            f"{file}, row {place[at] + 1}: the other policy's probabilities sum to {policy[at].sum():.6g} (rows at "
            f"fault: {int(off.sum()):,}): give those of every arm, they sum to 1."
        )
    return policy


def _said(rows: pa.Table, name: str, file: str) -> Bools:
    """Read a column of yes and no; a missing one is no."""
    column = rows[name].combine_chunks()
    if pa.types.is_integer(column.type):
        column = column.cast(pa.bool_())
    if not pa.types.is_boolean(column.type) and not pa.types.is_null(column.type):
        raise BadRows(f"{file}, column {name!r}: holds {column.type}, must be true or false: correct the column.")
    return np.asarray(column.cast(pa.bool_()).fill_null(False).to_numpy(zero_copy_only=False), np.bool_)
