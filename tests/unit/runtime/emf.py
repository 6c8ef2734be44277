"""Reads lines as CloudWatch does, and refuses those that its embedded metric format forbids.

Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

import json
import math
from typing import Any

UNITS = {
    "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
    "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
    "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}  # fmt: skip


def read_metrics(line: str) -> tuple[list[dict[str, str]], dict[str, tuple[float, str]], dict[str, Any]]:
    """Return the sets of dimensions with their values, the metrics with value and unit, and the whole line."""
    root = json.loads(line, parse_constant=_refuse)
    assert len(line.encode()) < 1_000_000
    metadata = root["_aws"]
    assert type(metadata["Timestamp"]) is int
    assert 1_000_000_000_000 < metadata["Timestamp"] < 10_000_000_000_000, "milliseconds since 1970"
    assert isinstance(metadata["CloudWatchMetrics"], list)
    dimensions: list[dict[str, str]] = []
    metrics: dict[str, tuple[float, str]] = {}
    for directive in metadata["CloudWatchMetrics"]:
        assert {"Namespace", "Dimensions", "Metrics"} <= set(directive)
        assert isinstance(directive["Namespace"], str)
        assert 1 <= len(directive["Namespace"]) <= 1024
        assert directive["Dimensions"]
        for names in directive["Dimensions"]:
            assert isinstance(names, list)
            assert len(names) <= 30
            for name in names:
                assert isinstance(root[name], str), "a dimension's value is a text at the root"
                assert 1 <= len(root[name]) <= 1024
            dimensions.append({name: root[name] for name in names})
        assert 1 <= len(directive["Metrics"]) <= 100
        for metric in directive["Metrics"]:
            assert set(metric) <= {"Name", "Unit", "StorageResolution"}
            assert metric.get("Unit", "None") in UNITS
            value = root[metric["Name"]]
            assert type(value) in {int, float}, "a metric's value is a number at the root"
            assert math.isfinite(value)
            metrics[metric["Name"]] = (value, metric.get("Unit", "None"))
    return dimensions, metrics, root


def is_metrics(line: str) -> bool:
    """Whether CloudWatch would take a line for metrics."""
    return line.startswith("{") and "_aws" in json.loads(line)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
