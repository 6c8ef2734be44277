"""Rows that cannot be used: each with one reason, counted, so that rows in are rows used and rows set aside."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class SetAside:
    """First reason against each row.

    Parameters
    ----------
    rows : int
        Rows there are.

    Examples
    --------
    >>> aside = SetAside(3)
    >>> aside.put(np.array([True, False, False]), "no id")
    >>> aside.put(np.array([True, True, False]), "no arm")
    >>> aside.counts()
    {'no id': 1, 'no arm': 1}
    """

    def __init__(self, rows: int) -> None:
        self._reasons: list[str] = []
        self._reason = np.full(rows, -1, np.int64)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Rows without a reason against them."""
        return np.asarray(self._reason < 0)

    def put(self, faulty: Any, reason: str) -> None:
        """Set aside the rows where `faulty` is true, unless they are already."""
        mask = faulty if isinstance(faulty, np.ndarray) else faulty.fill_null(False).to_numpy(zero_copy_only=False)
        self._reason[self.kept & mask] = len(self._reasons)
        self._reasons.append(reason)

    def counts(self) -> dict[str, int]:
        """Rows by reason, without reasons that no row had."""
        counted = np.bincount(self._reason[~self.kept], minlength=len(self._reasons))
        return {r: int(n) for r, n in zip(self._reasons, counted, strict=True) if n}


def as_text(column: pa.ChunkedArray) -> pa.Array:
    """Return ids or names as text: whole numbers without a point, an empty text missing.

    Examples
    --------
    >>> as_text(pa.chunked_array([[1.0, None, 2.0]])).to_pylist()
    ['1', None, '2']
    """
    values: Any = column.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type) and pc.all(pc.equal(values, pc.round(values))).as_py() in {True, None}:
        values = values.cast(pa.int64(), safe=False) if values.null_count != len(values) else values
    text = values.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def repeated(unit: pa.Array, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of the kept rows have an id that stood in an earlier one.

    Examples
    --------
    >>> repeated(pa.array(["a", "b", "a"]), np.ones(3, bool)).tolist()
    [False, False, True]
    """
    rows = np.flatnonzero(kept)
    code = unit.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    again = np.zeros(len(kept), np.bool_)
    again[rows] = True
    again[rows[np.unique(code, return_index=True)[1]]] = False
    return again
