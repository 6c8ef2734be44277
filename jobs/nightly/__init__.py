"""The night as a whole: run its steps in one process, and write its page (:mod:`jobs.nightly.page`)."""

from jobs.nightly.chain import Nightly, nightly, steps

__all__ = ["Nightly", "nightly", "steps"]
