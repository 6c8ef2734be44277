"""A number as people read it: three digits that say something."""

import math


def number(value: float, *, signed: bool = False) -> str:
    """Return a number with three digits that say something, and no exponent where people read none.

    Parameters
    ----------
    value : float
        Any.
    signed : bool
        Whether a plus is written.

    Examples
    --------
    >>> number(1234567.0), number(0.06431), number(-2.5, signed=True), number(2.0, signed=True)
    ('1,234,567', '0.0643', '-2.50', '+2.00')
    """
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    size = math.floor(math.log10(abs(value)))
    if size < -6 or size > 14:
        return f"{value:{'+' if signed else ''}.3g}"
    return f"{value:{'+' if signed else ''},.{max(2 - size, 0)}f}"
