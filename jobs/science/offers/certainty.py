"""How sure an effect is: its interval by the errors that the trial left in calibration, where no model gives one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.problem import Bools, Floats

_Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Certainty:
    """What a trial left open about an arm's effects.

    An effect is a level plus a slope times how far the prediction is from the mean one. Both were measured on rows that
    the model never saw, and both have an error.

    Parameters
    ----------
    level_eur, level_error_eur : float
        Mean effect of the arm and its standard error, euro.
    slope : float
        Share of the predicted differences that was kept, in [0, 1]; 0 where all customers have the mean effect.
    slope_error : float
        Its standard error, >= 0.

    Raises
    ------
    BadRequest
        If an error is negative or a number is not finite.
    """

    level_eur: float
    level_error_eur: float
    slope: float
    slope_error: float

    def __post_init__(self) -> None:
        numbers = (self.level_eur, self.level_error_eur, self.slope, self.slope_error)
        if not np.isfinite(numbers).all() or min(numbers[1:]) < 0:
            raise BadRequest(f"certainty == {numbers}: must be finite, slope and errors must be >= 0.")

    def half_width_eur(self, effect_eur: npt.ArrayLike) -> Floats:
        """Return half the width of the 95% interval of each effect, euro.

        Parameters
        ----------
        effect_eur : array-like of any shape
            Effects as they were calibrated, euro.

        Examples
        --------
        >>> Certainty(1.0, 0.1, 0.5, 0.1).half_width_eur([1.0, 3.0]).round(3).tolist()
        [0.196, 0.808]
        """
        effect = np.asarray(effect_eur, dtype=np.float64)
        # The prediction's distance from the mean one, before it was shrunk; without a slope all have the level.
        away = (effect - self.level_eur) / self.slope if self.slope > 0 else np.zeros_like(effect)
        return _Z_95 * np.hypot(self.level_error_eur, away * self.slope_error)

    def negative_beyond_doubt(self, effect_eur: npt.ArrayLike) -> Bools:
        """Return which effects are below 0 with all of their interval."""
        effect = np.asarray(effect_eur, dtype=np.float64)
        return np.asarray(effect + self.half_width_eur(effect) < 0)
