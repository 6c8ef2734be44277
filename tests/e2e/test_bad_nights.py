"""Bad input in the deployed state machine: a named error in the execution, one sentence in the ledger, nothing lost."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import boto3
import pytest

from infra.local.cloud import LocalCloud
from infra.local.deploy_follow import Execution, follow
from jobs.runs import Runs, lines, runs
from jobs.tables.outputs import OFFERS, UPLIFT_SCORES
from tests.e2e.behind import FIRST_DAY, SPRING, Site, before, deployed_behind, put_campaign, some_customers
from tests.faults.unreliable import Faults
from tests.trained import rows_of, states

_days = (FIRST_DAY + timedelta(days=n) for n in count())


@pytest.fixture(scope="module")
def deployed(local_cloud: LocalCloud) -> Iterator[Site]:
    with deployed_behind(local_cloud, "bad", Faults(0.0, seed=1), {"BatchAboveShards": "1"}) as site:
        put_campaign(site.stores)
        yield site


@pytest.fixture
def site(deployed: Site) -> Iterator[Site]:
    with deployed.stack.applied():
        yield deployed


@pytest.fixture
def day() -> date:
    """A day of this test's own."""
    return next(_days)


def _failed(site: Site, day: date, ended: Execution, name: str, *said: str, verb: str = SPRING) -> None:
    """The night failed under this name, in this sentence, and so the ledger and `netlift runs` have it."""
    assert (ended.status, ended.error) == ("FAILED", name), ended.cause
    run = site.run_of(day, verb)
    assert (run["state"], run["error"]["type"], run["error"]["message"]) == ("failed", name, ended.cause)
    for part in said:
        assert part in ended.cause
    assert ended.cause.endswith(".")
    assert "\n" not in ended.cause
    assert "stackTrace" not in ended.cause
    assert f"{name}: {ended.cause}" in lines(runs(Runs(day), site.stores))


def test_a_file_that_vanished_after_the_plan(site: Site, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    [key] = site.put_customers(day, some_customers(0))
    before(monkeypatch, "run-shard", lambda: site.delete(key))
    _failed(site, day, site.night(day), "ObjectMissing", f"{key} does not exist", "write it first")


@pytest.mark.long
def test_a_plan_that_vanished_after_it_was_made(site: Site, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next trigger plans the same run anew, and works it."""
    site.put_customers(day, some_customers(0))
    before(monkeypatch, "run-shard", lambda: site.delete(f"manifests/{site.run_of(day)['run_id']}.json"))
    _failed(site, day, site.night(day), "ObjectMissing", "the plan of run score-uplift-spring", "plans anew")
    again = site.night(day)
    assert again.status == "SUCCEEDED", again.cause
    assert site.run_of(day)["attempt"] == 2


@pytest.mark.long
def test_a_file_that_grew_after_the_plan(site: Site, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is used; the next night plans it as it is now."""
    [key] = site.put_customers(day, some_customers(0, 20))
    [other] = site.put_customers(day + timedelta(days=400), some_customers(0, 40))
    larger = site.stores.objects.get(other)
    before(monkeypatch, "run-shard", lambda: site.replace(key, larger))
    _failed(site, day, site.night(day), "BadFile", f"{key} has changed since the plan", "plan the run again")
    again = site.night(day)
    assert again.status == "SUCCEEDED", again.cause
    assert rows_of(site.stores, OFFERS, run_date=day).num_rows == 40


@pytest.mark.long
def test_a_shard_of_zero_rows_is_a_shard(site: Site, day: date) -> None:
    """Beside one of forty: worked by an array job, staged as nothing, counted as nothing."""
    site.put_customers(day, some_customers(0, 40), some_customers(0, 40).slice(0, 0))
    ended = site.night(day)
    assert ended.status == "SUCCEEDED", ended.cause
    assert "WorkArray" in ended.entered()
    report = site.run_of(day)["report"]
    assert (report["rows_in"], report["rows_out"]) == (40, {UPLIFT_SCORES.name: 80})
    assert set(site.stores.ledger.staged(_key(site, day))) == {0, 1}


def _key(site: Site, day: date) -> Any:
    from jobs.runtime.plan import read_manifest

    return read_manifest(site.stores, site.run_of(day)["run_id"]).key


def test_a_night_of_nothing_but_empty_files_has_no_list_and_says_so(site: Site, day: date) -> None:
    site.put_customers(day, some_customers(0, 1).slice(0, 0))
    ended = site.night(day)
    assert ended.status == "SUCCEEDED", ended.cause
    assert site.run_of(day)["report"]["rows_in"] == 0
    assert rows_of(site.stores, OFFERS, run_date=day).num_rows == 0


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("{}", "no readable 'run_date'"),
        ('{"scheduled_at": "yesterday"}', "no readable 'run_date'"),
        ('{"run_date": 20261121}', "no readable 'run_date'"),
        ('{"detail-type": "Object Created", "detail": {}}', "no readable 'run_date'"),
        ('["2026-11-21"]', "must be a JSON object"),
        ('"2026-11-21"', "must be a JSON object"),
        ("null", "must be a JSON object"),
    ],
)
def test_an_event_of_another_shape_fails_with_what_it_should_be(site: Site, event: str, said: str) -> None:
    known = len(site.stores.ledger.runs())
    client = boto3.client("stepfunctions")
    machine = site.stack.machines()["nightly"]
    arn = client.start_execution(stateMachineArn=machine, name=f"bad-{uuid4().hex}", input=event)["executionArn"]
    ended = follow(client, arn)
    assert (ended.status, ended.error) == ("FAILED", "BadRequest"), ended.cause
    assert said in ended.cause
    assert "see events/" in ended.cause
    assert ended.cause.endswith(".")
    assert len(site.stores.ledger.runs()) == known


@pytest.mark.parametrize(
    ("pattern", "action"),
    [
        (r"GET /[^/]+/netlift/inputs/customers/.*parquet", "s3:GetObject"),
        (r"PUT /[^/]+/netlift/ledger/.*/staged/", "s3:PutObject"),
        (r"(PUT|POST) /[^/]+/data/", "s3tables:PutTableData"),
    ],
)
def test_a_permission_that_is_missing_is_named(site: Site, day: date, pattern: str, action: str) -> None:
    site.put_customers(day, some_customers(0))
    with site.refusing(pattern):
        ended = site.night(day)
    _failed(site, day, ended, "NotPermitted", f"refused {action}", "allow it to the role")


def test_a_permission_that_is_missing_while_the_run_is_planned_is_named(site: Site, day: date) -> None:
    site.put_customers(day, some_customers(0))
    with site.refusing(r"GET /[^/]+/netlift/campaigns/"):
        ended = site.night(day)
    _failed(site, day, ended, "NotPermitted", "AWS refused s3:GetObject", "campaigns/spring.toml")


def test_a_table_bucket_that_does_not_exist_is_named(site: Site, day: date) -> None:
    site.put_customers(day, some_customers(0))
    there = site.stack.outputs["TableBucketArn"]
    site.configure("run-shard", NETLIFT_TABLES=f"{there}-no-more")
    try:
        ended = site.night(day)
    finally:
        site.configure("run-shard", NETLIFT_TABLES=there)
    _failed(site, day, ended, "NotDeployed", f"{there}-no-more is not there", "correct NETLIFT_TABLES")


@pytest.mark.parametrize("which", ["a file", "the card"])
def test_a_model_that_is_not_the_version_that_was_promoted_scores_nothing(site: Site, day: date, which: str) -> None:
    site.put_customers(day, some_customers(0))
    keys = [o.key for o in site.stores.objects.list("models/uplift-spring/versions/")]
    [card] = [key for key in keys if key.endswith("card.json")]
    key = card if which == "the card" else next(key for key in keys if key != card)
    before = site.replace(key, site.stores.objects.get(key) + b" ")
    tables = states(site.stores)
    try:
        ended = site.night(day)
    finally:
        site.replace(key, before)
    _failed(site, day, ended, "TamperedModel", key.rpartition("/")[2])
    assert states(site.stores) == tables
    if which == "the card":
        assert "never planned" in lines(runs(Runs(day), site.stores))
