"""The page of an experiment: three answers first, every figure said, no effect where the split is broken."""

import json
from dataclasses import replace
from typing import Any

import pytest

from jobs.pages.experiment import answers, experiment_html
from jobs.science.experiment.readout import readout
from tests.unit.pages.markup import checked
from tests.unit.pages.test_promised import SAID
from tests.unit.science.experiment.readouts import evidence


@pytest.fixture(scope="module")
def over() -> dict[str, Any]:
    return plain(readout(evidence()))


def plain(document: object) -> dict[str, Any]:
    """The document as a file holds it."""
    return json.loads(json.dumps(document, allow_nan=False))  # type: ignore[no-any-return]


def test_the_three_answers_come_first(over: dict[str, Any]) -> None:
    said = answers(over)
    assert (said.title, said.badge, said.level) == ("Ship mail", "ship", "stable")
    assert said.over == "It is over: 6,000 units of 6,000 that were planned."
    assert said.did[0] == over["metrics"][0]["lines"][0]["sentence"]
    assert "In euros, over all units of the arm: " in said.did[1]
    assert said.now[-1] == "Every guardrail held with 'mail'."
    words = checked(experiment_html(over))
    places = [
        words.index(part) for part in ("Ship mail", "Is it over?", "What did it do?", "What now?", "Were the arms")
    ]
    assert places == sorted(places)


def test_every_metric_arm_and_interval_is_said(over: dict[str, Any]) -> None:
    words = checked(experiment_html(over))
    for said in (
        "decides · proportion of visit", "mean of spend, adjusted by past_spend (CUPED)", "read, decides nothing",
        "may be 5.0% lower at most, 90% intervals, each end of which is sure to 95%",
        "0.9 quantile of spend", "better", "held", "not known",
        "+7.00 pp", "+25.0%", "€18.73", "3 rows: column 'spend' holds no number", "6,000 of 6,003 rows used",
        "units of the arms: p = 1.000", "none of them is surely worse and every guardrail holds",
        "exploratory", "1,980 units", "0" * 64,
        "As of 10 March 2026", "fixed-horizon",
    ):  # fmt: skip
        assert said in words, said


def test_charts_stand_beside_their_figures(over: dict[str, Any]) -> None:
    html = experiment_html(over)
    assert html.count("<svg") == 1 + 2 + 6 + 1  # split, two forests, six curves, one segmentation
    assert "+7.00 pp now" in checked(html)


def test_a_broken_split_shows_no_effect_and_says_what_to_check() -> None:
    document = plain(readout(evidence(lost=300)))
    html = experiment_html(document)
    words = checked(html)
    assert answers(document).title == "Nothing can be concluded"
    for said in ("The split is broken: no effect is shown", "'call' has 1,700 units", "What to check", "no decision"):
        assert said in words, said
    assert html.count("<svg") == 1
    assert "What each arm did" not in words


def test_before_the_end_intervals_hold_at_every_look() -> None:
    amended = ({"on": "2026-03-05", "who": "ana", "reason": "two weeks more"},)
    running = replace(evidence(planned=12_000, effect=0.0), ends_on="2026-03-24", amendments=amended)
    words = checked(experiment_html(plain(readout(running))))
    for said in (
        "Keep it running", "6,000 of 12,000 planned units (50%)", "The planned end is 24 March 2026.", "always-valid",
        "planned end", "The file was amended after the start, on 2026-03-05, by ana: two weeks more",
    ):  # fmt: skip
        assert said in words, said


def test_a_trial_that_is_over_and_has_not_decided_is_not_told_to_run_on(over: dict[str, Any]) -> None:
    late = {**over, "decision": {**over["decision"], "outcome": "hold", "arm": None}}
    assert answers(late).title == "Hold: it is over and has not decided"


def test_without_a_rule_it_only_reads() -> None:
    document = plain(readout(replace(evidence(), decides=False)))
    assert (answers(document).title, answers(document).badge) == ("Mail or call in spring", "no decision")
    words = checked(experiment_html(document))
    assert "people decide" in words
    assert "The rule, as it was written" not in words


def test_what_it_did_to_those_who_met_it_stands_under_the_line() -> None:
    document = plain(readout(replace(evidence(), exposed="opened")))
    assert document["metrics"][0]["lines"][0]["exposed"]["sentence"] in checked(experiment_html(document))


def test_a_campaign_is_held_against_its_promise() -> None:
    source = replace(evidence().source, kind="campaign", name="spring")
    document = plain(readout(replace(evidence(), source=source, promised=SAID, decides=False)))
    html = experiment_html(document)
    words = checked(html)
    for said in (
        "campaign, read by its holdout · spring", "Promised against measured", "+€24,310", "+€8,300 to +€17,500", "p14",
        "Effects of spring are multiplied by 0.55.", "53.0%", "spring: +€12,900 measured, €24,310 promised",
    ):  # fmt: skip
        assert said in words, said
    assert "no decision" not in words


def test_hostile_and_long_names_and_many_metrics_stay_a_page(over: dict[str, Any]) -> None:
    wild = plain(over)
    name = "<script>alert(1)</script> & \"quoted\" 'name' " * 3
    arms = [f"{name} {n}" for n in range(5)]
    line = wild["metrics"][0]["lines"][0]
    wild["metrics"] = [
        {**wild["metrics"][0], "metric": f"{name} {n}", "unit": name, "lines": [{**line, "arm": arm} for arm in arms]}
        for n in range(12)
    ]
    wild |= {"title": name, "control": name, "unit": name, "warnings": [name], "segments": [], "over_time": []}
    wild["arms"] = [{**wild["arms"][0], "arm": arm} for arm in (name, *arms)]
    wild["source"] |= {"name": name, "set_aside": [{"reason": name, "rows": 3}]}
    rule = {**wild["decision"]["rule"], "success": [name], "correction": name}
    wild["decision"] = {"outcome": "ship", "arm": arms[0], "reasons": [name], "arms": [], "rule": rule}
    html = experiment_html(wild)
    assert "alert(1)" in checked(html)
    assert "<script" not in html
    assert html.count("<circle") == 6 + 2 * 60


def test_one_arm_and_one_metric_are_a_page(over: dict[str, Any]) -> None:
    small = plain(over)
    small["metrics"] = [{**small["metrics"][0], "lines": small["metrics"][0]["lines"][:1]}]
    small |= {"arms": small["arms"][:2], "segments": [], "over_time": [], "as_of": None}
    small["progress"] |= {"units_planned": None, "ends_on": None}
    words = checked(experiment_html(small))
    assert "Within segments" not in words
    assert "How the effect came about" not in words
