"""Where this process runs, and what its seconds are billed by: Lambda, AWS Batch, or neither."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.errors import BadEnvironment

MB_PER_GB = 1024
"""Lambda and Fargate are billed by the GB of 1,024 MB."""


@dataclass(frozen=True)
class Place:
    """A service that bills by the second.

    Parameters
    ----------
    service : str
        "lambda" or "batch".
    memory_mb : float or None
        Configured memory, in MB; None where nothing says it.
    vcpus : float or None
        Configured virtual processors; None in Lambda, which bills memory only, or where nothing says it.
    """

    service: str
    memory_mb: float | None
    vcpus: float | None

    def gb_seconds(self, seconds: float) -> float | None:
        """Return the configured memory over a time, in GB seconds.

        Examples
        --------
        >>> Place("lambda", 2048, None).gb_seconds(1.5)
        3.0
        """
        return None if self.memory_mb is None else self.memory_mb / MB_PER_GB * seconds

    def vcpu_seconds(self, seconds: float) -> float | None:
        """Return the configured virtual processors over a time, in vCPU seconds."""
        return None if self.vcpus is None else self.vcpus * seconds


def place(environment: Mapping[str, str] = os.environ) -> Place | None:
    """Return where this process runs; None on a machine of one's own.

    Lambda and Batch say in the environment that they are there. Lambda says its memory too; of a Batch job the
    job definition says it, in ``NETLIFT_MEMORY_MB`` and ``NETLIFT_VCPUS``.

    Raises
    ------
    BadEnvironment
        If one of these is no number above 0.

    Examples
    --------
    >>> place({"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008"})
    Place(service='lambda', memory_mb=3008.0, vcpus=None)
    >>> place({}) is None
    True
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in environment:
        return Place("lambda", _number(environment, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), None)
    if "AWS_BATCH_JOB_ID" in environment:
        return Place("batch", _number(environment, "NETLIFT_MEMORY_MB"), _number(environment, "NETLIFT_VCPUS"))
    return None


def _number(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise BadEnvironment(f"{name} is {text!r}: set it to a number above 0, or leave it out.")
    return value
