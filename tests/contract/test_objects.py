"""Objects: what a folder and a bucket both promise."""

import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.errors import BadFile, BadRequest, ObjectMissing
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.objects import ObjectInfo
from jobs.storage.s3_objects import S3Objects

Home = S3Objects | FolderObjects


def test_what_was_put_is_got_byte_for_byte(objects: Home) -> None:
    for body in (b"", b"\x00\xff\n", b"x" * 3_000_000):
        key = f"files/of {len(body)} bytes"
        assert objects.put_if_absent(key, body)
        assert objects.get(key) == body


def test_a_second_put_changes_nothing(objects: Home) -> None:
    assert objects.put_if_absent("models/card.json", b"first")
    before = objects.list("")
    assert not objects.put_if_absent("models/card.json", b"second")
    assert not objects.put_if_absent("models/card.json", b"first")
    assert objects.get("models/card.json") == b"first"
    assert objects.list("") == before


def test_of_32_writers_at_once_one_wins_and_its_body_stands(objects: Home) -> None:
    start = threading.Barrier(32)

    def put(i: int) -> bool:
        start.wait()
        return objects.put_if_absent("ledger/000001.json", b"%d" % i)

    with ThreadPoolExecutor(32) as threads:
        won = list(threads.map(put, range(32)))
    assert won.count(True) == 1
    assert objects.get("ledger/000001.json") == b"%d" % won.index(True)


def test_equal_bodies_have_one_winner_too(objects: Home) -> None:
    start = threading.Barrier(8)

    def put(_: int) -> bool:
        start.wait()
        return objects.put_if_absent("same", b"same")

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(put, range(8))).count(True) == 1


def test_a_listing_is_by_prefix_of_the_key_and_sorted(objects: Home) -> None:
    for key in ("b/2", "b/10", "b", "ba/1", "b-c/1", "a/1", "é/1"):
        if isinstance(objects, FolderObjects) and key == "b":
            continue  # a folder cannot hold a file and a folder of one name
        objects.put_if_absent(key, key.encode())
    assert [o.key for o in objects.list("b/")] == ["b/10", "b/2"]
    assert [o.key for o in objects.list("b") if o.key != "b"] == ["b-c/1", "b/10", "b/2", "ba/1"]
    assert [o.key for o in objects.list("b/1")] == ["b/10"]
    assert objects.list("nothing/here/") == []
    assert [o.key for o in objects.list("")][-1] == "é/1"


def test_a_listing_tells_size_and_a_version_that_follows_the_contents(objects: Home) -> None:
    objects.put_if_absent("a", b"12345")
    objects.put_if_absent("b", b"54321!")
    a, b = objects.list("")
    assert (a.size, b.size) == (5, 6)
    assert a.version != b.version
    assert objects.list("") == [a, b]
    assert isinstance(a, ObjectInfo)


def test_an_empty_home_lists_nothing(objects: Home) -> None:
    assert objects.list("") == []


def test_a_missing_object_is_named_with_its_address(objects: Home) -> None:
    with pytest.raises(ObjectMissing, match=r"absent\.json does not exist"):
        objects.get("some/absent.json")
    with pytest.raises(ObjectMissing, match=r"absent\.json does not exist"):
        objects.presign("some/absent.json", 60)
    with pytest.raises(ObjectMissing):
        objects.open("some/absent.json", "1")


def test_a_presigned_address_can_be_read_by_anybody(objects: Home) -> None:
    objects.put_if_absent("published/offers ä.csv", b"customer_id\nc1\n")
    with urllib.request.urlopen(objects.presign("published/offers ä.csv", 60)) as answer:
        assert answer.read() == b"customer_id\nc1\n"


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_an_address_lives_from_a_second_to_seven_days(objects: Home, seconds: int) -> None:
    objects.put_if_absent("a", b"")
    with pytest.raises(BadRequest, match="604800"):
        objects.presign("a", seconds)


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a\\b", "a\x00b"])
def test_a_key_that_one_home_cannot_hold_is_refused_by_both(objects: Home, key: str) -> None:
    with pytest.raises(BadRequest, match="not allowed"):
        objects.put_if_absent(key, b"")
    with pytest.raises(BadRequest, match="not allowed"):
        objects.get(key)


def test_parts_of_an_object_can_be_read_at_any_place(objects: Home) -> None:
    objects.put_if_absent("file", bytes(range(200)))
    with objects.open("file", objects.list("file")[0].version) as file:
        assert file.read(3) == b"\x00\x01\x02"
        file.seek(-2, 2)
        assert file.read() == b"\xc6\xc7"
        assert file.tell() == 200
        assert file.read(1) == b""
        file.seek(100)
        file.seek(5, 1)
        assert file.read(1) == b"i"


def test_another_version_of_an_object_is_refused(objects: Home) -> None:
    objects.put_if_absent("file", b"1")
    with pytest.raises(BadFile, match="changed since the plan"):
        objects.open("file", "another")
