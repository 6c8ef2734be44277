"""What reading an experiment, or a campaign's holdout, is asked."""

from dataclasses import dataclass
from datetime import date

from jobs.runtime.command import flag


@dataclass(frozen=True)
class ReadExperiment:
    """Read a declared experiment, or a campaign's holdout, and decide by its rule."""

    run_date: date = flag("day that has just ended", unit="YYYY-MM-DD", example="2026-11-22")
    experiment: str = flag("experiment to read; or give --campaign", unit="ID", default="", example="autumn-mail")
    campaign: str = flag(
        "campaign whose holdout is read; or give --experiment", unit="ID", default="", example="spring", shown=True
    )
    memory_mb: int = flag(
        "memory of the SQL engine; what does not fit is spilled", unit="MB", default=450, example="900", low=64
    )
    from_date: date | None = flag(
        "first night whose offers are read, with --campaign; all by default", unit="YYYY-MM-DD", default=None,
        example="2026-10-01",
    )  # fmt: skip
    to_date: date | None = flag(
        "last night whose offers are read, with --campaign; all by default", unit="YYYY-MM-DD", default=None,
        example="2026-10-31",
    )  # fmt: skip
