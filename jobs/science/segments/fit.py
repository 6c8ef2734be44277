"""Fit segments: as many as are stable and closer than one segment would be, else one and the reason why."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from jobs.errors import BadRequest, NoInput
from jobs.science.segments.agreement import adjusted_rand_index, contingency, jaccard
from jobs.science.segments.behaviour import Window
from jobs.science.segments.choose import Bars, Candidate, choose_number
from jobs.science.segments.kmeans import fit_centres, nearest
from jobs.science.segments.measures import FEATURES, Steadying, measures
from jobs.science.segments.model import SegmentModel
from jobs.science.segments.naming import segment_names
from jobs.science.segments.scaling import Scaling

FEWEST_CUSTOMERS = 100
"""Customers below which no structure is looked for."""

_SAME_SEGMENT = 0.5  # Jaccard overlap: more than half of either
_DIGITS = 6

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class SegmentPlan:
    """How segments are looked for.

    Parameters
    ----------
    most_segments : int
        Largest number to try, >= 1.
    choose_rows : int
        Customers that the number is chosen on.
    samples, draws : int
        Bootstrap samples, and populations of one segment to compare with.
    seed : int
        Seed of everything that is drawn, >= 0.
    bars : Bars
        What a number of segments must reach.
    """

    most_segments: int = 8
    choose_rows: int = 3_000
    samples: int = 10
    draws: int = 19
    seed: int = 1
    bars: Bars = field(default_factory=Bars)


@dataclass(frozen=True)
class Clusters:
    """Clusters of scaled features, and why there are so many.

    Parameters
    ----------
    centres : ndarray of shape (n_segments, n_features)
        The largest segment first; 0 in features that are constant.
    candidates : tuple of Candidate
        What was found of each number of segments.
    halves_agreement : float
        Adjusted Rand index of the groupings that two halves of the customers give all of them; 1 of one segment.
    reason : str
        Why so many, in a sentence.
    """

    centres: Matrix
    candidates: tuple[Candidate, ...]
    halves_agreement: float
    reason: str


@dataclass(frozen=True)
class Fitted:
    """A segment model and how it was made.

    Parameters
    ----------
    model : SegmentModel
        To assign with.
    clusters : Clusters
        Why it has so many segments.
    customers : int
        Customers it was made of.
    kept : dict of int to float
        Overlap of each segment with the one of the same number in the model before.
    """

    model: SegmentModel
    clusters: Clusters
    customers: int
    kept: dict[int, float]

    def card(self, plan: SegmentPlan, window: Window) -> dict[str, Any]:
        """Return what the model's card says of it, as values that JSON can hold."""
        model = self.model
        return {
            "structure": len(model.numbers) > 1,
            "reason": self.clusters.reason,
            "segments": [
                {
                    "number": number,
                    "name": name,
                    "centre": dict(zip(FEATURES, centre, strict=True)),
                    "kept_overlap": self.kept.get(number),
                }
                for number, name, centre in zip(model.numbers, model.names, model.centres.tolist(), strict=True)
            ],
            "halves_agreement": self.clusters.halves_agreement,
            "candidates": [c.to_dict() for c in self.clusters.candidates],
            "bars": asdict(plan.bars),
            "constant": list(model.scaling.constant),
            "fitted_on": {"last": str(window.last), "days": window.days, "customers": self.customers},
        }


def fit_segments(
    rows: pa.Table, window: Window, plan: SegmentPlan | None = None, before: SegmentModel | None = None
) -> Fitted:
    """Fit a segment model to the behaviour of customers.

    Parameters
    ----------
    rows : pyarrow.Table
        Behaviour of customers who paid.
    window : Window
        The days it is from.
    plan : SegmentPlan, optional
        How to look for segments.
    before : SegmentModel, optional
        Model until now: a segment that holds mostly the same customers keeps its number.

    Returns
    -------
    Fitted
        Of one segment where there is no structure, or nobody to find it on.

    Raises
    ------
    NoInput
        If nobody paid.
    """
    if not rows.num_rows:
        raise NoInput(
            f"no customer paid anything in the {window.days} days up to {window.last}: load the payments of the "
            f"customers, or name in account_id under which id they pay."
        )
    plan = plan or SegmentPlan()
    steadying = Steadying.fit(rows)
    values = measures(rows, window, steadying)
    scaling = Scaling.fit(values, FEATURES)
    clusters = find_clusters(scaling.transform(values), plan)
    k = len(clusters.centres)
    model = SegmentModel(
        window.days,
        steadying,
        scaling,
        clusters.centres,
        tuple(range(1, k + 1)),
        segment_names(clusters.centres, FEATURES),
        k + 1,
    )
    if before is None:
        return Fitted(model, clusters, rows.num_rows, {})
    numbered, kept = _numbered_as_before(model, before, rows, window)
    return Fitted(numbered, clusters, rows.num_rows, kept)


def find_clusters(x: Matrix, plan: SegmentPlan) -> Clusters:
    """Find the clusters of scaled features, or the one that all customers are.

    Parameters
    ----------
    x : ndarray of shape (n_customers, n_features)
        Scaled features, at least one row; a constant feature is 0 in every row.
    plan : SegmentPlan
        How to look.

    Raises
    ------
    BadRequest
        If the plan allows no segment.
    """
    if plan.most_segments < 1:
        raise BadRequest(f"most_segments == {plan.most_segments}, must be at least 1.")
    tells = np.flatnonzero(np.ptp(x, axis=0) > 0)
    if not len(tells):
        return _one(x, "All customers are alike in every feature: they are one segment.")
    if len(x) < FEWEST_CUSTOMERS:
        return _one(
            x, f"{len(x)} paying customers are too few to look for segments in (fewer than {FEWEST_CUSTOMERS})."
        )
    if plan.most_segments == 1:
        return _one(x, "One segment was asked for.")
    r = np.random.default_rng(plan.seed)
    seen = x[:, tells]
    chosen_on = seen[np.sort(r.permutation(len(x))[: plan.choose_rows])]
    k, candidates = choose_number(
        chosen_on, r, most=plan.most_segments, samples=plan.samples, draws=plan.draws, bars=plan.bars
    )
    if k == 1:
        return _one(x, _why_none(candidates, plan.bars), candidates)
    centres = fit_centres(seen, k, r)
    centres = centres[np.argsort(-np.bincount(nearest(seen, centres), minlength=k), kind="stable")]
    whole = np.zeros((k, x.shape[1]))
    whole[:, tells] = centres.round(_DIGITS)
    found = candidates[k - 2]
    reason = (
        f"{k} segments: groupings of other samples of the customers agree with it (adjusted Rand index "
        f"{found.agreement:.2f}), and the customers lie {found.gap:.0%} closer to their centres than those of a "
        f"population of one segment would."
    )
    return Clusters(whole, candidates, _halves(seen, k, r), reason)


def _one(x: Matrix, reason: str, candidates: tuple[Candidate, ...] = ()) -> Clusters:
    return Clusters(x.mean(axis=0, keepdims=True).round(_DIGITS), candidates, 1.0, reason)


def _why_none(candidates: tuple[Candidate, ...], bars: Bars) -> str:
    closest = max(candidates, key=lambda c: c.gap)
    if all(c.agreement is None for c in candidates):
        return (
            f"No structure: in {closest.segments} groups the customers lie {max(closest.gap, 0.0):.0%} closer to their "
            f"centres than those of a population of one segment would, and {bars.gap:.0%} is the least to be believed."
        )
    stable = max((c for c in candidates if c.agreement is not None), key=lambda c: c.agreement or 0.0)
    return (
        f"No structure to rely on: {stable.segments} groups come again best in other samples (adjusted Rand index "
        f"{stable.agreement:.2f}, least stable group {stable.overlap:.2f}, smallest {stable.smallest:.1%}), and the "
        f"bars are {bars.agreement:.2f}, {bars.overlap:.2f} and {bars.share:.1%}."
    )


def _halves(x: Matrix, k: int, r: np.random.Generator) -> float:
    first = r.permutation(len(x)) < len(x) // 2
    one, other = (nearest(x, fit_centres(x[half], k, r)) for half in (first, ~first))
    return round(adjusted_rand_index(one, other), _DIGITS)


def _numbered_as_before(
    model: SegmentModel, before: SegmentModel, rows: pa.Table, window: Window
) -> tuple[SegmentModel, dict[int, float]]:
    """Give each segment the number of the one that held mostly the same customers, or one that none has had."""
    old = nearest(before.scaled(rows, window), before.centres)
    new = nearest(model.scaled(rows, window), model.centres)
    table = np.zeros((len(model.numbers), len(before.numbers)))
    met = contingency(new, old)
    table[: met.shape[0], : met.shape[1]] = met
    alike = jaccard(table)
    numbers, kept, following = [0] * len(model.numbers), {}, before.next_number
    for i, j in zip(*linear_sum_assignment(-alike), strict=True):
        if alike[i, j] >= _SAME_SEGMENT:
            numbers[i] = before.numbers[j]
            kept[before.numbers[j]] = round(float(alike[i, j]), _DIGITS)
    for i, number in enumerate(numbers):
        if not number:
            numbers[i], following = following, following + 1
    renumbered = SegmentModel(
        model.window_days,
        model.steadying,
        model.scaling,
        model.centres,
        tuple(numbers),
        model.names,
        following,
    )
    return renumbered, kept
