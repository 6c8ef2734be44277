"""A rule decides as it was written: ship, hold or stop with reasons, and seldom ships what does nothing."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.decision import Criteria, Decision, decide, undecided
from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.interval import Estimate, FixedHorizon, contrast
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.reading import Line, Reading, Rule, read
from jobs.science.experiment.split import check_split

SPEND, VISIT, COMPLAINTS = (Metric(name, "mean", name) for name in ("spend", "visit", "complaints"))
UNITS = 10_000


def line(metric: Metric, value: float, error: float = 0.1, arm: str = "mail", verdict: str | None = None) -> Line:
    found = contrast(
        Estimate(10.0, error**2 / 2, UNITS // 2),
        Estimate(10.0 + value, error**2 / 2, UNITS // 2),
        0.05 if verdict is None else 0.1,
    )
    return Line(metric.name, arm, found, found.p_value if verdict is None else None, verdict)


def decided(
    *lines: Line, fraction: float = 1.0, criteria: Criteria | None = None, rate: float | None = None
) -> Decision:
    names = {found.metric for found in lines if found.guardrail is None}
    rule = Rule(
        tuple(metric for metric in (SPEND, VISIT) if metric.name in names),
        UNITS,
        ((COMPLAINTS, Guardrail(0.2, "lower")),) if any(found.guardrail for found in lines) else (),
    )
    return decide(rule, Reading(fraction, fraction >= 1.0, lines), criteria, units_a_day=rate)


def test_a_sure_gain_with_guardrails_held_ships() -> None:
    found = decided(line(SPEND, 0.5), line(COMPLAINTS, 0.0, 0.05, verdict="held"))
    assert (found.outcome, found.arm) == ("ship", "mail")
    assert found.reasons == (
        "spend with 'mail' is surely higher: +0.500 (95% +0.304 to +0.696), p < 0.0001 after Holm's correction.",
        "Every guardrail held with 'mail'.",
    )


def test_reasons_have_the_units_of_the_metrics() -> None:
    bought, late = Metric("bought", "proportion", "bought"), Metric("late", "proportion", "late")
    rule = Rule((bought, SPEND), UNITS, ((late, Guardrail(0.02, "lower")),))
    lines = line(bought, 0.05, 0.01), line(SPEND, 0.5), line(late, 0.05, 0.01, verdict="broken")
    gains = decide(rule, Reading(1.0, True, lines[:2]), units_of={"spend": "euro"}).reasons
    assert gains[0].startswith("bought with 'mail' is surely higher: +5.00 points (95% +3.04 to +6.96), p < 0.0001")
    assert gains[1].startswith("spend with 'mail' is surely higher: +0.500 euro (95% +0.304 to +0.696), p < 0.0001")
    (harm,) = decide(rule, Reading(1.0, True, lines)).reasons
    assert (
        harm
        == "Guardrail late is broken with 'mail': +5.00 points (90% +3.35 to +6.65), where 2 points more was allowed."
    )


def test_a_broken_guardrail_stops_whatever_was_gained() -> None:
    found = decided(line(SPEND, 0.5), line(COMPLAINTS, 0.5, 0.05, verdict="broken"))
    assert (found.outcome, found.arm) == ("stop", None)
    assert found.reasons[0].startswith("Guardrail complaints is broken with 'mail': +0.500 (90% +0.418 to +0.582)")
    assert found.reasons[0].endswith("where 0.2 more was allowed.")


def test_a_gain_whose_guardrail_is_open_waits_and_says_for_how_long() -> None:
    lines = line(SPEND, 0.8), line(COMPLAINTS, 0.1, 0.1, verdict="open")
    found = decided(*lines, fraction=0.4, rate=500.0)
    assert found.outcome == "hold"
    assert found.reasons[-1] == "6,000 of 10,000 planned units are left, 12 days at the present rate."
    assert decided(*lines).reasons[-1] == "The planned end has come: more units need an amendment, with its reason."


def test_the_wrong_way_stops_and_lower_may_be_better() -> None:
    assert decided(line(SPEND, -0.5)).outcome == "stop"
    assert "which is the wrong way" in decided(line(SPEND, -0.5)).reasons[0]
    assert decided(line(SPEND, -0.5), criteria=Criteria({"spend": "lower"})).outcome == "ship"


def test_one_gain_ships_only_when_no_other_metric_is_surely_worse() -> None:
    assert decided(line(SPEND, 0.5), line(VISIT, 0.0)).outcome == "ship"
    assert decided(line(SPEND, 0.5), line(VISIT, -0.5)).outcome == "stop"


def test_before_the_end_what_is_open_holds_and_what_is_ruled_out_stops() -> None:
    worth = Criteria(minimum_effect={"spend": 0.3})
    assert decided(line(SPEND, 0.1), fraction=0.5).outcome == "hold"
    assert decided(line(SPEND, 0.15), fraction=0.5, criteria=worth).outcome == "hold"
    found = decided(line(SPEND, -0.05), fraction=0.5, criteria=worth)
    assert found.outcome == "stop"
    relative = decided(line(SPEND, -0.05), fraction=0.5, criteria=Criteria(minimum_relative_effect={"spend": 0.03}))
    assert relative == found, "3% of a control of 10 are 0.3"
    assert "0.300 or more, what was worth having, is ruled out" in found.reasons[0]


def test_at_the_end_without_success_power_decides_between_no_and_too_small() -> None:
    assert decided(line(SPEND, 0.1)).outcome == "stop"
    enough = decided(line(SPEND, 0.15), criteria=Criteria(minimum_effect={"spend": 0.3}))
    assert enough.outcome == "stop"
    assert "with a chance of 85%, so there is hardly one." in enough.reasons[0]
    weak = decided(line(SPEND, 0.15), criteria=Criteria(minimum_effect={"spend": 0.2}))
    assert weak.outcome == "hold"
    assert "less than the 80% that were planned" in weak.reasons[0]
    assert "too small to say no" in weak.reasons[1]


def test_of_two_arms_the_better_ships_and_one_that_stops_stops_only_itself() -> None:
    found = decided(line(SPEND, 0.5), line(SPEND, 0.7, arm="call"))
    assert (found.outcome, found.arm) == ("ship", "call")
    assert found.reasons[-1] == "'mail' could ship too: 'call' has the largest effect on spend."
    waiting = decided(line(SPEND, -0.5), line(SPEND, 0.1, arm="call"), fraction=0.5)
    assert waiting.outcome == "hold"
    assert [arm.outcome for arm in waiting.arms] == ["stop", "hold"]
    assert "call" in waiting.reasons[0]


def test_a_broken_split_decides_nothing() -> None:
    found = undecided("The split is off.")
    assert (found.outcome, found.arm, found.arms) == ("none", None, ())
    assert found.reasons[0] == "The split is off."


def test_criteria_that_cannot_be_are_refused() -> None:
    for wrong in (
        {"better": {"spend": "bigger"}},
        {"minimum_effect": {"spend": 0.0}},
        {"minimum_effect": {"spend": float("nan")}},
        {"power": 1.0},
    ):
        with pytest.raises(BadRequest):
            Criteria(**wrong)


def shipped(worlds: int, looks: int, gain: float, seed: int) -> float:
    """Share of trials that ship at any of their looks: two success metrics, a guardrail, each look by its own rule."""
    rule = Rule((SPEND, VISIT), 4000, ((COMPLAINTS, Guardrail(0.3, "lower")),))
    names = [metric.name for metric in rule.metrics]
    generator = np.random.default_rng(seed)
    count = 0
    for _ in range(worlds):
        arms = {arm: Moments.empty(names) for arm in ("none", "mail")}
        for look in range(looks):
            for arm in ("none", "mail"):
                rows = generator.normal(0.0, 1.0, (2000 // looks, 3))
                rows[:, 0] += gain * (arm == "mail")
                arms[arm] = arms[arm].merge(Moments.of_rows(names, rows))
            split = check_split({arm: found.count for arm, found in arms.items()}, {"none": 0.5, "mail": 0.5})
            reading = read(rule, split, arms, "none")
            assert reading.is_final == (look == looks - 1)
            if decide(rule, reading).outcome == "ship":
                count += 1
                break
    return count / worlds


def test_a_rule_that_looks_five_times_seldom_ships_what_does_nothing() -> None:
    # only gains ship, so alpha .05 leaves 2.5% at one look; 400 worlds have a standard error of .8%
    assert shipped(400, 5, 0.0, 1) <= 0.05
    assert shipped(60, 5, 0.2, 2) == 1.0


@pytest.mark.long
def test_false_ships_of_4000_trials_stay_within_alpha() -> None:
    assert shipped(4000, 5, 0.0, 3) <= 0.035


def test_what_is_sure_at_the_end_is_not_yet_so_at_a_tenth_of_it() -> None:
    arms = Estimate(10.0, 0.005, 500), Estimate(10.25, 0.005, 500)
    for reach, fraction, outcome in ((AlwaysValid(0.1), 0.1, "hold"), (FixedHorizon(), 1.0, "ship")):
        found = contrast(*arms, reach=reach)
        lines = (Line("spend", "mail", found, found.p_value, None),)
        assert decide(Rule((SPEND,), UNITS), Reading(fraction, fraction >= 1.0, lines)).outcome == outcome
