"""Checks in order, and what each came to: well, failed, or not looked at because one before it failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobs.errors import NetliftError

OK, FAILED, SKIPPED = "ok", "failed", "skipped"


@dataclass(frozen=True)
class Finding:
    """What one check came to.

    Parameters
    ----------
    check : str
        What was looked at.
    state : str
        "ok", "failed", or "skipped" because an earlier check failed.
    said : str
        What was found; of a failure one sentence with what to do.
    error : str
        Class of the failure, "" without one.
    exit_code : int
        Its exit code, 0 without one.
    """

    check: str
    state: str
    said: str
    error: str = ""
    exit_code: int = 0


class Visit:
    """Runs checks in order; one that needs another which failed is skipped."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def check(self, name: str, look: Callable[[], str], needs: Sequence[str] = ()) -> bool:
        """Run a check; return whether it went well."""
        missing = [f.check for f in self.findings if f.check in needs and f.state != OK]
        if missing:
            self.findings.append(Finding(name, SKIPPED, f"not looked at: mend {missing[0]} first."))
            return False
        try:
            self.findings.append(Finding(name, OK, look()))
        except NetliftError as error:
            self.findings.append(Finding(name, FAILED, str(error), type(error).__name__, error.exit_code))
            return False
        return True
