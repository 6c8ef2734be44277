"""A randomised trial as arrays, refused in one sentence when it cannot answer the question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadTrial

MIN_ARM_ROWS = 100
"""Rows that every arm needs: half of them judge, and an interval from fewer than fifty says nothing."""

_SHARES_MAY_MISS = 0.01


@dataclass(frozen=True)
class Trial:
    """Rows of a trial, checked. Make one with `Trial.checked`.

    Parameters
    ----------
    rows : pyarrow.Table
        Features, one row a unit.
    features : mapping of str to str
        Name and type (``"number"`` or ``"category"``) of each feature.
    arms : tuple of str
        Names of the arms, the control first.
    arm : numpy.ndarray of int64, shape (n_rows,)
        Place in `arms` of the arm that was drawn.
    outcome : numpy.ndarray of float64, shape (n_rows,)
        Outcome; in euro where money is computed from it.
    propensity : numpy.ndarray of float64, shape (n_rows,)
        Probability of the arm that was drawn, in (0, 1).
    cluster : numpy.ndarray of int64, shape (n_rows,), or None
        Code of the group whose rows stay together in splits and in errors.
    """

    rows: pa.Table
    features: Mapping[str, str]
    arms: tuple[str, ...]
    arm: NDArray[np.int64]
    outcome: NDArray[np.float64]
    propensity: NDArray[np.float64]
    cluster: NDArray[np.int64] | None = None

    @classmethod
    def checked(
        cls,
        rows: pa.Table,
        features: Mapping[str, str],
        *,
        arm: Sequence[str] | NDArray[np.str_] | pa.ChunkedArray,
        control: str,
        outcome: NDArray[np.float64],
        arms: Sequence[str] | None = None,
        propensity: NDArray[np.float64] | None = None,
        cluster: Sequence[str] | NDArray[np.str_] | pa.ChunkedArray | None = None,
    ) -> Self:
        """Check a trial and code its arms.

        Parameters
        ----------
        rows : pyarrow.Table
            Features, one row a unit.
        features : mapping of str to str
            Name and type of each feature.
        arm : sequence of str, length n_rows
            Arm that was drawn.
        control : str
            Which arm is the control.
        outcome : array-like of shape (n_rows,)
            Outcome, finite.
        arms : sequence of str, optional
            Arms other than the control, in the order of the results; the arms seen, sorted, by default.
        propensity : array-like of shape (n_rows,), optional
            Probability of the arm that was drawn; each arm's share of the rows by default, right where every unit
            was drawn with the same probabilities.
        cluster : sequence of str, length n_rows, optional
            Group of each row.

        Raises
        ------
        BadTrial
            If the trial cannot answer: one arm, no control rows, an arm that is not declared, too few rows, a
            constant or missing outcome, propensities outside (0, 1) or that do not sum to one.
        """
        drawn = np.asarray(arm.to_numpy(zero_copy_only=False) if isinstance(arm, pa.ChunkedArray) else arm).astype(str)
        seen = sorted(set(drawn.tolist()))
        if control not in seen:
            raise BadTrial(
                f"no row has the control arm {control!r}, only {_names(seen)}: name the control as the trial does"
            )
        names = (control, *(arms if arms is not None else [a for a in seen if a != control]))
        if len(names) < 2:
            raise BadTrial(f"the trial has one arm, {control!r}: an effect needs a control and at least one other arm")
        stray = sorted(set(seen) - set(names))
        if stray:
            raise BadTrial(
                f"the trial has arms that nobody declared, {_names(stray)}: declare them or take their rows out"
            )
        place = {name: i for i, name in enumerate(names)}
        code = np.array([place[a] for a in seen], np.int64)[np.searchsorted(np.array(seen), drawn)]
        y = np.ascontiguousarray(outcome, dtype=np.float64)
        counts = np.bincount(code, minlength=len(names))
        _check_rows(names, counts)
        _check_outcome(y)
        if propensity is None:
            p = (counts / len(code))[code]
        else:
            p = np.ascontiguousarray(propensity, dtype=np.float64)
            _check_propensity(names, code, p)
        groups = None if cluster is None else _codes(cluster)
        return cls(rows, dict(features), names, code, y, p, groups)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.arm)

    def part(self, keep: NDArray[np.bool_]) -> Self:
        """Return the rows where `keep` is true."""
        return replace(
            self,
            rows=self.rows.filter(pa.array(keep)),
            arm=self.arm[keep],
            outcome=self.outcome[keep],
            propensity=self.propensity[keep],
            cluster=None if self.cluster is None else self.cluster[keep],
        )

    def split(self, share: float, seed: int) -> NDArray[np.bool_]:
        """Draw a share of the rows at random, arm by arm, or cluster by cluster where there are clusters.

        Parameters
        ----------
        share : float
            Share to draw, in (0, 1).
        seed : int
            Seed of the draw.

        Returns
        -------
        numpy.ndarray of bool, shape (n_rows,)
            True for the rows that were drawn.

        Raises
        ------
        BadTrial
            If whole clusters leave an arm without rows on one side.
        """
        drawn = draw_share(self.arm, self.cluster, share, seed)
        for a, name in enumerate(self.arms):
            inside = int(np.sum(drawn[self.arm == a]))
            if inside == 0 or inside == int(np.sum(self.arm == a)):
                raise BadTrial(
                    f"the clusters of arm {name!r} cannot be split in two: the trial needs more clusters in every arm"
                )
        return drawn


def draw_share(arm: NDArray[np.int64], cluster: NDArray[np.int64] | None, share: float, seed: int) -> NDArray[np.bool_]:
    """Draw a share of the rows, the same share of every arm, or whole clusters.

    Examples
    --------
    >>> drawn = draw_share(np.repeat([0, 1], [10, 6]), None, share=0.5, seed=0)
    >>> int(drawn[:10].sum()), int(drawn[10:].sum())
    (5, 3)
    """
    generator = np.random.default_rng(seed)
    drawn = np.zeros(len(arm), np.bool_)
    if cluster is not None:
        groups = generator.permutation(int(cluster.max()) + 1)
        return np.asarray(groups[cluster] < share * len(groups))
    for a in np.unique(arm):
        here = generator.permutation(np.flatnonzero(arm == a))
        drawn[here[: round(share * len(here))]] = True
    return drawn


def _check_rows(names: tuple[str, ...], counts: NDArray[np.int64]) -> None:
    scarce = [f"{n} ({c})" for n, c in zip(names, counts.tolist(), strict=True) if c < MIN_ARM_ROWS]
    if scarce:
        raise BadTrial(
            f"too few rows in {', '.join(scarce)}: every arm needs at least {MIN_ARM_ROWS}, wait or leave it out"
        )


def _check_outcome(outcome: NDArray[np.float64]) -> None:
    bad = np.flatnonzero(~np.isfinite(outcome))
    if bad.size:
        raise BadTrial(
            f"the outcome of row {bad[0]} is {outcome[bad[0]]}, as in {bad.size} rows: take out units without one"
        )
    if float(np.ptp(outcome)) == 0.0:
        raise BadTrial(
            f"the outcome is {outcome[0]} in every row: nothing can be learnt from an outcome that does not vary"
        )


def _check_propensity(names: tuple[str, ...], code: NDArray[np.int64], p: NDArray[np.float64]) -> None:
    bad = np.flatnonzero(~((p > 0.0) & (p < 1.0)))
    if bad.size:
        raise BadTrial(
            f"the propensity of row {bad[0]} is {p[bad[0]]}, as in {bad.size} rows: give values above 0 and below 1"
        )
    by_arm = [p[code == a] for a in range(len(names))]
    if all(float(np.ptp(q)) <= 1e-9 for q in by_arm):
        total = float(sum(q[0] for q in by_arm))
        if abs(total - 1.0) > _SHARES_MAY_MISS:
            raise BadTrial(
                f"the propensities of the arms sum to {total:.4g}, not to 1: give the probability of each arm as drawn"
            )


def _codes(values: Sequence[str] | NDArray[np.str_] | pa.ChunkedArray) -> NDArray[np.int64]:
    array = values.to_numpy(zero_copy_only=False) if isinstance(values, pa.ChunkedArray) else np.asarray(values)
    return np.unique(array.astype(str), return_inverse=True)[1].astype(np.int64)


def _names(names: Sequence[str]) -> str:
    return ", ".join(repr(n) for n in names[:5]) + (" and more" if len(names) > 5 else "")
