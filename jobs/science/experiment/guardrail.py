"""Guardrails: a metric that must not suffer may be worse by the margin that was allowed before the start, no more."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from jobs.errors import BadRequest
from jobs.science.experiment.interval import Effect

Better = Literal["higher", "lower"]
Verdict = Literal["held", "broken", "open"]


@dataclass(frozen=True)
class Guardrail:
    """What was allowed before the start.

    Parameters
    ----------
    margin : float
        Largest harm that is tolerated, above 0: in the metric's unit, or as a share of the control.
    better : str
        ``higher`` or ``lower``.
    relative : bool
        Whether the margin is a share of the control.

    Raises
    ------
    BadRequest
        If the margin is not above 0, or as a share not below 1.
    """

    margin: float
    better: Better = "higher"
    relative: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.margin < (1.0 if self.relative else float("inf")):
            raise BadRequest(
                f"margin == {self.margin}, must be above 0{' and below 1' if self.relative else ''}: "
                "how much worse may the metric be?"
            )
        if self.better not in get_args(Better):
            raise BadRequest(f"better == {self.better!r}: choose higher or lower.")


def parse_guardrail(text: str) -> tuple[str, Guardrail]:
    """Return the metric's name and the guardrail that ``METRIC:MARGIN[%][:lower]`` says.

    Parameters
    ----------
    text : str
        As ``orders:5%`` (of the control), ``minutes:0.2`` (in the metric's unit) or ``returns:2%:lower`` (better when
        lower).

    Returns
    -------
    tuple of str and Guardrail

    Raises
    ------
    BadRequest
        If it is of another form, or the margin is not allowed.

    Examples
    --------
    >>> parse_guardrail("returns:2%:lower")
    ('returns', Guardrail(margin=0.02, better='lower', relative=True))
    """
    name, *said = (part.strip() for part in text.split(":"))
    if not name or not 1 <= len(said) <= 2:
        raise BadRequest(f"guardrail {text!r} is not METRIC:MARGIN: write it as orders:5% or returns:0.02:lower.")
    try:
        margin = float(said[0].removesuffix("%"))
    except ValueError as wrong:
        raise BadRequest(f"guardrail {text!r}: {said[0]!r} is no margin, write it as orders:5%.") from wrong
    relative = said[0].endswith("%")
    better = cast("Better", said[1] if len(said) == 2 else "higher")  # Guardrail refuses any other word
    return name, Guardrail(margin / 100.0 if relative else margin, better, relative)


def judged(guardrail: Guardrail, effect: Effect) -> Verdict:
    """Return whether a guardrail has held.

    A two-sided interval at ``2 alpha`` makes this the usual one-sided test of non-inferiority at alpha.

    Parameters
    ----------
    guardrail : Guardrail
        Margin and direction.
    effect : Effect
        With the interval that is to be judged: fixed-horizon, or always-valid before the end.

    Returns
    -------
    str
        ``held`` when the whole interval is better than the margin, ``broken`` when the whole interval is worse than
        it, ``open`` otherwise: more units are needed.

    Raises
    ------
    BadRequest
        If the margin is relative and the effect has no relative interval.

    Examples
    --------
    >>> from jobs.science.experiment.interval import Estimate, contrast
    >>> judged(Guardrail(0.5), contrast(Estimate(10.0, 0.01, 900), Estimate(9.9, 0.01, 900)))
    'held'
    """
    interval = effect.relative if guardrail.relative else effect.absolute
    if interval is None:
        raise BadRequest(
            f"the control is {effect.control} and the other arm {effect.treatment}: a relative margin needs both above "
            "0, state the margin in the metric's unit."
        )
    lower, upper = interval.lower, interval.upper
    if guardrail.better == "lower":
        lower, upper = -upper, -lower
    if lower > -guardrail.margin:
        return "held"
    return "broken" if upper < -guardrail.margin else "open"
