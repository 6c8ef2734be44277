"""The form of a readout document: plain JSON, the same for a file, an experiment and a campaign."""

from typing import Any, Literal, TypedDict

FORMAT = 1
"""Number of this form of the document."""

Verdict = Literal["better", "worse", "open", "held", "broken"]


class IntervalSaid(TypedDict):
    """An estimate with its interval, in one unit."""

    value: float
    lower: float
    upper: float


class SetAsideSaid(TypedDict):
    """Rows that were not read, and why."""

    reason: str
    rows: int


class SourceSaid(TypedDict):
    """Where the rows came from."""

    kind: Literal["file", "experiment", "campaign"]
    name: str
    digest: str
    rows: int
    rows_used: int
    set_aside: list[SetAsideSaid]


class ArmSaid(TypedDict):
    """One arm; `units` as drawn, `units_read` after rows were set aside, `units_expected` by the design."""

    arm: str
    units: int
    units_read: int
    units_expected: float
    share_planned: float
    propensity_known: bool


class CheckSaid(TypedDict):
    """One check of sizes."""

    what: str
    p_value: float


class SplitSaid(TypedDict):
    """Whether the sizes are those of the design; `p_value` is the smallest of the checks."""

    p_value: float
    holds: bool
    threshold: float
    checks: list[CheckSaid]
    sentence: str


class ProgressSaid(TypedDict):
    """Whether it is over."""

    units: int
    units_planned: int | None
    fraction: float
    is_final: bool
    interval: Literal["always-valid", "fixed-horizon"]
    alpha: float
    looks: int
    ends_on: str | None
    sentence: str


class ExposedSaid(TypedDict):
    """The effect on those who met the treatment; `effect` is null where the draw hardly changed who did."""

    column: str
    effect: IntervalSaid | None
    share_control: float
    share_treatment: float
    sentence: str


class LineSaid(TypedDict):
    """One arm on one metric; `verdict` of a guardrail is held, broken or open, else better, worse or open."""

    arm: str
    control: float
    treatment: float
    absolute: IntervalSaid
    relative: IntervalSaid | None
    alpha: float
    p_value: float
    adjusted_p_value: float | None
    verdict: Verdict
    sentence: str
    total_eur: IntervalSaid | None
    exposed: ExposedSaid | None


class MarginSaid(TypedDict):
    """What a guardrail allows, above 0; a share of the control where `relative`."""

    margin: float
    relative: bool


class MetricSaid(TypedDict):
    """One metric, its lines arm by arm."""

    metric: str
    kind: Literal["mean", "proportion", "ratio", "quantile"]
    columns: str
    unit: str
    unit_value_eur: float | None
    role: Literal["success", "guardrail", "read"]
    better: Literal["higher", "lower"]
    margin: MarginSaid | None
    adjustment: Literal["none", "cuped", "lin"]
    covariates: list[str]
    cap: float | None
    lines: list[LineSaid]


class SegmentSaid(TypedDict):
    """One arm on one metric in a part of the units: exploratory, its p-value paid for all segments together."""

    column: str
    value: str
    units: int
    metric: str
    arm: str
    absolute: IntervalSaid
    relative: IntervalSaid | None
    p_value: float
    adjusted_p_value: float
    verdict: Verdict
    sentence: str


class PointSaid(TypedDict):
    """The effect up to a moment, with the always-valid band."""

    at: str
    units: int
    value: float
    lower: float
    upper: float


class CurveSaid(TypedDict):
    """One arm on one metric over time."""

    metric: str
    arm: str
    unit: str
    points: list[PointSaid]


class ArmDecisionSaid(TypedDict):
    """What becomes of one arm."""

    arm: str
    outcome: str
    reasons: list[str]


class DecisionSaid(TypedDict):
    """What becomes of the experiment; `rule` as it was written, null where none was."""

    outcome: Literal["ship", "hold", "stop", "none"]
    arm: str | None
    reasons: list[str]
    arms: list[ArmDecisionSaid]
    rule: dict[str, Any] | None


class Readout(TypedDict):
    """The document. Where the split fails `metrics`, `segments` and `over_time` are empty, and nothing is decided."""

    format: int
    title: str
    source: SourceSaid
    as_of: str | None
    unit: str
    control: str
    arms: list[ArmSaid]
    split: SplitSaid
    progress: ProgressSaid
    metrics: list[MetricSaid]
    segments: list[SegmentSaid]
    over_time: list[CurveSaid]
    decision: DecisionSaid
    promised: dict[str, Any] | None
    amendments: list[dict[str, Any]]
    warnings: list[str]
    statistics: dict[str, Any]
