"""Segments of effect: a shallow policy tree grown on the training rows, its leaves measured on untouched ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.encode import FeatureEncoder, NumberFeature
from jobs.science.uplift.estimate import Estimate, mean_estimate
from jobs.science.uplift.policy_rules import Cut, PolicyRules, roundest

DEPTH = 2
"""Cuts from the root to a leaf: what one still says in a sentence."""

LEAF_SHARE = 0.05
"""Smallest share of the training rows that a leaf holds."""

LEAF_ROWS = 100
"""Smallest number of training rows that a leaf holds: with fewer untouched ones, an interval is too sure of itself."""

MOST_ROWS = 200_000
"""Rows that a tree is grown on at most, drawn at random: it asks for large groups, and these are found in so many."""


@dataclass(frozen=True)
class SegmentEffect:
    """What one arm does in one segment.

    Parameters
    ----------
    segment : str
        The rule, in words.
    arm : str
        Name of the arm.
    chosen : bool
        Whether the tree gives the segment this arm; it gives none where no arm was worth its cost in training.
    rows : int
        Untouched rows of the segment, of all arms.
    share : float
        Share of the untouched rows, in (0, 1].
    effect : Estimate
        Mean effect of the arm against the control, in euro a customer, on untouched rows. Its 95% interval is that
        of one look.
    cost_eur : float
        Cost of contact of the arm, in euro.
    """

    segment: str
    arm: str
    chosen: bool
    rows: int
    share: float
    effect: Estimate
    cost_eur: float


def grow_rules(
    matrix: NDArray[np.float32],
    lift_eur: NDArray[np.float64],
    cost_eur: Sequence[float],
    *,
    arms: Sequence[str],
    encoder: FeatureEncoder,
    depth: int = DEPTH,
    seed: int = 0,
) -> PolicyRules:
    """Grow EconML's policy tree on doubly robust scores.

    It is the last stage of EconML's ``DRPolicyTree``; the first stage, nuisances and scores, is ours, because a trial
    knows its propensities. The tree is not honest by itself: all given rows grow it, and its leaves are measured on
    other rows (`judge_rules`). Leaves that stand side by side and get the same arm are one segment: the cut between
    them decides nothing.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_rows, n_columns)
        Encoded features of training rows.
    lift_eur : numpy.ndarray of shape (n_rows, n_arms - 1)
        Doubly robust score of every arm less that of the control, in euro, without the row's own outcome in its
        nuisances.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro. Rules know no budget: they say whom an arm is worth its cost for.
    arms : sequence of str
        Names of the arms, the control first.
    encoder : FeatureEncoder
        What made the matrix.
    depth : int
        Cuts from the root to a leaf, at least 1.
    seed : int
        Seed of the draw where there are more than `MOST_ROWS` rows, and of the order in which columns are tried.

    Returns
    -------
    PolicyRules
        One segment, everybody, where rows are too few for two leaves or no cut changes anybody's arm.

    References
    ----------
    Athey and Wager (2021), Policy learning with observational data. Econometrica 89.
    """
    # EconML takes seconds to load, rules are read without it.
    from econml.policy import PolicyTree  # noqa: PLC0415

    columns = np.flatnonzero(np.ptp(matrix, axis=0) > 0.0) if len(matrix) else np.array([], np.int64)
    net = np.column_stack([np.zeros(len(lift_eur)), lift_eur - np.asarray(cost_eur, np.float64)])
    if len(matrix) > MOST_ROWS:
        drawn = np.sort(np.random.default_rng(seed).choice(len(matrix), MOST_ROWS, replace=False))
        matrix, net = matrix[drawn], net[drawn]
    leaf = max(LEAF_ROWS, int(LEAF_SHARE * len(matrix)))
    if len(matrix) < 2 * leaf or not columns.size:
        return PolicyRules(tuple(arms), encoder, (), (int(np.argmax(np.mean(net, axis=0))),))
    tree = PolicyTree(max_depth=depth, min_samples_leaf=leaf, honest=False, random_state=seed)
    grown = tree.fit(matrix[:, columns].astype(np.float64), net).tree_
    kept = _Kept(grown, matrix, columns)
    root = kept.add(0)
    return PolicyRules(
        tuple(arms), encoder, tuple(kept.ordered(root)), tuple(kept.arm_of), _binary_columns(matrix, encoder)
    )


def judge_rules(
    rules: PolicyRules,
    matrix: NDArray[np.float32],
    lift_eur: NDArray[np.float64],
    cost_eur: Sequence[float],
    cluster: NDArray[np.int64] | None = None,
) -> tuple[SegmentEffect, ...]:
    """Measure every arm in every segment.

    Parameters
    ----------
    rules : PolicyRules
        Grown on other rows.
    matrix : numpy.ndarray of shape (n_rows, n_columns)
        Encoded features of untouched rows.
    lift_eur : numpy.ndarray of shape (n_rows, n_arms - 1)
        Their doubly robust scores of every arm less that of the control, in euro.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.

    Returns
    -------
    tuple of SegmentEffect
        One for each arm but the control in each segment that has two rows or more, in the order of the tree.
    """
    segment = rules.segment_of(matrix)
    judged = []
    for s, words in enumerate(rules.words):
        inside = segment == s
        rows = int(inside.sum())
        if rows < 2:
            continue
        groups = None if cluster is None else cluster[inside]
        judged += [
            SegmentEffect(
                words,
                arm,
                rules.arm_of[s] == a + 1,
                rows,
                rows / len(segment),
                mean_estimate(lift_eur[inside, a], groups),
                float(cost_eur[a]),
            )
            for a, arm in enumerate(rules.arms[1:])
        ]
    return tuple(judged)


def rules_policy(rules: PolicyRules, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return who would get which arm by the rules, as probabilities of shape (n_rows, n_arms), the control first."""
    return np.asarray(np.eye(len(rules.arms))[np.array(rules.arm_of)[rules.segment_of(matrix)]])


class _Kept:
    """What stays of a grown tree: cuts whose two sides get different arms, thresholds made round."""

    def __init__(self, grown: Any, matrix: NDArray[np.float32], columns: NDArray[np.int64]) -> None:
        self._grown = grown
        self._matrix = matrix
        self._columns = columns
        self._cuts: list[Cut] = []
        self.arm_of: list[int] = []

    def add(self, node: int) -> int:
        """Keep a node; return the place of its cut, or ``-1 - s`` where it is segment s."""
        alike = self._arm(node)
        if alike is not None:
            self.arm_of.append(alike)
            return -len(self.arm_of)
        low, high = (self.add(int(side[node])) for side in (self._grown.children_left, self._grown.children_right))
        column = int(self._columns[self._grown.feature[node]])
        values = np.unique(self._matrix[:, column]).astype(np.float64)
        above = int(np.searchsorted(values, self._grown.threshold[node], side="right"))
        self._cuts.append(Cut(column, roundest(float(values[above - 1]), float(values[above])), low, high))
        return len(self._cuts) - 1

    def ordered(self, root: int) -> list[Cut]:
        """Return the cuts, each before those it leads to; children were kept first."""
        if root < 0:
            return []
        last = len(self._cuts) - 1

        def turned(at: int) -> int:
            return at if at < 0 else last - at

        return [Cut(c.column, c.threshold, turned(c.low), turned(c.high)) for c in reversed(self._cuts)]

    def _arm(self, node: int) -> int | None:
        """Return the arm of every leaf below a node, None where they differ."""
        if self._grown.children_left[node] < 0:
            return int(np.argmax(np.ravel(self._grown.value[node])))
        low = self._arm(int(self._grown.children_left[node]))
        return low if low == self._arm(int(self._grown.children_right[node])) else None


def _binary_columns(matrix: NDArray[np.float32], encoder: FeatureEncoder) -> tuple[int, ...]:
    """Return the columns of numbers that are 0 or 1 in every row."""
    found, at = [], 0
    for feature in encoder.features:
        if isinstance(feature, NumberFeature) and np.isin(matrix[:, at], (0.0, 1.0)).all():
            found.append(at)
        at += len(feature.columns)
    return tuple(found)
