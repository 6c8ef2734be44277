"""A calibration as two arrays: from a model's margin to a probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Calibration:
    """A map from margin to probability that never falls, linear between its points.

    Parameters
    ----------
    margin : tuple of float
        Points in rising order, log odds as the booster gives them.
    probability : tuple of float
        Values at these points, in [0, 1], never falling; flat beyond both ends.

    Examples
    --------
    >>> Calibration((-1.0, 1.0), (0.1, 0.5)).apply([-3.0, 0.0, 2.0])
    array([0.1, 0.3, 0.5])
    """

    margin: tuple[float, ...]
    probability: tuple[float, ...]

    def apply(self, margin: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated probability of each margin."""
        return np.interp(np.asarray(margin, dtype=np.float64), self.margin, self.probability)
