"""From values to pixels, with ticks at round numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def nice_ticks(low: float, high: float, most: int = 5) -> tuple[float, ...]:
    """Return round numbers that enclose low..high, evenly spaced.

    Parameters
    ----------
    low, high : float
        Range to enclose; equal values get a range round them.
    most : int, default 5
        Most intervals between ticks.

    Examples
    --------
    >>> nice_ticks(0, 97)
    (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)
    >>> nice_ticks(-0.3, 0.8, most=3)
    (-0.5, 0.0, 0.5, 1.0)
    >>> nice_ticks(7, 7, most=2)
    (6.0, 7.0, 8.0)
    """
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # one value, or as good as one
        room = max(abs(low), abs(high)) * 0.1 or 1.0
        low, high = low - room, high + room
    power = floor(log10((high - low) / most))
    for exponent in (power, power + 1):
        for factor in _STEPS:
            step = factor * 10.0**exponent
            first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
            if last - first <= most:
                # dividing by a whole power of ten keeps 0.3 from becoming 0.30000000000000004
                many, few = (10.0**exponent, 1.0) if exponent >= 0 else (1.0, 10.0**-exponent)
                return tuple(i * factor * many / few for i in range(first, last + 1))
    raise AssertionError("ten times the finest step spans any range")  # pragma: no cover


@dataclass(frozen=True)
class Scale:
    """A straight scale between two values and two pixels.

    Examples
    --------
    >>> Scale(0, 10, 40, 400)(5)
    220.0
    """

    low: float
    high: float
    start_px: float
    stop_px: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start_px + (value - self.low) / (self.high - self.low) * (self.stop_px - self.start_px)


def extent(values: Iterable[float | None], *with_values: float) -> tuple[float, float] | None:
    """Return smallest and largest of the finite values, or None where there is none.

    Parameters
    ----------
    values : iterable of float or None
        Values; those that are missing or not finite are passed over.
    *with_values : float
        Values the range must also hold, such as 0; without any finite value they do not count.
    """
    finite = [v for v in values if v is not None and isfinite(v)]
    if not finite:
        return None
    return min(*finite, *with_values, finite[0]), max(*finite, *with_values, finite[0])
