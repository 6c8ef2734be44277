"""The pictures that several pages show: Qini curves, the budget curve, calibration, estimates side by side."""

from collections.abc import Sequence

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.calibration_chart import calibration_chart
from jobs.pages.figures import BudgetCurve, CalibrationBin, QiniCurve
from jobs.pages.formats import count, euro, euro_ticks, percent_ticks, signed_euro, small_euro
from jobs.pages.line_chart import Line, Marker, line_chart


def qini_picture(curves: Sequence[QiniCurve]) -> Markup | None:
    """Draw gain against share reached, with the straight line of reaching as many at random.

    Parameters
    ----------
    curves : sequence of QiniCurve
        The most important first. The random line ends where the first curve ends.
    """
    drawn = [curve for curve in curves if len(curve.share)]
    if not drawn:
        return None
    first = drawn[0]
    lines = [Line(c.name, c.share, c.gain, c.low, c.high) for c in drawn]
    lines.append(Line("at random", (0.0, first.share[-1]), (0.0, first.gain[-1]), plain=True))
    return line_chart(
        "Gain when the highest scores are reached first",
        lines,
        Axis("share of customers reached", percent_ticks, holds=(0, 1)),
        Axis("gain, € a customer of the list", euro_ticks, holds=(0,)),
        description="; ".join(f"{c.name}: {small_euro(c.gain[-1])} a customer when all are reached" for c in drawn),
    )


def budget_picture(curve: BudgetCurve | None) -> Markup | None:
    """Draw expected net margin against money spent, the chosen budget marked."""
    if curve is None or not len(curve.spend_eur):
        return None
    chosen = f"{euro(curve.chosen_spend_eur)} spent: {signed_euro(curve.chosen_net_eur)}"
    return line_chart(
        "Expected net margin at every budget",
        [Line("", curve.spend_eur, curve.net_eur, curve.low_eur, curve.high_eur)],
        Axis("spent on contact, €", euro_ticks, holds=(0,)),
        Axis("expected net margin, €", euro_ticks, holds=(0,)),
        markers=[Marker(curve.chosen_spend_eur, curve.chosen_net_eur, chosen)],
        description=f"Chosen: {chosen}.",
    )


def calibration_picture(bins: Sequence[CalibrationBin]) -> Markup | None:
    """Draw measured over predicted effects, in euro a customer."""
    return calibration_chart(
        "Promised against measured effect",
        bins,
        unit="€ a customer",
        ticks_as=euro_ticks,
        description=f"{count(len(bins))} groups of customers by predicted effect; on the diagonal both agree.",
    )
