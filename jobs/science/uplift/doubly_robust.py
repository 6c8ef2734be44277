"""Doubly robust scores: for every row and arm, an unbiased guess of the outcome under that arm."""

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.learners.trees import ShallowTrees, TreeSettings
from jobs.science.uplift.trial import draw_share


def doubly_robust_scores(
    arm: NDArray[np.int64],
    outcome: NDArray[np.float64],
    propensity: NDArray[np.float64],
    response: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Score every arm for every row.

    The score of arm a is the response model's answer plus, where a was drawn, what the model missed over the
    probability of drawing it. With the trial's own propensities its mean is unbiased for the mean outcome under a, for
    any response model that did not see the row's own outcome: a poor model costs width, never truth.

    Parameters
    ----------
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm that was drawn, 0 for the control.
    outcome : numpy.ndarray of shape (n_rows,)
        Outcome, in its own unit (euro).
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of the arm that was drawn, in (0, 1).
    response : numpy.ndarray of shape (n_rows, n_arms)
        Expected outcome under every arm from models that did not see the row.

    Returns
    -------
    numpy.ndarray of shape (n_rows, n_arms)
        Scores, in the outcome's unit.

    References
    ----------
    Robins, Rotnitzky and Zhao (1994), Estimation of regression coefficients when some regressors are not always
    observed. JASA 89.

    Examples
    --------
    >>> response = np.array([[1.0, 2.0], [1.0, 3.0]])
    >>> doubly_robust_scores(np.array([0, 1]), np.array([1.0, 4.0]), np.array([0.5, 0.5]), response).tolist()
    [[1.0, 2.0], [1.0, 5.0]]
    """
    rows = np.arange(len(arm))
    scores = response.astype(np.float64, copy=True)
    scores[rows, arm] += (outcome - response[rows, arm]) / propensity
    return scores


def cross_fitted_response(
    matrix: NDArray[np.float32],
    arm: NDArray[np.int64],
    outcome: NDArray[np.float64],
    *,
    arms: int,
    cluster: NDArray[np.int64] | None = None,
    settings: TreeSettings | None = None,
    seed: int = 0,
    num_threads: int = 1,
) -> NDArray[np.float64]:
    """Predict every row's outcome under every arm by models fitted to the other half of the rows.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_rows, n_columns)
        Encoded features.
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm that was drawn.
    outcome : numpy.ndarray of shape (n_rows,)
        Outcome.
    arms : int
        Number of arms, the control included.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row; a group lies in one half.
    settings : TreeSettings, optional
        Shape of the trees.
    seed : int
        Seed of the halves and of LightGBM.
    num_threads : int
        Threads of LightGBM.

    Returns
    -------
    numpy.ndarray of shape (n_rows, n_arms)
        Expected outcomes. An arm without rows in a half is predicted by 0 there, which stays unbiased.
    """
    response = np.zeros((len(arm), arms))
    first = draw_share(arm, cluster, 0.5, seed)
    for half in (first, ~first):
        for a in range(arms):
            learn = ~half & (arm == a)
            if learn.any() and half.any():
                trees = ShallowTrees(settings or TreeSettings(), seed, num_threads)
                response[half, a] = trees.fit(matrix[learn], outcome[learn]).predict(matrix[half])
    return response
