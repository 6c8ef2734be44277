"""Metrics as lines of a log, in CloudWatch's embedded metric format: one line a shard, one line a run."""

import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NAMESPACE = "netlift"
"""Namespace of the metrics in CloudWatch."""

UNITS = {
    "rows_in": "Count",
    "rows_used": "Count",
    "rows_quarantined": "Count",
    "quarantined_percent": "Percent",
    "rows_out": "Count",
    "seconds": "Seconds",
    "peak_memory_mb": "Megabytes",
    "gb_seconds": "None",
    "vcpu_seconds": "None",
    "failures": "Count",
    "drift_alarms": "Count",
}
"""Every metric with its unit, as CloudWatch names units."""

DIMENSIONS = (("stage", "part"), ("stage", "part", "verb"))
"""Sets of dimensions under which each metric is kept; "part" is "shard" or "run". Each set is billed by metric."""

UNNAMED = "unnamed"
"""Stage of what runs outside of a deployment, where nothing says its name."""


@dataclass(frozen=True)
class Measured:
    """What one shard, or the finishing of a run, came to.

    Parameters
    ----------
    part : str
        "shard" or "run".
    verb : str
        Verb of the run.
    values : mapping of str to float or None
        Metrics by the names of :data:`UNITS`; what is not known is None, or left out.
    said : mapping of str to object
        What a reader of the line finds beside the metrics: run, kind, attempt, shard, error.
    """

    part: str
    verb: str
    values: Mapping[str, float | None]
    said: Mapping[str, Any]


def emf_line(measured: Measured, at: datetime, stage: str = UNNAMED) -> str:
    """Return a measurement as one line of JSON that CloudWatch makes metrics of.

    Parameters
    ----------
    measured : Measured
        What was measured.
    at : datetime.datetime
        When.
    stage : str
        Name of the deployment, so that two of them in one account are two metrics.

    Returns
    -------
    str
        The line, without its end.

    References
    ----------
    Amazon CloudWatch User Guide, "Specification: Embedded metric format".

    Examples
    --------
    >>> from datetime import UTC
    >>> line = emf_line(Measured("shard", "score-fraud", {"rows_in": 5, "seconds": None}, {"shard": 0}), datetime(2026, 1, 1, tzinfo=UTC))
    >>> json.loads(line)["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    [{'Name': 'rows_in', 'Unit': 'Count'}]
    """  # noqa: E501  a doctest's line
    known = {
        name: measured.values[name]
        for name in UNITS
        if (value := measured.values.get(name)) is not None and math.isfinite(value)
    }
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(names) for names in DIMENSIONS],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in known],
    }
    line = {
        "_aws": {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        **measured.said,
        "stage": stage,
        "part": measured.part,
        "verb": measured.verb,
        **known,
    }
    return json.dumps(line, default=str)


def write_metrics(measured: Measured, at: datetime, environment: Mapping[str, str] = os.environ) -> None:
    """Print the line on stdout, which Lambda and Batch send to CloudWatch Logs.

    Parameters
    ----------
    measured : Measured
        What was measured.
    at : datetime.datetime
        When.
    environment : mapping
        Its ``NETLIFT_STAGE`` names the deployment, as the template sets it.
    """
    sys.stdout.write(emf_line(measured, at, environment.get("NETLIFT_STAGE") or UNNAMED) + "\n")
    sys.stdout.flush()
