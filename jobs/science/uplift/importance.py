"""What the effects rest on: how far they move when one feature's values are dealt out anew."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.encode import FeatureEncoder

ROWS = 2_000
"""Rows that are shuffled at most: the figure is a share, and so many give it to a point or two."""


@dataclass(frozen=True)
class Importance:
    """How much one feature decides.

    Parameters
    ----------
    feature : str
        Name of the feature.
    moved_eur : float
        Root mean square change of the effects, over customers and arms, when its values are shuffled, in euro.
    share : float
        The square of that, as a share of the sum over all features, in [0, 1]; 0 where effects never move.
    """

    feature: str
    moved_eur: float
    share: float


def feature_importances(
    effect: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    matrix: NDArray[np.float32],
    encoder: FeatureEncoder,
    seed: int = 0,
) -> tuple[Importance, ...]:
    """Shuffle one feature after another, all its columns together, and see how far the effects move.

    It needs nothing of the learner but its effects, so that all learners are told by the same measure. It says what
    the scores use, not what causes them; two features that tell the same share what one alone would have.

    Parameters
    ----------
    effect : callable
        Gives the effects of every arm, shape (n_rows, n_arms - 1), in euro, of encoded rows.
    matrix : numpy.ndarray of shape (n_rows, n_columns)
        Encoded features; of more than `ROWS` rows so many are drawn.
    encoder : FeatureEncoder
        What made the matrix.
    seed : int
        Seed of the draw and the shuffles.

    Returns
    -------
    tuple of Importance
        The most important first; equals in the order of the features.
    """
    generator = np.random.default_rng(seed)
    drawn = matrix if len(matrix) <= ROWS else matrix[generator.choice(len(matrix), ROWS, replace=False)]
    as_it_is = effect(drawn)
    moved, at = {}, 0
    for feature in encoder.features:
        shuffled = drawn.copy()
        columns = slice(at, at + len(feature.columns))
        shuffled[:, columns] = drawn[generator.permutation(len(drawn)), columns]
        moved[feature.name] = float(np.mean((effect(shuffled) - as_it_is) ** 2))
        at += len(feature.columns)
    total = sum(moved.values()) or 1.0
    found = [Importance(name, float(np.sqrt(square)), square / total) for name, square in moved.items()]
    return tuple(sorted(found, key=lambda i: -i.share))
