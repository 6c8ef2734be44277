"""What allocate-offers is asked."""

from dataclasses import dataclass
from datetime import date

from jobs.runtime.command import flag


@dataclass(frozen=True)
class AllocateOffers:
    """Choose offers for all campaigns of a night."""

    run_date: date = flag("day the offers speak of", unit="YYYY-MM-DD", example="2026-11-22")
    seed: int = flag("seed of the lot among equals", unit="integer", default=1, example="1", low=0)
    memory_mb: int = flag(
        "memory of the SQL engine, where a campaign's offers are a catalogue; what does not fit is spilled",
        unit="MB",
        default=450,
        example="900",
        low=64,
    )
