"""A clock for tests: it moves only when it is told to."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Called, it returns its moment."""

    def __init__(self, now: datetime = datetime(2026, 11, 1, 3, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += timedelta(seconds=seconds)
