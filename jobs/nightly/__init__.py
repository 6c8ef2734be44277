"""The night as a whole: run its steps in one process, and write its page (:mod:`jobs.nightly.page`)."""

from jobs.nightly.chain import Nightly, job_of, nightly, steps

__all__ = ["Nightly", "job_of", "nightly", "steps"]
