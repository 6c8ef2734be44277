"""When an alarm is raised and when it ends: not by one odd batch, and not before the variable is calm again."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.errors import BadRequest
from jobs.science.drift.psi import Level


@dataclass(frozen=True)
class AlarmRule:
    """Hysteresis over batches: two thresholds, and how often each must be met.

    A batch is at level alarm from the upper threshold on, and stable below the lower one. Between the two an
    alarm is neither raised nor ended, so a variable that lies about a threshold does not ring every other night.

    Parameters
    ----------
    enter, among : int
        An alarm is raised when `enter` of the last `among` batches are at level alarm, this one being one of
        them; 1 <= enter <= among.
    leave : int
        It ends after so many stable batches in a row; >= 1.

    Raises
    ------
    BadRequest
        If the numbers are out of their ranges.
    """

    enter: int = 2
    among: int = 3
    leave: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.enter <= self.among or self.leave < 1:
            raise BadRequest(
                f"enter = {self.enter}, among = {self.among}, leave = {self.leave}: "
                "must be 1 <= enter <= among and leave >= 1"
            )

    @property
    def looks_back(self) -> int:
        """Batches that a verdict rests on, the newest one included."""
        return max(self.among, self.leave)


def is_raised(levels: Sequence[Level], was_raised: bool, rule: AlarmRule | None = None) -> bool:
    """Say whether a variable's alarm stands after its newest batch.

    Parameters
    ----------
    levels : sequence of {"stable", "watch", "alarm"}
        Of the last batches, oldest first, the newest last; fewer than the rule asks for are enough to begin with.
    was_raised : bool
        Whether the alarm stood after the batch before.
    rule : AlarmRule, optional
        By default 2 of 3 raise it, 2 stable ones in a row end it.

    Returns
    -------
    bool
        The verdict; without any batch what it was.

    Examples
    --------
    >>> is_raised(["alarm"], False), is_raised(["alarm", "watch", "alarm"], False)
    (False, True)
    >>> is_raised(["alarm", "stable", "watch"], True), is_raised(["watch", "stable", "stable"], True)
    (True, False)
    """
    rule = rule or AlarmRule()
    if not levels:
        return was_raised
    if was_raised:
        last = levels[-rule.leave :]
        return not (len(last) == rule.leave and all(level == "stable" for level in last))
    return levels[-1] == "alarm" and sum(level == "alarm" for level in levels[-rule.among :]) >= rule.enter
