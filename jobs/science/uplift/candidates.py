"""Customers of another file to choose from, held against those of the trial."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.errors import BadRows, BadSchema
from jobs.science.drift.counts import Counter
from jobs.science.drift.profile import profile_of
from jobs.science.drift.psi import measure_drift
from jobs.science.uplift.features import plain_columns, require_features
from jobs.science.uplift.set_aside import SetAside, as_text, repeated
from jobs.science.uplift.trial import Trial


@dataclass(frozen=True)
class Candidates:
    """Customers to choose from.

    Parameters
    ----------
    rows : pyarrow.Table
        Their features.
    unit : pyarrow.Array of str
        Their ids; the row's number, from 1, where no column holds ids.
    warnings : tuple of str
        What to look at before the list is used, in whole sentences.
    """

    rows: pa.Table
    unit: pa.Array
    warnings: tuple[str, ...]


def take_candidates(rows: pa.Table, trial: Trial, *, unit: str | None, file: str) -> Candidates:
    """Check customers and hold them against the trial's.

    Parameters
    ----------
    rows : pyarrow.Table
        The file's rows.
    trial : Trial
        The trial that the list rests on.
    unit : str or None
        Column of the id.
    file : str
        Where the rows are from, for messages.

    Returns
    -------
    Candidates
        A customer once; without an id none. It warns where a feature is spread quite otherwise than in the trial (a
        population stability index of .25 or more): the trial says nothing of such customers.

    Raises
    ------
    BadSchema
        If the id or a feature is missing or of another type.
    BadRows
        If no row is left.
    """
    aside = SetAside(rows.num_rows)
    if unit is None:
        ids = pa.array(np.arange(1, rows.num_rows + 1)).cast(pa.string())
    elif unit not in rows.column_names:
        raise BadSchema(f"{file} has no column {unit!r} (--unit): it has {', '.join(rows.column_names[:20])}")
    else:
        ids = as_text(rows[unit])
        aside.put(ids.is_null(), f"no {unit} (the id)")
        aside.put(repeated(ids, aside.kept), f"{unit} seen before")
    if not aside.kept.any():
        raise BadRows(f"{file}, column {unit!r}: no row has an id: mend the file")
    plain = plain_columns(rows)
    require_features(plain, trial.features, file)
    kept = plain.select(list(trial.features)).filter(pa.array(aside.kept))
    said = [f"{file}: {n:,} rows were set aside, {why}." for why, n in aside.counts().items()]
    return Candidates(kept, ids.filter(pa.array(aside.kept)), (*said, *_drifted(trial, kept, file)))


def _drifted(trial: Trial, rows: pa.Table, file: str) -> list[str]:
    profile = profile_of(trial.rows.select(list(trial.features)))
    counter = Counter(profile.bins)
    counter.add(rows)
    far = [d for d in measure_drift(profile, counter.counts()) if d.level == "alarm"]
    if not far:
        return []
    named = ", ".join(f"{d.variable} (PSI {d.psi:.2f})" for d in far[:3])
    return [
        f"The customers of {file} are not those of the trial: {named}. The promise speaks of customers like the "
        "trial's: try it out on some of these first."
    ]
