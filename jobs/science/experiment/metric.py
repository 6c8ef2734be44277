"""What an experiment measures: a mean, a proportion, a ratio or a quantile of columns, and how it is adjusted."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from jobs.errors import BadRequest

Kind = Literal["mean", "proportion", "ratio", "quantile"]
Adjustment = Literal["none", "cuped", "lin"]


@dataclass(frozen=True)
class Metric:
    """A metric, as declared.

    Parameters
    ----------
    name : str
        What readers call it.
    kind : str
        ``mean``, ``proportion`` (values 0 and 1), ``ratio`` (of the sums of two columns) or ``quantile``.
    value : str
        Column; of a ratio the numerator.
    denominator : str, optional
        Column below, of a ratio only.
    covariates : tuple of str
        Columns known before the draw.
    adjustment : str
        What is done with the covariates: ``none``, ``cuped`` or ``lin``.
    cap : float, optional
        Largest value that counts, the same for every arm.
    share : float, optional
        Which quantile, in (0, 1), of a quantile only.

    Raises
    ------
    BadRequest
        If these contradict each other.
    """

    name: str
    kind: Kind
    value: str
    denominator: str | None = None
    covariates: tuple[str, ...] = ()
    adjustment: Adjustment = "none"
    cap: float | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.value:
            raise BadRequest(f"metric {self.name!r} of column {self.value!r}: give both a name.")
        if self.kind not in get_args(Kind):
            raise BadRequest(f"metric {self.name!r} is a {self.kind!r}: choose {', '.join(get_args(Kind))}.")
        if (self.kind == "ratio") != (self.denominator is not None):
            raise BadRequest(f"metric {self.name!r}: a ratio, and only a ratio, is of two columns, as spend/orders.")
        if (self.kind == "quantile") != (self.share is not None):
            raise BadRequest(f"metric {self.name!r}: a quantile, and only a quantile, has a share, as spend@0.9.")
        if self.share is not None and not 0.0 < self.share < 1.0:
            raise BadRequest(f"metric {self.name!r}: share == {self.share}, must be between 0 and 1, both excluded.")
        if (self.adjustment == "none") != (not self.covariates):
            raise BadRequest(
                f"metric {self.name!r} has covariates {list(self.covariates)} and adjustment {self.adjustment!r}: "
                "name both or neither."
            )
        if self.adjustment not in get_args(Adjustment) or (self.kind == "quantile" and self.covariates):
            raise BadRequest(f"metric {self.name!r} of kind {self.kind!r} cannot be adjusted by {self.adjustment!r}.")
        if len(set(self.covariates)) < len(self.covariates) or self.value in self.covariates:
            raise BadRequest(
                f"metric {self.name!r}: covariates {list(self.covariates)} must be other columns, each once."
            )
        if self.cap is not None and (self.kind not in {"mean", "ratio"} or not 0.0 < self.cap < float("inf")):
            raise BadRequest(f"metric {self.name!r}: cap == {self.cap}, must be above 0, of a mean or a ratio.")

    @property
    def column(self) -> str:
        """Name of the aggregated value: that of the column, unless it is capped."""
        return self.value if self.cap is None else f"{self.value} up to {self.cap!r}"

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the aggregated outcomes: value and denominator."""
        return (self.column,) if self.denominator is None else (self.column, self.denominator)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all that is aggregated for it: outcomes and covariates."""
        return tuple(dict.fromkeys((*self.outcomes, *self.covariates)))


def parse_metric(text: str) -> Metric:
    """Return the metric that ``name:kind:columns`` says.

    Parameters
    ----------
    text : str
        As ``revenue:mean:spend``, ``visit:proportion:visit``, ``aov:ratio:spend/orders`` or
        ``large:quantile:spend@0.9``.

    Returns
    -------
    Metric

    Raises
    ------
    BadRequest
        If it is of another form.

    Examples
    --------
    >>> parse_metric("aov:ratio:spend/orders").denominator
    'orders'
    """
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 3 or not all(parts):
        raise BadRequest(f"metric {text!r} is not name:kind:columns: write it as revenue:mean:spend.")
    name, kind, columns = parts
    value, slash, denominator = columns.partition("/") if kind == "ratio" else (columns, "", "")
    share: float | None = None
    if kind == "quantile":
        value, _, said = columns.rpartition("@")
        try:
            share = float(said)
        except ValueError as wrong:
            raise BadRequest(f"metric {text!r} names no quantile: write it as large:quantile:spend@0.9.") from wrong
    return Metric(name, cast("Kind", kind), value.strip(), denominator.strip() if slash else None, share=share)
