"""Online records keep their promises in DynamoDB and in a folder alike."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from jobs.errors import BadEnvironment, BadRequest, NotDeployed, StorageUnavailable
from jobs.storage.online import CHANGED_KEYS, READ_KEYS, OnlineRecords, open_online
from jobs.storage.online_dynamodb import DynamoDbRecords
from tests.clock import Clock

LATER_S = 3_600
ODD = "c/Zoë #1:%&'\"{}"


def make_table() -> str:
    """Make a table as template.yaml declares it."""
    name = f"online-{uuid4().hex[:8]}"
    boto3.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture(params=["folder", "dynamodb"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Callable[[], OnlineRecords]:
    """Open the same empty records, as often as one likes."""
    if request.param == "folder":
        return lambda: open_online(str(tmp_path / "a home"), clock)
    request.getfixturevalue("local_home")
    name = make_table()
    return lambda: open_online(f"dynamodb://{name}", clock)


@pytest.fixture
def records(opened: Callable[[], OnlineRecords]) -> OnlineRecords:
    return opened()


def _expiry(clock: Clock) -> int:
    return int(clock().timestamp()) + LATER_S


def test_what_was_written_is_read_and_nothing_else(records: OnlineRecords) -> None:
    assert records.write([(ODD, {"text": "été", "n": -3}), ("b", {})]) == 2
    assert records.read([ODD, "b", "absent", ODD]) == {ODD: {"text": "été", "n": -3}, "b": {}}


def test_a_later_record_stands_whole_in_the_place_of_an_earlier_one(records: OnlineRecords) -> None:
    records.write([("a", {"old": 1}), ("a", {"new": 2})])
    assert records.read(["a"]) == {"a": {"new": 2}}
    records.write([("a", {"newest": 3})])
    assert records.read(["a"]) == {"a": {"newest": 3}}


def test_many_records_are_all_written_and_read(records: OnlineRecords) -> None:
    assert records.write((f"k{n}", {"n": n}) for n in range(230)) == 230
    found = records.read([f"k{n}" for n in range(0, 230, 3)])
    assert found == {f"k{n}": {"n": n} for n in range(0, 230, 3)}


def test_a_record_is_absent_from_its_expiry_on(records: OnlineRecords, clock: Clock) -> None:
    records.write([("a", {"n": 1, "expires_at": _expiry(clock)})])
    clock.advance(LATER_S - 1)
    assert "a" in records.read(["a"])
    clock.advance(1)
    assert records.read(["a"]) == {}
    assert records.swap("a", {"token": "mine"}, None), "its place is free"


def test_too_many_at_once_and_impossible_keys_are_refused(records: OnlineRecords) -> None:
    with pytest.raises(BadRequest, match="101 records"):
        records.read([str(n) for n in range(READ_KEYS + 1)])
    many = {str(n): {"n": 1} for n in range(CHANGED_KEYS)}
    with pytest.raises(BadRequest, match="26 records"):
        records.add_once("t", {}, added=many, set_to={}, expires_at=2_000_000_000)
    for key in ("", "x" * 2049):
        with pytest.raises(BadRequest, match="empty or longer"):
            records.read([key])
        with pytest.raises(BadRequest, match="empty or longer"):
            records.write([(key, {})])


def test_what_is_added_once_is_added_once(records: OnlineRecords, clock: Clock) -> None:
    change: dict[str, Any] = {
        "added": {"count": {"all": 1, "large": 2}},
        "set_to": {"count": {ODD: "x"}, "list": {"t1": "12"}},
        "expires_at": _expiry(clock),
    }
    assert records.add_once("t/1", {"fingerprint": "f"}, **change)
    assert not records.add_once("t/1", {"fingerprint": "other"}, **change)
    assert records.add_once("t/2", {}, **change)
    expiry = {"expires_at": _expiry(clock)}
    assert records.read(["t/1", "count", "list"]) == {
        "t/1": {"fingerprint": "f", **expiry},
        "count": {"all": 2, "large": 4, ODD: "x", **expiry},
        "list": {"t1": "12", **expiry},
    }


def test_of_many_who_add_the_same_at_once_one_adds_and_different_ones_all_add(
    opened: Callable[[], OnlineRecords], clock: Clock
) -> None:
    won: list[bool] = []

    def add(key: str) -> None:
        won.append(opened().add_once(key, {}, added={"count": {"n": 1}}, set_to={}, expires_at=_expiry(clock)))

    threads = [threading.Thread(target=add, args=(key,)) for key in ("same", "same", "same", "a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won) == 4
    assert opened().read(["count"])["count"]["n"] == 4


def test_a_record_is_swapped_only_by_who_knows_it(records: OnlineRecords) -> None:
    assert records.swap("a", {"token": "one", "n": 1}, None)
    assert not records.swap("a", {"token": "two"}, None), "there is one already"
    assert not records.swap("a", {"token": "two"}, "zero"), "it is another one"
    assert records.swap("a", {"token": "two"}, "one")
    assert records.read(["a"]) == {"a": {"token": "two"}}
    assert not records.swap("absent", {"token": "two"}, "one")


def test_of_many_who_swap_at_once_one_wins(opened: Callable[[], OnlineRecords]) -> None:
    won: list[str] = []

    def swap(n: int) -> None:
        if opened().swap("a", {"token": str(n)}, None):
            won.append(str(n))

    threads = [threading.Thread(target=swap, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [opened().read(["a"])["a"]["token"]] == won


def test_an_empty_address_is_refused(clock: Clock) -> None:
    with pytest.raises(BadEnvironment, match="dynamodb://TABLE or to a folder"):
        open_online("", clock)


def test_a_table_that_is_not_there_is_named(local_home: LocalHome, clock: Clock) -> None:
    with pytest.raises(NotDeployed, match="dynamodb://nowhere: there is no such table"):
        open_online("dynamodb://nowhere", clock).read(["a"])


def test_a_dynamodb_that_does_not_answer_is_unavailable(
    local_cloud: LocalCloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_cloud.fresh_home().applied():
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        for act in (lambda r: r.read(["a"]), lambda r: r.write([("a", {})]), lambda r: r.swap("a", {}, None)):
            with pytest.raises(StorageUnavailable, match="no answer"):
                act(DynamoDbRecords("online", clock))


def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadEnvironment, match="cannot hold online records"):
        open_online(str(tmp_path / "file"), clock).read(["a"])
