"""Many looks at once: p-values that have paid for all of them."""

import numpy as np
from numpy.typing import NDArray


def holm_adjusted(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values so that claiming at p < a is wrong anywhere at all with a chance of at most a.

    Parameters
    ----------
    p_values : numpy.ndarray of shape (n_tests,)
        One a hypothesis, however they depend on each other.

    Returns
    -------
    numpy.ndarray of shape (n_tests,)
        In the same order, none below its p-value, at most 1.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6.

    Examples
    --------
    >>> holm_adjusted(np.array([0.03, 0.01, 0.02])).round(6).tolist()
    [0.04, 0.03, 0.04]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    paid = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(paid, 1.0)
    return adjusted
