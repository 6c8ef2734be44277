"""Numbers as people read them: euros, shares, counts, seconds, and the ticks of an axis."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from math import isfinite

NONE = "–"
"""What stands where there is no number."""

MINUS = "−"

TickFormat = Callable[[Sequence[float]], list[str]]
"""Labels of an axis: all ticks at once, so that they share a unit and their decimals."""


def count(value: float | None) -> str:
    """Return a whole number with thousands separators.

    Examples
    --------
    >>> count(1234567)
    '1,234,567'
    """
    return _signed(value, lambda v: f"{v:,.0f}")


def euro(value: float | None) -> str:
    """Return an amount: cents below 1,000 euro, none above, millions in words.

    Examples
    --------
    >>> euro(12.5), euro(-1234.5), euro(2_500_000_000), euro(None)
    ('€12.50', '−€1,234', '€2.50 bn', '–')
    """
    return _signed(value, _euro)


def signed_euro(value: float | None) -> str:
    """Return an amount with its sign, as a gain or a loss is written.

    Examples
    --------
    >>> signed_euro(12_345), signed_euro(-0.5), signed_euro(0)
    ('+€12,345', '−€0.50', '€0.00')
    """
    return _signed(value, _euro, plus="+")


def whole_euro(value: float | None) -> str:
    """Return an amount without cents, for sums that are not known to the cent.

    Examples
    --------
    >>> whole_euro(899.6), whole_euro(12_345), whole_euro(0.2)
    ('€900', '€12,345', '€0')
    """
    return _signed(value, _whole_euro)


def signed_whole_euro(value: float | None) -> str:
    """Return an amount without cents and with its sign.

    Examples
    --------
    >>> signed_whole_euro(899.6), signed_whole_euro(-12_345), signed_whole_euro(0.2)
    ('+€900', '−€12,345', '€0')
    """
    return _signed(value, _whole_euro, plus="+")


def small_euro(value: float | None) -> str:
    """Return an amount a customer, with its sign and enough decimals to tell small ones apart.

    Examples
    --------
    >>> small_euro(1.3172), small_euro(-0.0041)
    ('+€1.317', '−€0.0041')
    """
    return _signed(value, lambda v: f"€{v:,.2f}" if v >= 10 else f"€{v:.3f}" if v >= 0.01 else f"€{v:.2g}", plus="+")


def unbroken(words: str) -> str:
    r"""Return the words with signs that stay with their amounts at the end of a line.

    Examples
    --------
    >>> unbroken("about +€5").encode("ascii", "backslashreplace")
    b'about +\\u2060\\u20ac5'
    """
    return words.replace("+€", "+\u2060€").replace(f"{MINUS}€", f"{MINUS}\u2060€")


def percent(value: float | None) -> str:
    """Return a share as a percentage.

    Examples
    --------
    >>> percent(0.1234), percent(0.0005), percent(1), percent(0)
    ('12.3%', '<0.1%', '100%', '0%')
    """
    return _signed(value, _percent)


def signed_percent(value: float | None) -> str:
    """Return a relative change with its sign.

    Examples
    --------
    >>> signed_percent(0.0421), signed_percent(-0.5), signed_percent(0)
    ('+4.2%', '−50.0%', '0%')
    """
    return _signed(value, _percent, plus="+")


def points(value: float | None) -> str:
    """Return a difference of two shares in percentage points, with its sign.

    Examples
    --------
    >>> points(0.0766), points(-0.00012), points(0.25)
    ('+7.66 pp', '−0.012 pp', '+25.0 pp')
    """
    return _signed(value, lambda v: f"{_significant(100 * v)} pp", plus="+")


def figure(value: float | None) -> str:
    """Return a plain figure with about three digits that count.

    Examples
    --------
    >>> figure(12345.6), figure(3.14159), figure(0.00123), figure(0)
    ('12,346', '3.14', '0.0012', '0')
    """
    return _signed(value, _significant)


def signed_figure(value: float | None) -> str:
    """Return a plain difference with its sign and about three digits that count.

    Examples
    --------
    >>> signed_figure(3.14159), signed_figure(-250)
    ('+3.14', '−250')
    """
    return _signed(value, _significant, plus="+")


def decimal(value: float | None) -> str:
    """Return a plain figure with three decimals.

    Examples
    --------
    >>> decimal(0.0571), decimal(-3.0)
    ('0.057', '−3.000')
    """
    return _signed(value, lambda v: f"{v:,.3f}" if v < 1e6 else f"{v:.2e}")


def p_value(value: float | None) -> str:
    """Return a p-value with its name; a very small one as a bound.

    Examples
    --------
    >>> p_value(0.4213), p_value(1e-9)
    ('p = 0.421', 'p < 0.001')
    """
    if value is None or not isfinite(value):
        return f"p = {NONE}"
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def seconds(value: float | None) -> str:
    """Return a duration.

    Examples
    --------
    >>> seconds(0.04), seconds(12.34), seconds(185), seconds(7_260)
    ('0.04 s', '12.3 s', '3 min 5 s', '2 h 1 min')
    """
    return _signed(value, _seconds)


def euro_ticks(ticks: Sequence[float]) -> list[str]:
    """Label an axis in euro.

    Examples
    --------
    >>> euro_ticks([0, 25_000, 50_000]), euro_ticks([-0.5, 0, 0.5])
    (['€0', '€25k', '€50k'], ['−€0.5', '€0', '€0.5'])
    """
    return _ticks(ticks, before="€")


def count_ticks(ticks: Sequence[float]) -> list[str]:
    """Label an axis of counts or plain figures.

    Examples
    --------
    >>> count_ticks([0, 500, 1000])
    ['0', '500', '1,000']
    """
    return _ticks(ticks)


def whole_ticks(ticks: Sequence[float]) -> list[str]:
    """Label an axis of things that are never in parts, such as nights; a tick between two has no label.

    Examples
    --------
    >>> whole_ticks([-2, -1.5, -1, -0.5, 0])
    ['−2', '', '−1', '', '0']
    """
    labels = count_ticks([round(tick) for tick in ticks])
    return [label if tick == round(tick) else "" for tick, label in zip(ticks, labels, strict=True)]


def percent_ticks(ticks: Sequence[float]) -> list[str]:
    """Label an axis of shares.

    Examples
    --------
    >>> percent_ticks([0, 0.25, 0.5])
    ['0%', '25%', '50%']
    """
    return _ticks([100 * tick for tick in ticks], after="%")


def point_ticks(ticks: Sequence[float]) -> list[str]:
    """Label an axis of differences of shares, in percentage points.

    Examples
    --------
    >>> point_ticks([-0.01, 0, 0.01])
    ['−1 pp', '0', '1 pp']
    """
    return [word if word == "0" else f"{word} pp" for word in count_ticks([100 * tick for tick in ticks])]


def _signed(value: float | None, form: Callable[[float], str], plus: str = "") -> str:
    """Write the size with `form`; a sign goes before the unit, and none before what reads as zero."""
    if value is None or not isfinite(value):
        return NONE
    text = form(abs(value))
    if not any(digit in text for digit in "123456789"):
        return text
    return (MINUS if value < 0 else plus) + text


def _euro(size: float) -> str:
    if size >= 1e15:
        return f"€{size:.2e}"
    if size >= 1e9:
        return f"€{size / 1e9:,.2f} bn"
    if size >= 1e7:
        return f"€{size / 1e6:,.2f} M"
    return f"€{size:,.0f}" if size >= 999.995 else f"€{size:,.2f}"


def _whole_euro(size: float) -> str:
    return f"€{size:,.0f}" if size < 1e7 else _euro(size)


def _percent(size: float) -> str:
    if size in {0.0, 1.0}:
        return f"{size:.0%}"
    if size >= 1e12:  # a hundred times the largest floats is no float
        return f"{100 * Decimal(size):.2e}%"
    if size < 0.001:
        return "<0.1%"
    if 0.9995 <= size < 1:
        return ">99.9%"
    return f"{size:,.1%}"


def _significant(size: float) -> str:
    if size >= 1e9 or 0 < size < 1e-4:
        return f"{size:.2e}"
    if size >= 100 or size == 0:
        return f"{size:,.0f}"
    return f"{size:.1f}" if size >= 10 else f"{size:.2f}" if size >= 0.1 else f"{size:.2g}"


def _seconds(size: float) -> str:
    if size < 0.995:
        return f"{size:.2f} s"
    if size < 59.95:
        return f"{size:.1f} s"
    whole = round(size)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def _ticks(ticks: Sequence[float], before: str = "", after: str = "") -> list[str]:
    """Write all ticks in one unit with as many decimals as tell them apart; zero stands bare."""
    top = max((abs(tick) for tick in ticks), default=0.0)
    _, unit, name = next((u for u in _UNITS if top >= u[0]), (0.0, 1.0, ""))
    scaled = [tick / unit for tick in ticks]
    step = min((abs(b - a) for a, b in pairwise(scaled)), default=0.0) or 1.0
    digits = next((d for d in range(7) if all(abs(round(s, d) - s) < step / 100 for s in scaled)), None)

    def write(size: float) -> str:
        return f"{size:.1e}" if digits is None or size >= 1e6 else f"{size:,.{digits}f}{name}"

    return [(MINUS if s < 0 else "") + before + (write(abs(s)) if s else "0") + after for s in scaled]


_UNITS = ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))  # from this size on, divide by, and call it
