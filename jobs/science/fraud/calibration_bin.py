"""Rows of neighbouring probabilities: what was promised, and what happened, with its limits."""

from dataclasses import dataclass

import numpy as np

NORMAL_975 = 1.959964


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of neighbouring probabilities: what was promised, and what happened.

    Parameters
    ----------
    promised, happened : float
        Mean probability and share of fraud, in [0, 1].
    rows : int
        Rows in the bin.
    """

    promised: float
    happened: float
    rows: int

    def limits(self) -> tuple[float, float]:
        """Return the 95% limits of the share that happened.

        References
        ----------
        .. [1] Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA.

        Examples
        --------
        >>> [round(limit, 3) for limit in CalibrationBin(0.1, 0.0, 50).limits()]
        [0.0, 0.071]
        """
        z2 = NORMAL_975**2
        middle = (self.happened + z2 / (2 * self.rows)) / (1 + z2 / self.rows)
        spread = self.happened * (1 - self.happened) / self.rows + z2 / (4 * self.rows**2)
        half = float(NORMAL_975 * np.sqrt(spread) / (1 + z2 / self.rows))
        return max(middle - half, 0.0), min(middle + half, 1.0)
