"""Ids met so far: an id may stand once in all files that are read together, however many they are."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.tables.check import BadRow, Checked, as_json

Hashes = NDArray[np.uint64]


class Seen:
    """Ids met so far, so that an id stands once in all chunks and files that are read together.

    Each id is met as a number of 64 bits in sorted runs, of which there are few: a run that is not much longer
    than the next is merged with it. So every id costs about the same, also the hundred-millionth. Where numbers
    are equal the ids themselves decide.

    Parameters
    ----------
    column : str
        Column that holds the id.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._ids: list[pa.Array] = []
        self._runs: list[Hashes] = []

    def without_known(self, checked: Checked, first_row: int) -> Checked:
        """Set aside the rows whose id was met in an earlier chunk.

        Parameters
        ----------
        checked : Checked
            A chunk whose own ids are unique.
        first_row : int
            Number of the chunk's first row within its file.
        """
        ids = checked.good[self._column].combine_chunks()
        known = self._known(ids)
        if not known.any():
            return checked
        faulty = {b.row_number - first_row for b in checked.bad}
        numbers = np.array([i for i in range(len(ids) + len(faulty)) if i not in faulty])[known]
        reason = f"{self._column} stands in an earlier file or chunk too, the first row was kept"
        raws = checked.good.filter(pa.array(known)).to_pylist()
        again = tuple(
            BadRow(first_row + int(i), self._column, reason, as_json(raw)) for i, raw in zip(numbers, raws, strict=True)
        )
        return Checked(checked.good.filter(pa.array(~known)), (*checked.bad, *again))

    def _known(self, ids: pa.Array) -> NDArray[np.bool_]:
        hashes = _hashed(ids)
        order = np.argsort(hashes)
        in_order = hashes[order]
        met = np.zeros(len(ids), bool)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, in_order), len(run) - 1)
            met[order] |= run[place] == in_order
        if met.any():
            met[met] = self._stands(ids.filter(pa.array(met)))
        self._ids.append(ids)
        self._add(in_order)
        return met

    def _stands(self, ids: pa.Array) -> NDArray[np.bool_]:
        """Whether an earlier chunk holds these ids themselves."""
        found = [earlier.filter(pc.is_in(earlier, value_set=ids)) for earlier in self._ids]
        stands: NDArray[np.bool_] = pc.is_in(ids, value_set=pa.concat_arrays(found)).to_numpy(zero_copy_only=False)
        return stands

    def _add(self, run: Hashes) -> None:
        if not len(run):
            return
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            # A stable sort of two sorted halves is a merge.
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)


def _hashed(ids: pa.Array) -> Hashes:
    # pandas is heavy, and most readers need no ids that are unique.
    from pandas.util import hash_array  # noqa: PLC0415

    return hash_array(ids.to_numpy(zero_copy_only=False), categorize=False).astype(np.uint64, copy=False)
