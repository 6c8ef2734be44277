"""Customer features to a number matrix, the same in training and in scoring, carried as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadSchema

MAX_LEVELS = 24
"""Levels of a category that get a column; rarer ones share the encoding of an unseen level (all zeros)."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class NumberFeature:
    """A number: missing becomes the training median, and a flag where training saw missing values.

    Parameters
    ----------
    name : str
        Column of the rows.
    median : float
        Median of the training rows, in the column's unit.
    flag : bool
        Whether a column tells that the value was missing.
    """

    name: str
    median: float
    flag: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the matrix columns that this feature fills."""
        return (self.name, f"{self.name} is missing") if self.flag else (self.name,)


@dataclass(frozen=True)
class CategoryFeature:
    """A category: one column per level; a level that training did not see is all zeros.

    Parameters
    ----------
    name : str
        Column of the rows.
    levels : tuple of str
        Levels with a column of their own, the most frequent first.
    flag : bool
        Whether a column tells that the value was missing.
    """

    name: str
    levels: tuple[str, ...]
    flag: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the matrix columns that this feature fills."""
        named = tuple(f"{self.name} = {level}" for level in self.levels)
        return (*named, f"{self.name} is missing") if self.flag else named


@dataclass(frozen=True)
class FeatureEncoder:
    """Turns rows into the float32 matrix that the learners and the scorer read.

    Numbers stay numbers, so that trees can cut them anywhere; categories become indicator columns, so that the same
    matrix serves linear learners. Infinite numbers count as missing.

    Parameters
    ----------
    features : tuple of NumberFeature or CategoryFeature
        What was learnt from the training rows, in the declared order.

    Examples
    --------
    >>> rows = pa.table({"age": [30.0, None, 50.0], "zone": ["a", "b", "a"]})
    >>> encoder = FeatureEncoder.fit(rows, {"age": "number", "zone": "category"})
    >>> encoder.columns
    ('age', 'age is missing', 'zone = a', 'zone = b')
    >>> encoder.transform(pa.table({"age": [None, 20.0], "zone": ["b", "new"]})).tolist()
    [[40.0, 1.0, 0.0, 1.0], [20.0, 0.0, 0.0, 0.0]]
    """

    features: tuple[NumberFeature | CategoryFeature, ...]

    @classmethod
    def fit(cls, rows: pa.Table, features: Mapping[str, str]) -> Self:
        """Learn medians, levels and which features can be missing.

        Parameters
        ----------
        rows : pyarrow.Table
            Training rows.
        features : mapping of str to str
            Name of each feature and its type, ``"number"`` or ``"category"``, in order.

        Raises
        ------
        BadSchema
            If a feature is not a column of `rows`, or its values are not of the declared type.
        """
        learnt: list[NumberFeature | CategoryFeature] = []
        for name, kind in features.items():
            if kind == "number":
                values = _numbers(rows, name)
                present = values[np.isfinite(values)]
                median = float(np.median(present)) if present.size else 0.0
                learnt.append(NumberFeature(name, median, bool(present.size < values.size)))
            elif kind == "category":
                column = _strings(rows, name)
                counts = pc.value_counts(column.drop_null())
                by_count = sorted(
                    zip(counts.field(1).to_pylist(), counts.field(0).to_pylist(), strict=True), key=_frequent_first
                )
                levels = tuple(level for _, level in by_count[:MAX_LEVELS])
                learnt.append(CategoryFeature(name, levels, column.null_count > 0))
            else:
                raise BadSchema(f"feature {name!r} has type {kind!r}: declare it as 'number' or 'category'")
        return cls(tuple(learnt))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the matrix columns, in order."""
        return tuple(column for feature in self.features for column in feature.columns)

    def transform(self, rows: pa.Table) -> NDArray[np.float32]:
        """Encode rows.

        Parameters
        ----------
        rows : pyarrow.Table
            Rows that hold every feature; other columns are ignored.

        Returns
        -------
        numpy.ndarray of float32, shape (n_rows, n_columns)
            Finite everywhere, column by column in memory.

        Raises
        ------
        BadSchema
            If a feature is not a column of `rows`, or its values are not of the declared type.
        """
        matrix = np.empty((rows.num_rows, len(self.columns)), dtype=np.float32, order="F")
        at = 0
        for feature in self.features:
            if isinstance(feature, NumberFeature):
                values = _numbers(rows, feature.name)
                missing = ~np.isfinite(values)
                matrix[:, at] = np.clip(np.where(missing, feature.median, values), -_LARGEST, _LARGEST)
            else:
                column = _strings(rows, feature.name)
                codes = pc.index_in(column, value_set=pa.array(feature.levels, pa.string())).fill_null(-1)
                code = codes.to_numpy(zero_copy_only=False)
                missing = column.is_null().to_numpy(zero_copy_only=False)
                for i in range(len(feature.levels)):
                    matrix[:, at + i] = code == i
            if feature.flag:
                matrix[:, at + len(feature.columns) - 1] = missing
            at += len(feature.columns)
        return matrix

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can carry; `from_dict` reads it back."""
        return {
            "features": [
                {"name": f.name, "type": "number", "median": f.median, "flag": f.flag}
                if isinstance(f, NumberFeature)
                else {"name": f.name, "type": "category", "levels": list(f.levels), "flag": f.flag}
                for f in self.features
            ]
        }

    @classmethod
    def from_dict(cls, card: Mapping[str, Any]) -> Self:
        """Read an encoder back from what `to_dict` returned."""
        return cls(
            tuple(
                NumberFeature(f["name"], float(f["median"]), bool(f["flag"]))
                if f["type"] == "number"
                else CategoryFeature(f["name"], tuple(f["levels"]), bool(f["flag"]))
                for f in card["features"]
            )
        )


def _frequent_first(counted: tuple[int, str]) -> tuple[int, str]:
    count, level = counted
    return (-count, level)


def _column(rows: pa.Table, name: str) -> pa.Array:
    if name not in rows.column_names:
        raise BadSchema(f"the rows have no column {name!r}, a declared feature: add it or take it out of the campaign")
    column = rows.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _numbers(rows: pa.Table, name: str) -> NDArray[np.float64]:
    column = _column(rows, name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    try:
        values: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = (
            f"feature {name!r} is declared a number but holds {column.type}: declare it a category or mend the column"
        )
        raise BadSchema(message) from error
    return values


def _strings(rows: pa.Table, name: str) -> pa.Array:
    column = _column(rows, name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"feature {name!r} is declared a category but holds {column.type}: give it as text"
        raise BadSchema(message) from error
