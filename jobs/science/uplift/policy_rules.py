"""Rules of a shallow policy tree: portable, and readable as one would say them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import ceil, floor, log10
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.encode import CategoryFeature, FeatureEncoder

EVERYBODY = "everybody"
"""The rule of a tree that cuts nowhere."""


@dataclass(frozen=True)
class Cut:
    """One question of the tree, whether a column is at most so much.

    Parameters
    ----------
    column : int
        Column of the encoded matrix.
    threshold : float
        Values up to and including this one go to `low`.
    low, high : int
        Where the two sides go on: a cut's place, or ``-1 - s`` for segment s.
    """

    column: int
    threshold: float
    low: int
    high: int


@dataclass(frozen=True)
class PolicyRules:
    """Who gets which arm, by a few cuts.

    Parameters
    ----------
    arms : tuple of str
        Names of the arms, the control first.
    encoder : FeatureEncoder
        Makes the matrix that the cuts read.
    cuts : tuple of Cut
        The first one is asked first; empty where everybody gets the same.
    arm_of : tuple of int
        Arm of each segment, 0 for the control.
    binary : tuple of int
        Columns of numbers that were only ever 0 or 1.

    Examples
    --------
    >>> import pyarrow as pa
    >>> rows = pa.table({"recency": [1, 6, 7, 12], "channel": ["Web", "Web", "Phone", "Web"]})
    >>> encoder = FeatureEncoder.fit(rows, {"recency": "number", "channel": "category"})
    >>> rules = PolicyRules(("none", "mail"), encoder, (Cut(0, 6.0, -1, 1), Cut(1, 0.5, -2, -3)), (1, 0, 1))
    >>> rules.words
    ('recency up to 6', 'recency above 6 and channel other than Web', 'recency above 6 and channel Web')
    >>> rules.segment_of(encoder.transform(rows)).tolist()
    [0, 0, 1, 2]
    """

    arms: tuple[str, ...]
    encoder: FeatureEncoder
    cuts: tuple[Cut, ...]
    arm_of: tuple[int, ...]
    binary: tuple[int, ...] = ()

    def segment_of(self, matrix: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the segment of each row, shape (n_rows,), from 0.

        Parameters
        ----------
        matrix : numpy.ndarray of shape (n_rows, n_columns)
            What the encoder made of the rows.
        """
        # A cut stands before those it leads to, so one pass in order takes every row to its segment.
        at = np.full(len(matrix), 0 if self.cuts else -1, np.int64)
        for place, cut in enumerate(self.cuts):
            here = np.flatnonzero(at == place)
            low = matrix[here, cut.column].astype(np.float64) <= cut.threshold
            at[here] = np.where(low, cut.low, cut.high)
        return -1 - at

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Each segment's rule in words, categories by their own names."""
        if not self.cuts:
            return (EVERYBODY,)
        said: dict[int, str] = {}
        self._walk(0, {}, said)
        return tuple(said[s] for s in range(len(self.arm_of)))

    def _walk(self, at: int, path: dict[int, tuple[float, float]], said: dict[int, str]) -> None:
        if at < 0:
            said[-1 - at] = " and ".join(self._said(path))
            return
        cut = self.cuts[at]
        low, high = path.get(cut.column, (-np.inf, np.inf))
        self._walk(cut.low, {**path, cut.column: (low, min(high, cut.threshold))}, said)
        self._walk(cut.high, {**path, cut.column: (max(low, cut.threshold), high)}, said)

    def _said(self, path: Mapping[int, tuple[float, float]]) -> list[str]:
        """Say a path feature by feature, in the order in which the features were first asked for."""
        said: dict[str, str] = {}
        for column in path:
            first, feature = self._feature(column)
            if feature.name in said:
                continue
            mine = {c - first: limits for c, limits in path.items() if first <= c < first + len(feature.columns)}
            flag = len(feature.columns) - 1 if feature.flag else None
            # Of a flag only the side is asked: above its threshold the value is missing.
            missing = None if flag is None or flag not in mine else mine.pop(flag)[0] > -np.inf
            if missing:
                said[feature.name] = f"{feature.name} unknown"
            elif isinstance(feature, CategoryFeature):
                said[feature.name] = _category(feature, mine, missing)
            else:
                filled = feature.median if feature.flag and missing is None else None
                said[feature.name] = _number(feature.name, mine.get(0), filled, binary=column in self.binary)
        return list(said.values())

    def _feature(self, column: int) -> tuple[int, Any]:
        first = 0
        for feature in self.encoder.features:
            if column < first + len(feature.columns):
                return first, feature
            first += len(feature.columns)
        raise IndexError(f"the matrix has {first} columns, there is no column {column}")

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can carry; `from_dict` reads it back."""
        return {
            "arms": list(self.arms),
            "encoder": self.encoder.to_dict(),
            "cuts": [asdict(cut) for cut in self.cuts],
            "arm_of": list(self.arm_of),
            "binary": list(self.binary),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read rules back from what `to_dict` returned."""
        return cls(
            tuple(values["arms"]),
            FeatureEncoder.from_dict(values["encoder"]),
            tuple(Cut(**cut) for cut in values["cuts"]),
            tuple(values["arm_of"]),
            tuple(values["binary"]),
        )


def roundest(low: float, high: float) -> float:
    """Return the number with the fewest digits from `low` up to, but not including, `high`.

    Examples
    --------
    >>> roundest(6.0, 7.0), roundest(239.87, 251.3), roundest(0.1234, 0.1241)
    (6.0, 240.0, 0.124)
    """
    size = max(abs(low), abs(high))
    if not low < high or size == 0.0:
        return low
    for digit in range(ceil(log10(size)), floor(log10(high - low)) - 2, -1):
        for whole in (ceil(low / 10.0**digit), floor(low / 10.0**digit)):
            # A negative power is no exact float: dividing by the positive one gives 0.124, not 0.12400000000000001.
            tried = float(whole * 10**digit) if digit >= 0 else whole / 10**-digit
            if low <= tried < high:
                return tried
    return low


def _category(feature: CategoryFeature, asked: Mapping[int, tuple[float, float]], missing: bool | None) -> str:
    is_level = [feature.levels[c] for c, (low, _) in asked.items() if low > -np.inf]
    if is_level:
        return f"{feature.name} {is_level[0]}"
    others = [feature.levels[c] for c in asked]
    if not others:
        return f"{feature.name} known"
    known = " (known)" if missing is False else ""
    named = others[0] if len(others) == 1 else f"{', '.join(others[:-1])} or {others[-1]}"
    return f"{feature.name} other than {named}{known}"


def _number(name: str, limits: tuple[float, float] | None, filled: float | None, *, binary: bool) -> str:
    if limits is None:
        return f"{name} known"
    low, high = limits
    unknown = " or unknown" if filled is not None and low < filled <= high else ""
    if binary:
        return f"{name} {1 if low > -np.inf else 0}{unknown}"
    above = f" above {low:.12g}" if low > -np.inf else ""
    up_to = f" up to {high:.12g}" if high < np.inf else ""
    return f"{name}{above}{up_to}{unknown}"
