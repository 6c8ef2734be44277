"""How sure an effect is: its interval by the errors that the trial left in calibration, where no model gives one."""

from dataclasses import dataclass, replace

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
    factor_error : float
        Standard error, over the factor, of what all effects were multiplied by, >= 0.

    Raises
    ------
    BadRequest
        If an error is negative or a number is not finite.
    """

    level_eur: float
    level_error_eur: float
    slope: float
    slope_error: float
    factor_error: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.level_eur, self.level_error_eur, self.slope, self.slope_error, self.factor_error)
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
        of_trial = np.hypot(self.level_error_eur, away * self.slope_error)
        return _Z_95 * np.hypot(of_trial, effect * self.factor_error) if self.factor_error else _Z_95 * of_trial

    def times(self, factor: float, factor_error: float) -> "Certainty":
        """Return how sure effects are once all are multiplied by a factor.

        Parameters
        ----------
        factor : float
            What effects are multiplied by, >= 0.
        factor_error : float
            Its standard error over the factor, >= 0.

        Examples
        --------
        >>> Certainty(1.0, 0.1, 0.5, 0.1).times(0.5, 0.2).half_width_eur([0.5, 1.5]).round(3).tolist()
        [0.219, 0.713]
        """
        return replace(
            self,
            level_eur=self.level_eur * factor,
            level_error_eur=self.level_error_eur * factor,
            factor_error=factor_error,
        )

    def negative_beyond_doubt(self, effect_eur: npt.ArrayLike) -> Bools:
        """Return which effects are below 0 with all of their interval."""
        effect = np.asarray(effect_eur, dtype=np.float64)
        return np.asarray(effect + self.half_width_eur(effect) < 0)
