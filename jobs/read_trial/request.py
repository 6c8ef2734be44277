"""What to read, as it is asked on the command line."""

from dataclasses import dataclass
from pathlib import Path

from jobs.runtime.command import flag


@dataclass(frozen=True)
class ReadTrial:
    """Read an experiment from a file: the split, each effect with its interval, and what now, if a rule was stated."""

    data: Path = flag("the experiment, a row a unit", unit="CSV or Parquet", example="trial.csv")
    arm: str = flag("column of the arm that was drawn", unit="column", example="segment")
    control: str = flag("value of that column for those who got nothing", unit="value", example='"No E-Mail"')
    metric: tuple[str, ...] = flag(
        "what is measured, again and again: revenue:mean:spend, visit:proportion:visit, aov:ratio:spend/orders, "
        "large:quantile:spend@0.9",
        unit="NAME:KIND:COLUMNS",
        example="revenue:mean:spend",
    )
    covariate: tuple[str, ...] = flag(
        "column known before the draw, to adjust all metrics by; again and again", unit="column", default=(),
        example="past_spend",
    )  # fmt: skip
    adjust: str | None = flag(
        "how: cuped, or lin; cuped where a covariate is named", unit="name", default=None, example="lin"
    )
    unit: str | None = flag(
        "column of the unit's id; without it every row is a unit", unit="column", default=None, example="customer_id"
    )
    cluster: str | None = flag(
        "column of what was drawn, where its rows were drawn together", unit="column", default=None, example="household"
    )
    arms: tuple[str, ...] = flag(
        "arm to read beside the control, again and again; all without it", unit="value", default=(), example="mail"
    )
    share: tuple[str, ...] = flag(
        'planned share of every arm, "ARM=SHARE" again and again; equal shares without it', unit="ARM=SHARE",
        default=(), example='"No E-Mail=0.5"',
    )  # fmt: skip
    success: tuple[str, ...] = flag(
        "metric that decides, again and again; with a guardrail and without it, all that are none", unit="metric",
        default=(), example="revenue",
    )  # fmt: skip
    guardrail: tuple[str, ...] = flag(
        "metric that may be worse by a margin only, of the control (%) or in its unit: orders:5%, returns:0.02:lower",
        unit="METRIC:MARGIN", default=(), example="orders:5%",
    )  # fmt: skip
    lower_is_better: tuple[str, ...] = flag(
        "metric that is better when lower; again and again", unit="metric", default=(), example="returns"
    )
    cap: tuple[str, ...] = flag(
        "quantile of all arms together that is the most a value counts, of every mean, or METRIC=QUANTILE of one",
        unit="share in (0, 1)", default=(), example="revenue=0.999",
    )  # fmt: skip
    unit_value: tuple[str, ...] = flag(
        "euro that one of a metric is worth, to say what an arm earned: METRIC=EUR, again and again", unit="METRIC=EUR",
        default=(), example="revenue=0.3",
    )  # fmt: skip
    exposed: str | None = flag(
        "column, 0 or 1, of who met the treatment: the effect on those is said too", unit="column", default=None,
        example="opened",
    )  # fmt: skip
    segment: tuple[str, ...] = flag(
        "column whose values part the units, for a look that explores; again and again", unit="column", default=(),
        example="newbie",
    )  # fmt: skip
    time: str | None = flag(
        "column of the moment of the row, to draw the effect over time", unit="column", default=None,
        example="enrolled_at",
    )  # fmt: skip
    assigned_at: str | None = flag(
        "column of the moment of the draw: rows whose --time is before it are set aside", unit="column", default=None,
        example="assigned_at",
    )  # fmt: skip
    units_planned: int | None = flag(
        "units (clusters) planned in all; with fewer it still runs, and intervals may be looked at again and again; "
        "without it the trial is over",
        unit="count", default=None, example="60000", low=4,
    )  # fmt: skip
    looks: int = flag(
        "looks that were planned, the one at the end included: so many points the curve over time gets", unit="count",
        default=1, example="30", low=1, high=1_000,
    )  # fmt: skip
    alpha: float = flag("chance of a wrong claim, two-sided", unit="in (0, 1)", default=0.05, example="0.05")
    correction: str = flag(
        "what is paid for many metrics and arms: none, holm or benjamini-hochberg", unit="name", default="holm",
        example="holm",
    )  # fmt: skip
    out: Path = flag(
        "folder of the page, the answer and the rows set aside", unit="folder", default=Path("out/experiment"),
        example="out/spring",
    )  # fmt: skip
    memory_mb: int = flag("most memory of the engine", unit="MB", default=1_024, example="1024", low=64)
    threads: int = flag("threads of the engine", unit="count", default=2, example="2", low=1)
    json: bool = flag("print one JSON object", default=False, example="--json")
