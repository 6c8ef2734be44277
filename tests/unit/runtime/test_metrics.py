"""Metrics: lines that CloudWatch's embedded metric format allows, with every metric that is known."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.runtime.metrics import UNITS, UNNAMED, Measured, emf_line, write_metrics
from tests.unit.runtime.emf import read_metrics

AT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)


def test_a_line_holds_what_the_specification_asks_for() -> None:
    measured = Measured("run", "score-fraud", {"rows_in": 7, "seconds": 1.5}, {"run_id": "r1", "kind": "fraud"})
    dimensions, metrics, root = read_metrics(emf_line(measured, AT, "dev"))
    of_run = {"stage": "dev", "part": "run"}
    assert dimensions == [of_run, {**of_run, "verb": "score-fraud"}]
    assert metrics == {"rows_in": (7, "Count"), "seconds": (1.5, "Seconds")}
    assert (root["run_id"], root["kind"]) == ("r1", "fraud")
    assert root["_aws"]["Timestamp"] == 1_795_314_600_000
    assert root["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "netlift"


@pytest.mark.parametrize(
    ("environment", "stage"), [({"NETLIFT_STAGE": "prod"}, "prod"), ({}, UNNAMED), ({"NETLIFT_STAGE": ""}, UNNAMED)]
)
def test_deployments_of_one_account_are_metrics_of_their_own(
    environment: dict[str, str], stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_metrics(Measured("run", "score-fraud", {"rows_in": 1}, {"stage": "another"}), AT, environment)
    dimensions, _, _ = read_metrics(capsys.readouterr().out)
    assert {kept["stage"] for kept in dimensions} == {stage}


def test_it_is_one_line_whatever_an_error_says() -> None:
    line = emf_line(Measured("shard", "v", {"failures": 1}, {"error": {"message": "a\nb"}}), AT)
    assert "\n" not in line
    assert json.loads(line)["error"]["message"] == "a\nb"


def test_what_is_said_cannot_take_the_place_of_a_metric_or_dimension() -> None:
    _, metrics, root = read_metrics(emf_line(Measured("shard", "v", {"rows_in": 1}, {"rows_in": "x", "part": 3}), AT))
    assert metrics["rows_in"] == (1, "Count")
    assert root["part"] == "shard"


@given(
    st.dictionaries(st.sampled_from([*UNITS, "unknown"]), st.none() | st.integers() | st.floats()).filter(
        lambda v: v.get("rows_in") is not None and abs(v["rows_in"]) < 1e300
    )
)
def test_whatever_the_values_the_line_is_allowed(values: dict[str, float | None]) -> None:
    """Not-a-number, infinity and what is not known are left out; CloudWatch would drop the whole line."""
    _, metrics, _ = read_metrics(emf_line(Measured("shard", "v", values, {}), AT))
    assert set(metrics) <= set(UNITS)


@pytest.mark.parametrize("name", sorted(UNITS))
def test_every_metric_has_a_unit_that_cloudwatch_knows(name: str) -> None:
    _, metrics, _ = read_metrics(emf_line(Measured("run", "v", {name: 1.0}, {}), AT))
    assert metrics[name] == (1.0, UNITS[name])
