"""Intervals that may be looked at as often as one likes, before the planned end and after it."""

import math
from dataclasses import dataclass

from scipy.optimize import brentq

from jobs.errors import BadRequest
from jobs.science.experiment.interval import checked_alpha


@dataclass(frozen=True)
class AlwaysValid:
    """Asymptotic confidence sequence: all looks together are wrong with a chance of at most alpha.

    Parameters
    ----------
    fraction : float
        Units seen over units planned, above 0; above 1 after the planned end. The sequence is narrowest at 1.
    alpha : float
        Alpha that the whole sequence was planned with; fixed before the first look, because it shapes the sequence.

    Raises
    ------
    BadRequest
        If `fraction` is not above 0 or `alpha` not in (0, 1).

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central limit theory and asymptotic
    confidence sequences. Annals of Statistics 52. Theorem 2.2, with rho chosen as in its appendix B.2.

    Examples
    --------
    >>> round(AlwaysValid(1.0).reach(0.05, 1e9), 3), round(AlwaysValid(0.1).reach(0.05, 1e9), 3)
    (3.035, 3.823)
    """

    fraction: float
    alpha: float = 0.05

    def __post_init__(self) -> None:
        checked_alpha(self.alpha)
        if not 0.0 < self.fraction < math.inf:
            raise BadRequest(f"fraction == {self.fraction}, must be above 0: units seen over units planned.")

    def reach(self, alpha: float, degrees: float) -> float:  # noqa: ARG002  Student's t has no place in a sequence
        """Return the half width, in standard errors."""
        information = self._information()
        return math.sqrt((information + 1.0) / information * (math.log1p(information) - 2.0 * math.log(alpha)))

    def p_value(self, z: float, degrees: float) -> float:  # noqa: ARG002
        """Return the always-valid p-value: the smallest alpha whose interval, at this look, leaves 0 out."""
        information = self._information()
        exponent = 0.5 * math.log1p(information) - z * z * information / (2.0 * (information + 1.0))
        return math.exp(min(exponent, 0.0))

    def _information(self) -> float:
        """Return t times rho squared of the paper, which is smallest in width where t is the planned end."""
        return _best_information(self.alpha) * self.fraction


def _best_information(alpha: float) -> float:
    """Return where ``(x + 1) / x (log(x + 1) - 2 log alpha)`` is least: ``x = log(x + 1) - 2 log alpha``."""
    twice = -2.0 * math.log(alpha)
    return float(brentq(lambda x: math.log1p(x) + twice - x, 1e-12, 4.0 * twice + 10.0, xtol=1e-12))
