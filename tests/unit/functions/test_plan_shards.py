"""plan_shards lists the night's steps, and plans and claims the run of one."""

import pytest

from functions.plan_shards import handler
from jobs.errors import BadRequest, RunBusy, UnknownCampaign
from jobs.runtime.plan import read_manifest
from jobs.runtime.stores import Stores
from jobs.score_uplift import ScoreUplift, score_uplift
from tests.trained import CAMPAIGN, DAY, FIRST_NIGHT
from tests.unit.functions.handlers import Context, example


@pytest.mark.parametrize("name", ["nightly", "plan_shards"])
def test_the_steps_of_the_day_before_the_schedules_moment_are_listed(stores: Stores, name: str) -> None:
    answer = handler(example(name), Context())
    assert answer["run_date"] == str(DAY)
    assert [(s["verb"], s["run_date"]) for s in answer["steps"]] == [(s.verb, str(DAY)) for s in FIRST_NIGHT]
    assert [s["kind"] for s in answer["steps"] if s["verb"] == "score-uplift"] == [CAMPAIGN]


def test_a_step_is_planned_and_claimed_and_told_by_its_keys_alone(stores: Stores) -> None:
    answer = handler(example("plan_shards.step"), Context("request-9"))
    assert (answer["state"], answer["attempt"], answer["shards"]) == ("planned", 1, [0, 1])
    manifest = read_manifest(stores, answer["run_id"])
    assert (manifest.verb, manifest.kind, manifest.run_date) == ("score-uplift", CAMPAIGN, DAY)
    [run] = stores.ledger.runs(DAY)
    assert (run["state"], run["holder"]) == ("running", "request-9")


def test_a_run_that_is_held_is_busy(stores: Stores) -> None:
    handler(example("plan_shards.step"), Context("first"))
    with pytest.raises(RunBusy, match="held by first until"):
        handler(example("plan_shards.step"), Context("second"))


def test_a_run_that_was_finished_is_already_done(stores: Stores) -> None:
    report = score_uplift(ScoreUplift(DAY, CAMPAIGN), stores)
    answer = handler(example("plan_shards.step"), Context())
    assert (answer["state"], answer["run_id"], answer["shards"]) == ("already done", report.run_id, [])


def test_a_step_without_input_says_what_was_looked_for(stores: Stores) -> None:
    answer = handler(example("plan_shards.step", verb="allocate-offers", kind="offers"), Context())
    assert answer["state"] == "no input"
    assert "builds on score-uplift" in answer["why"]


def test_an_unknown_campaign_is_named(stores: Stores) -> None:
    with pytest.raises(UnknownCampaign, match="'autumn'"):
        handler(example("plan_shards.step", kind="autumn"), Context())


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "no readable 'run_date'"),
        ({"run_date": "21.11.2026"}, "no readable 'run_date'"),
        ({"run_date": 20261121}, "no readable 'run_date'"),
        ({"scheduled_at": "tonight"}, "'scheduled_at'"),
        ({"run_date": "2026-11-21", "verb": "fly", "kind": "x"}, "verb 'fly' is not in the chain"),
        ({"run_date": "2026-11-21", "verb": "score-fraud"}, "the event's 'kind' is None, must be str"),
        ({"run_date": "2026-11-21", "verb": 7, "kind": "x"}, "the event's 'verb' is 7, must be str"),
        ({"run_date": "2026-11-21", "verb": "score-fraud", "kind": "offers"}, "kind 'offers'.*score-fraud.*'fraud'"),
    ],
)
def test_a_wrong_event_is_named_with_its_field(stores: Stores, event: dict[str, object], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        handler(event, Context())
    assert stores.ledger.runs() == []
