"""The readout document: what the evidence says, plain JSON, and the very same again from its own statistics."""

import json
from dataclasses import replace

import pytest

from jobs.errors import BadRequest, BadTrial
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.evidence import Evidence, Sizes
from jobs.science.experiment.readout import from_statistics, readout
from tests.unit.science.experiment.readouts import ARMS, SPEND, VISIT, evidence


@pytest.fixture(scope="module")
def over() -> Evidence:
    return evidence()


def test_every_line_is_the_effect_of_its_arm_and_the_rule_decides(over: Evidence) -> None:
    found = readout(over)
    assert found["split"]["holds"]
    assert found["progress"]["is_final"]
    assert [m["metric"] for m in found["metrics"]] == ["visit", "spend", "orders", "basket", "large"]
    assert [m["role"] for m in found["metrics"]] == ["success", "success", "guardrail", "read", "read"]
    for metric, said in zip((VISIT, SPEND), found["metrics"], strict=False):
        for line in said["lines"]:
            expected = effect(metric, over.arms["none"], over.arms[line["arm"]])
            assert line["absolute"] == {
                "value": expected.absolute.value,
                "lower": expected.absolute.lower,
                "upper": expected.absolute.upper,
            }
            assert (line["control"], line["p_value"]) == (expected.control, expected.p_value)
    spend = found["metrics"][1]["lines"][0]
    assert spend["total_eur"]["value"] == pytest.approx(0.3 * spend["absolute"]["value"] * 2000)
    assert (found["decision"]["outcome"], found["decision"]["arm"]) == ("ship", "mail")
    assert found["metrics"][2]["lines"][0]["verdict"] == "held"


def test_it_is_the_very_same_again_from_its_statistics_after_json(over: Evidence) -> None:
    for case in (
        over,
        evidence(planned=12_000),
        evidence(lost=300),
        replace(over, decides=False, exposed=None, promised={"ratio": 2.0}),
    ):
        document = readout(case)
        text = json.dumps(document, allow_nan=False)
        assert json.dumps(from_statistics(json.loads(text)["statistics"]), allow_nan=False) == text


def test_nothing_is_said_of_a_broken_split() -> None:
    found = readout(evidence(lost=300))
    assert not found["split"]["holds"]
    assert (found["metrics"], found["segments"], found["over_time"]) == ([], [], [])
    assert found["decision"]["outcome"] == "none"
    assert "'call' has 1,700 units where 1,900 were" in found["split"]["sentence"]


def test_rows_set_aside_more_often_in_one_arm_break_the_split(over: Evidence) -> None:
    counts = {arm: over.arms[arm].count + (60 if arm == "mail" else 5) for arm in ARMS}
    found = readout(replace(over, sizes=Sizes(counts, over.sizes.shares)))
    assert [check["what"] for check in found["split"]["checks"]] == ["units of the arms", "units set aside, by arm"]
    assert not found["split"]["holds"]
    assert "set aside" in found["split"]["sentence"]


def test_before_the_end_the_last_point_of_the_curve_is_the_reading() -> None:
    found = readout(evidence(planned=12_000))
    assert found["progress"]["interval"] == "always-valid"
    assert "6,000 of 12,000 planned units (50%)" in found["progress"]["sentence"]
    spend = found["metrics"][1]["lines"][0]["absolute"]
    curve = next(c for c in found["over_time"] if (c["metric"], c["arm"]) == ("spend", "mail"))
    assert len(curve["points"]) == 10
    last = curve["points"][-1]
    assert {name: last[name] for name in ("value", "lower", "upper")} == spend


def test_segments_are_exploratory_and_pay_for_each_other(over: Evidence) -> None:
    found = readout(over)
    assert {(s["column"], s["value"]) for s in found["segments"]} == {("customer", "new"), ("customer", "old")}
    assert len(found["segments"]) == 2 * 2 * 3
    for segment in found["segments"]:
        assert segment["adjusted_p_value"] >= segment["p_value"]
        assert segment["sentence"].startswith("Exploratory")


def test_without_a_rule_it_is_a_reading(over: Evidence) -> None:
    found = readout(replace(over, decides=False))
    assert found["decision"]["outcome"] == "none"
    assert found["decision"]["rule"] is None
    assert found["metrics"][0]["role"] == "read"


def test_statistics_that_were_changed_are_refused(over: Evidence) -> None:
    statistics = readout(over)["statistics"]
    with pytest.raises(BadRequest, match="another version"):
        from_statistics({**statistics, "mood": "good"})
    with pytest.raises(BadTrial, match="no units"):
        readout(replace(over, sizes=Sizes({**over.sizes.counts, "call": 0}, over.sizes.shares)))
    with pytest.raises(BadRequest, match="metric 'margin' is none of"):
        replace(over, units_of={"margin": "EUR"})
