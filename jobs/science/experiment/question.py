"""What a plan is asked: every metric with its design and the effect to find, who would be drawn, who comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from jobs.science.experiment.duration import WEEK_DAYS
from jobs.science.experiment.history_columns import HistoryColumns
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.plan import Traffic, Wanted
from jobs.science.experiment.power import Design


@dataclass(frozen=True)
class Read:
    """A metric and how it will be read.

    Parameters
    ----------
    metric : Metric
        A mean, proportion or ratio.
    design : Design
        Shares, alpha and power of its comparisons.
    wanted : Wanted or None
        Effect to find; of a guardrail its margin.
    role : str
        ``success`` or ``guardrail``.
    """

    metric: Metric
    design: Design
    wanted: Wanted | None = None
    role: Literal["success", "guardrail"] = "success"


@dataclass(frozen=True)
class Question:
    """Everything that a plan is asked.

    Parameters
    ----------
    reads : tuple of Read
        One a metric.
    arms : mapping of str to float
        Share of every arm, the control first.
    columns : HistoryColumns
        Whose a row of the past is, and when.
    cap_shares : mapping of str to float
        By name of metric, the quantile of all units beyond which it counts no further.
    units : int or None
        Units, or clusters, in all arms together.
    exposure : float
        Share of those who come that enters, in (0, 1].
    looks : int
        Planned looks.
    entry_days : int or None
        Days in which units enter, where that is fixed.
    unplanned : tuple of str
        Metrics that cannot be planned from moments.
    """

    reads: tuple[Read, ...]
    arms: Mapping[str, float]
    columns: HistoryColumns
    cap_shares: Mapping[str, float] = field(default_factory=dict)
    units: int | None = None
    exposure: float = 1.0
    looks: int = 1
    entry_days: int | None = None
    unplanned: tuple[str, ...] = ()

    def traffic(self, first_seen: Sequence[int], units_per_day: int | None) -> Traffic:
        """Return who comes: as many each day, or as in the past."""
        seen = (units_per_day,) * WEEK_DAYS if units_per_day is not None else tuple(first_seen)
        return Traffic(seen, self.exposure, self.columns.window_days)
