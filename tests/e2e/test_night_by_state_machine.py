"""The night as the state machine runs it: the handlers themselves, each in a process of its own."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
import pytest
import tomli_w

from infra.local.cloud import LocalCloud
from infra.local.deployment import CHAIN, ROOT, Deployment, Execution
from infra.local.home import LocalHome
from infra.local.load import put_parquet
from jobs.nightly.publication import write_page
from jobs.runtime.layout import campaign_key
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.tables.outputs import OFFERS, OUTPUTS
from tests.e2e.conftest import Night
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, FIRST_NIGHT, SEED, build_history, rows_of, states

EVENT, LANDED = (json.loads((ROOT / "events" / f"{name}.json").read_text()) for name in ("nightly", "landed"))


class Site:
    """A home with the same inputs and models as the night of this process, and the functions deployed to it."""

    def __init__(self, cloud: LocalCloud, home: LocalHome, like: Night) -> None:
        self.deployment = Deployment(cloud, home)
        self.home = home
        _copy(like.home.bucket, home.bucket, ("inputs/", "campaigns/", "models/"))
        self.stores: Stores = open_stores()
        build_history(self.stores)
        self.named = self.deployment.substitutions()

    def machine(self) -> str:
        return self.deployment.state_machine("nightly", CHAIN, self.named)

    def run(self, machine: str, event: Any) -> Execution:
        return self.deployment.run(machine, event)


def _copy(source: str, target: str, prefixes: tuple[str, ...]) -> None:
    s3 = boto3.client("s3")
    for prefix in prefixes:
        for found in s3.list_objects_v2(Bucket=source, Prefix=f"netlift/{prefix}")["Contents"]:
            s3.copy_object(Bucket=target, Key=found["Key"], CopySource={"Bucket": source, "Key": found["Key"]})


@pytest.fixture(scope="module")
def deployed(local_cloud: LocalCloud, ran_night: Night) -> Site:
    home = local_cloud.fresh_home()
    with home.applied():
        return Site(local_cloud, home, ran_night)


@pytest.fixture
def site(deployed: Site) -> Iterator[Site]:
    with deployed.home.applied():
        yield deployed


@pytest.mark.long
def test_the_state_machine_writes_what_the_night_in_process_writes(site: Site, ran_night: Night) -> None:
    """Then the same trigger comes again, and data are said to have landed, twice: all end quietly."""
    ended = site.run(site.machine(), EVENT)
    assert ended.status == "SUCCEEDED", ended.cause
    assert [(step["verb"], step["state"]) for step in ended.output] == [(s.verb, "finished") for s in FIRST_NIGHT]
    assert [step["run_id"] for step in ended.output] == [report.run_id for report in ran_night.reports]
    assert ended.entered().count("WorkShard") == 1 + len(FIRST_NIGHT), "customers are two files, so two shards"
    written = {name: OUTPUTS[name] for name in {"quarantine"}.union(*(s.writes for s in FIRST_NIGHT))}
    here = {name: rows_of(site.stores, table, run_date=DAY) for name, table in written.items()}
    published, before = _published(site.home), states(site.stores)
    with ran_night.home.applied():
        for name, table in written.items():
            there = rows_of(ran_night.stores, table, run_date=DAY)
            assert there.num_rows, name
            assert here[name].equals(there), name
        assert published
        page = write_page(DAY, ran_night.reports, ran_night.stores)
        assert {key: body for key, body in _published(ran_night.home).items() if _is_list_of_the_day(key)} == published
        ours = ran_night.stores.objects.get(page.removeprefix(f"{ran_night.stores.objects.uri}/")).decode()
    address = json.loads(ended.exited("WritePage"))["anything"]["page"]["address"]
    theirs = site.stores.objects.get(address.removeprefix(f"{site.stores.objects.uri}/")).decode()
    assert _told(theirs, site.home) == _told(ours, ran_night.home), "the same page, but for seconds and the bucket"
    machine = site.machine()
    for event in (EVENT, LANDED, LANDED):
        again = site.run(machine, event)
        assert (again.status, _states_of(again)) == ("SUCCEEDED", {"already done"})
        assert json.loads(again.exited("WritePage"))["anything"]["page"]["address"] == address, "and the same page"
    assert states(site.stores) == before
    runs = site.stores.ledger.runs(DAY)
    assert [(run["state"], run["attempt"]) for run in runs] == [("finished", 1)] * len(FIRST_NIGHT)


@pytest.mark.long
def test_two_triggers_at_once_are_one_night(site: Site) -> None:
    """One works, the other sees it and ends quietly; every run is attempted once and nothing is committed twice."""
    machine, event = site.machine(), {"run_date": str(DAY + timedelta(days=1))}
    with ThreadPoolExecutor(2) as triggers:
        ended = list(triggers.map(lambda _: site.run(machine, event), range(2)))
    assert [execution.status for execution in ended] == ["SUCCEEDED", "SUCCEEDED"], [e.cause for e in ended]
    [idle] = [execution for execution in ended if isinstance(execution.output, dict)]
    [worked] = [execution for execution in ended if execution is not idle]
    assert idle.output["state"] == "another is at work"
    assert {step["state"] for step in worked.output} == {"finished"}
    runs = site.stores.ledger.runs(DAY + timedelta(days=1))
    assert [(run["state"], run["attempt"]) for run in runs] == [("finished", 1)] * len(FIRST_NIGHT)
    offers = rows_of(site.stores, OFFERS, run_date=DAY + timedelta(days=1))["customer_id"].to_pylist()
    assert len(offers) == len(set(offers)) == CUSTOMERS


def test_a_trigger_without_new_data_ends_quietly(local_cloud: LocalCloud, local_home: LocalHome) -> None:
    """Files are there, but of a day after the one that the trigger asks for."""
    stores = open_stores()
    world = World(SEED, 100, DAY + timedelta(days=1), days=1)
    stores.objects.put_if_absent(campaign_key(CAMPAIGN), tomli_w.dumps(world.campaign()).encode())
    for shard in world.shards():
        day = f"date={world.run_date}/part-0"
        put_parquet(stores.objects, "customers", day, world.customers(shard))
        put_parquet(stores.objects, "transactions", day, world.transactions(shard))
        put_parquet(stores.objects, "fraud_reports", day, world.fraud_reports(shard))
    deployment = Deployment(local_cloud, local_home)
    ended = deployment.run(deployment.nightly(), EVENT)
    assert ended.status == "SUCCEEDED", ended.cause
    assert [(step["verb"], step["state"]) for step in ended.output] == [(s.verb, "no input") for s in FIRST_NIGHT]
    why = {step["verb"]: step["why"] for step in ended.output}
    assert "put the customers there" in why["score-uplift"]
    assert states(stores) == {}


def _published(home: LocalHome) -> dict[str, bytes]:
    s3 = boto3.client("s3")
    listed = s3.list_objects_v2(Bucket=home.bucket, Prefix=f"netlift/published/{CAMPAIGN}/")["Contents"]
    return {f["Key"]: s3.get_object(Bucket=home.bucket, Key=f["Key"])["Body"].read() for f in listed}


def _is_list_of_the_day(key: str) -> bool:
    return str(DAY) in key


def _told(page: str, home: LocalHome) -> str:
    """What a page says, without what differs between two homes.

    That is the bucket's name, how long things took, and the digest in the name of a page that says the bucket's name.
    """
    named = re.sub(r"(/published/(?:segments|partners)/[\d-]{10}/)[0-9a-f]{16}\.html", r"\1", page)
    return re.sub(r">\d[\d.,]* ?s?<", "><", named.replace(home.bucket, "bucket"))


def _states_of(execution: Execution) -> set[str]:
    return {step["state"] for step in execution.output}
