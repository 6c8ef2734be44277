"""Bins of one variable: quantile bins for numbers, the commonest names for categories.

Bins are made once, from the rows a model was trained on, and never again: counts taken with the
same bins add up exactly, whatever the order of the rows and however they were cut into shards.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadRequest, BadSchema

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS = 10
"""Quantile bins of a number: deciles, the custom of the trade for the population stability index."""

TOP = 20
"""Categories that get a bin of their own; all others share one."""

_BLOCK = 1 << 16  # values compared at a time: fits the cache, 20 times quicker than a binary search a value


@dataclass(frozen=True)
class NumberBins:
    """Bins of a number, cut at `edges`; missing values (null or NaN) have a bin of their own.

    Parameters
    ----------
    edges : tuple of float
        Finite, strictly increasing. Bin i holds edges[i - 1] <= value < edges[i]; the first and
        the last bin are open, so that every value, infinities too, falls in exactly one.

    Raises
    ------
    BadRequest
        If an edge is not finite or not above the one before it.
    """

    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(np.isfinite(self.edges)) or any(high <= low for low, high in pairwise(self.edges)):
            raise BadRequest(f"bin edges {list(self.edges)} are not finite and increasing: make the profile again")

    @property
    def size(self) -> int:
        """Number of bins, the one for missing values not counted."""
        return len(self.edges) + 1

    def count(self, values: pa.ChunkedArray) -> tuple[Counts, int]:
        """Count `values` bin by bin.

        Parameters
        ----------
        values : pyarrow.ChunkedArray
            Numbers or booleans, nulls allowed.

        Returns
        -------
        counts : array of int64 of shape (size,)
            Values in each bin.
        missing : int
            Values that are null or NaN.

        Raises
        ------
        BadSchema
            If the values are neither numbers nor booleans.
        """
        if not is_number(values.type):
            raise BadSchema(f"values are {values.type}, the profile has them as numbers: send numbers or train again")
        below: Counts = np.zeros(len(self.edges), dtype=np.int64)
        missing = 0
        for array in _numbers(values):
            for start in range(0, len(array), _BLOCK):
                block = array[start : start + _BLOCK]
                missing += int(np.count_nonzero(np.isnan(block)))
                for i, edge in enumerate(self.edges):
                    below[i] += np.count_nonzero(block < edge)
        return np.diff(below, prepend=0, append=len(values) - missing), missing


@dataclass(frozen=True)
class CategoryBins:
    """Bins of a category: one for each of `names`, a last one for every other value.

    Parameters
    ----------
    names : tuple of str
        Categories that have their own bin, each once.

    Raises
    ------
    BadRequest
        If a name stands twice.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise BadRequest(f"categories {list(self.names)} name one twice: make the profile again")

    @property
    def size(self) -> int:
        """Number of bins, the one for missing values not counted."""
        return len(self.names) + 1

    def count(self, values: pa.ChunkedArray) -> tuple[Counts, int]:
        """Count `values` category by category; the last count is of all categories without a bin.

        Parameters
        ----------
        values : pyarrow.ChunkedArray
            Strings, plain or dictionary encoded, nulls allowed.

        Returns
        -------
        counts : array of int64 of shape (size,)
            Values in each bin.
        missing : int
            Values that are null.

        Raises
        ------
        BadSchema
            If the values are not strings.
        """
        if not is_category(values.type):
            raise BadSchema(
                f"values are {values.type}, the profile has them as categories: send strings or train again"
            )
        place = {name: i for i, name in enumerate(self.names)}
        counts: Counts = np.zeros(self.size, dtype=np.int64)
        missing = 0
        for name, n in _tally(values).items():
            if name is None:
                missing += n
            else:
                counts[place.get(name, len(self.names))] += n
        return counts, missing


Bins = NumberBins | CategoryBins


def number_bins(values: pa.ChunkedArray, bins: int = BINS) -> NumberBins:
    """Cut numbers into bins of about equal counts; a value as frequent as a whole bin gets its own.

    A constant column so becomes three bins, below, at and above the constant, and any move shows;
    a column of zeros and ones has a bin for each. A column without any finite value has one bin.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
        Numbers or booleans; missing and infinite values are left out.
    bins : int, default 10
        Bins wanted, at least 2.

    Returns
    -------
    NumberBins
        Edges are values of the column, or the next float after one.

    Examples
    --------
    >>> number_bins(pa.chunked_array([list(range(100))]), bins=4).edges
    (24.0, 49.0, 74.0)
    >>> number_bins(pa.chunked_array([[5, 5, 5]])).edges
    (5.0, 5.000000000000001)
    """
    if bins < 2:
        raise BadRequest(f"bins = {bins}, must be >= 2")
    if not is_number(values.type):
        raise BadSchema(
            f"values are {values.type}, number bins want numbers: make category bins or leave the column out"
        )
    finite = np.concatenate([a[np.isfinite(a)] for a in _numbers(values)] or [np.empty(0)])
    if finite.size == 0:
        return NumberBins(())
    cuts, places = np.quantile(finite, np.arange(1, bins) / bins, method="inverted_cdf"), set()
    for cut in np.unique(cuts).tolist():
        places.add(cut)
        # Nothing finite lies above the largest number, so it needs no edge there.
        if cut < np.finfo(np.float64).max and np.count_nonzero(finite == cut) * bins >= finite.size:
            places.add(float(np.nextafter(cut, np.inf)))
    return NumberBins(tuple(sorted(places)))


def category_bins(values: pa.ChunkedArray, top: int = TOP) -> CategoryBins:
    """Give the `top` commonest categories a bin each; ties go by name, so that rows may come in any order.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
        Strings, plain or dictionary encoded; nulls are left out.
    top : int, default 20
        Most bins that may be named, at least 1.

    Examples
    --------
    >>> category_bins(pa.chunked_array([["web", "phone", "web", None, "shop"]]), top=2).names
    ('web', 'phone')
    """
    if top < 1:
        raise BadRequest(f"top = {top}, must be >= 1")
    if not is_category(values.type):
        raise BadSchema(
            f"values are {values.type}, category bins want strings: make number bins or leave the column out"
        )
    known = [(-n, name) for name, n in _tally(values).items() if name is not None]
    return CategoryBins(tuple(name for _, name in sorted(known)[:top]))


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type is profiled as a number."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def is_category(kind: pa.DataType) -> bool:
    """Whether a column of this type is profiled as a category; a column of nulls is one with every value missing."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_null(inner))


def _numbers(values: pa.ChunkedArray) -> list[Floats]:
    """Chunks as float64, null as NaN: a float32 must not be compared in its own, coarser, precision."""
    return [
        pc.cast(chunk, pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
        for chunk in values.chunks
    ]


def _tally(values: pa.ChunkedArray) -> dict[str | None, int]:
    if pa.types.is_null(values.type):
        return {None: len(values)} if len(values) else {}
    plain = pc.cast(values, pa.string())
    return {row["values"]: row["counts"] for row in plain.value_counts().to_pylist()}
