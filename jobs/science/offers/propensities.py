"""The propensities of a draw as they are logged at the decision: one JSON object a row, read back to the last bit."""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.problem import Floats

SUM_MAY_MISS = 1e-6
"""How far the probabilities of a row may be from 1 together."""


def log_propensities(names: Sequence[str], propensity: npt.ArrayLike) -> pa.Array:
    """Write what could have been drawn, and how probable each was.

    Parameters
    ----------
    names : sequence of str of length k
        What a draw may give; getting nothing is one of them, under the control's name.
    propensity : array-like of shape (n, k)
        Probabilities; what could not have been drawn (0) is not written.

    Returns
    -------
    pyarrow.Array of str, length n
        JSON objects, name to probability.

    Examples
    --------
    >>> log_propensities(["none", "mail", "post"], [[0.75, 0.25, 0.0]]).to_pylist()
    ['{"none": 0.75, "mail": 0.25}']
    """
    rows = np.asarray(propensity, dtype=np.float64).tolist()
    return pa.array([json.dumps({a: p for a, p in zip(names, row, strict=True) if p > 0}) for row in rows], pa.string())


def logged_names(logged: pa.Array | pa.ChunkedArray) -> list[str]:
    """Return the names that any row holds, sorted; rows that are no JSON object have none here.

    Examples
    --------
    >>> logged_names(pa.array(['{"none": 0.75, "mail": 0.25}', '{"post": 1.0}', "?"]))
    ['mail', 'none', 'post']
    """
    names: set[str] = set()
    for text in pc.unique(logged).to_pylist():
        try:
            names.update(dict(json.loads(text)))
        except (TypeError, ValueError):
            continue  # read_propensities refuses the row and says where it stands
    return sorted(names)


def read_propensities(logged: pa.Array | pa.ChunkedArray, names: Sequence[str], where: str) -> Floats:
    """Read what :func:`log_propensities` wrote.

    Parameters
    ----------
    logged : Arrow array of str, length n
        JSON objects, name to probability.
    names : sequence of str of length k
        What may be in them.
    where : str
        File and column, for messages.

    Returns
    -------
    ndarray of shape (n, k)
        Probabilities, 0 for what is not written.

    Raises
    ------
    BadRows
        If a row is missing, is no such object, names something else, or its probabilities are no distribution.

    Examples
    --------
    >>> read_propensities(pa.array(['{"none": 0.75, "mail": 0.25}']), ["none", "mail", "post"], "log.csv").tolist()
    [[0.75, 0.25, 0.0]]
    """
    place = {name: j for j, name in enumerate(names)}
    if len(place) < len(names):
        raise BadRequest(f"{where}: two arms have one name among {', '.join(map(repr, names))}: rename one.")
    read = np.zeros((len(logged), len(names)))
    for i, text in enumerate(logged.to_pylist()):
        try:
            row = json.loads(text)
            columns, values = [place[name] for name in row], np.array([float(p) for p in row.values()])
        except KeyError as unknown:
            raise BadRows(
                f"{where}, row {i + 1}: names {unknown}, the arms are {', '.join(map(repr, names[:8]))}: correct it."
            ) from unknown
        except (AttributeError, TypeError, ValueError) as wrong:
            raise BadRows(
                f'{where}, row {i + 1}: {str(text)[:60]!r} is no JSON object like {{"mail": 0.25}}: log it again.'
            ) from wrong
        if not (np.all(values > 0) and abs(float(values.sum()) - 1.0) <= SUM_MAY_MISS):
            raise BadRows(
                f"{where}, row {i + 1}: probabilities sum to {float(values.sum()):.6g} and the least is "
                f"{float(values.min(initial=0.0)):.3g}: they must be above 0 and sum to 1."
            )
        read[i, columns] = values
    return read
