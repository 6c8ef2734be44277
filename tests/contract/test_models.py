"""ModelStore: versions never change, every byte is verified, the champion is the log's last entry."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from jobs.errors import BadRequest, NotApproved, RetiredModel, TamperedModel, UnknownModel
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.models import Model, ModelStore
from jobs.storage.s3_objects import S3Objects
from tests.clock import Clock

FILES = {"booster.txt": b"tree\n" * 100, "calibration.json": b"[0.5]"}
CARD = {"metric": {"average_precision": 0.66}, "features": ["amount", "wörtlich"], "rounds": 100}


@pytest.fixture
def models(objects: S3Objects | FolderObjects, clock: Clock) -> ModelStore:
    return ModelStore(objects, clock)


def overwrite(objects: S3Objects | FolderObjects, key: str, body: bytes | None) -> None:
    """What no code of ours does: change or remove an object."""
    if isinstance(objects, FolderObjects):
        objects.path(key).unlink()
        if body is not None:
            objects.path(key).write_bytes(body)
    elif body is None:
        objects.client.delete_object(Bucket=objects.bucket, Key=f"some/prefix/{key}")
    else:
        objects.client.put_object(Bucket=objects.bucket, Key=f"some/prefix/{key}", Body=body)


def test_a_registered_model_comes_back_whole(models: ModelStore) -> None:
    version = models.register("fraud", FILES, CARD)
    assert version.startswith("2026-11-01-")
    assert models.load("fraud", version) == Model("fraud", version, FILES, CARD)
    assert models.versions("fraud") == [version]


def test_equal_contents_are_one_version_on_any_day(models: ModelStore, clock: Clock) -> None:
    version = models.register("fraud", FILES, CARD)
    clock.advance(7 * 86400)
    assert models.register("fraud", dict(reversed(FILES.items())), CARD) == version
    other = models.register("fraud", {**FILES, "booster.txt": b"other"}, CARD)
    assert other.startswith(str(date(2026, 11, 8)))
    assert models.versions("fraud") == [version, other]
    assert models.register("uplift-spring", FILES, CARD) != version
    assert models.versions("uplift-summer") == []


def test_models_that_register_at_once_do_not_harm_each_other(models: ModelStore) -> None:
    start = threading.Barrier(8)

    def register(i: int) -> str:
        start.wait()
        return models.register("fraud", FILES, {"n": i % 2})

    with ThreadPoolExecutor(8) as threads:
        versions = set(threads.map(register, range(8)))
    assert len(versions) == 2
    assert sorted(versions) == models.versions("fraud")
    assert all(models.load("fraud", v).files == FILES for v in versions)


@pytest.mark.parametrize("name", ["booster.txt", "calibration.json", "card.json"])
@pytest.mark.parametrize("change", ["one byte", "gone"])
def test_a_model_that_was_tampered_with_is_refused_by_the_files_name(
    models: ModelStore, objects: S3Objects | FolderObjects, name: str, change: str
) -> None:
    version = models.register("fraud", FILES, CARD)
    models.promote("fraud", version, "ada", "first")
    key = f"models/fraud/versions/{version}/{name}"
    overwrite(objects, key, objects.get(key)[:-1] + b" " if change == "one byte" else None)
    if (name, change) == ("card.json", "gone"):
        with pytest.raises(UnknownModel, match=f"no version '{version}'"):
            models.load("fraud", version)
    else:
        with pytest.raises(TamperedModel, match=name):
            models.load("fraud", version)
    with pytest.raises((TamperedModel, UnknownModel)):
        models.promote("fraud", version, "ada", "again")


def test_a_version_that_is_not_there_is_named_with_those_that_are(models: ModelStore) -> None:
    version = models.register("fraud", FILES, CARD)
    with pytest.raises(UnknownModel, match=f"fraud has no version '2026-01-01-ff' .known: {version}."):
        models.load("fraud", "2026-01-01-ff")
    with pytest.raises(UnknownModel, match="known: none"):
        models.promote("uplift-spring", version, "ada", "no")


def test_a_model_without_its_card_does_not_exist(models: ModelStore, objects: S3Objects | FolderObjects) -> None:
    """A registration that dies before its last write leaves nothing that can be loaded, and can be done again."""
    version = models.register("fraud", FILES, CARD)
    overwrite(objects, f"models/fraud/versions/{version}/card.json", None)
    assert models.versions("fraud") == []
    assert models.register("fraud", FILES, CARD) == version
    assert models.load("fraud", version).files == FILES


def test_the_champion_is_the_newest_entry(models: ModelStore, clock: Clock) -> None:
    with pytest.raises(UnknownModel, match="fraud has no champion"):
        models.champion("fraud")
    old, new = models.register("fraud", FILES, {"n": 1}), models.register("fraud", FILES, {"n": 2})
    for version, why in ((old, "first"), (new, "better"), (old, "rolled back")):
        models.promote("fraud", version, "ada", why)
        clock.advance(60)
        assert models.champion("fraud") == version
    history = models.history("fraud")
    assert [(h["version"], h["who"], h["why"]) for h in history] == [
        (old, "ada", "first"),
        (new, "ada", "better"),
        (old, "ada", "rolled back"),
    ]
    assert [h["at"] for h in history] == sorted({h["at"] for h in history})


def test_the_kinds_that_have_a_champion_are_known(models: ModelStore) -> None:
    assert models.kinds() == []
    for kind in ("uplift-spring", "fraud", "uplift-none"):
        version = models.register(kind, FILES, CARD)
        if kind != "uplift-none":
            models.promote(kind, version, "ada", "first")
    assert models.kinds() == ["fraud", "uplift-spring"]


def test_promotions_at_once_are_all_in_the_log(models: ModelStore) -> None:
    version = models.register("fraud", FILES, CARD)
    start = threading.Barrier(6)

    def promote(i: int) -> None:
        start.wait()
        models.promote("fraud", version, f"person-{i}", "at once")

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(promote, range(6)))
    assert sorted(h["who"] for h in models.history("fraud")) == [f"person-{i}" for i in range(6)]


def test_a_log_that_was_tampered_with_is_refused(models: ModelStore, objects: S3Objects | FolderObjects) -> None:
    versions = [models.register("fraud", FILES, {"n": n}) for n in range(3)]
    for version in versions:
        models.promote("fraud", version, "ada", "next")
    key = "models/fraud/champions/000002.json"
    whole = objects.get(key)
    entry: dict[str, Any] = json.loads(whole)
    overwrite(objects, key, json.dumps({**entry, "who": "eve"}).encode())
    with pytest.raises(TamperedModel, match=r"000002\.json was changed"):
        models.champion("fraud")
    entry.pop("sha256")
    overwrite(objects, key, json.dumps({**entry, "who": "eve"}).encode())
    with pytest.raises(TamperedModel, match=r"000003\.json: the entry before it"):
        models.champion("fraud")
    overwrite(objects, key, whole)
    last = "models/fraud/champions/000003.json"
    entry = json.loads(objects.get(last))
    entry.pop("sha256")
    overwrite(objects, last, json.dumps({**entry, "version": versions[0]}).encode())
    with pytest.raises(TamperedModel, match=r"000003\.json"):
        models.champion("fraud")
    overwrite(objects, last, b"{")
    with pytest.raises(TamperedModel, match="no entry of the log"):
        models.champion("fraud")


@pytest.mark.parametrize(
    ("kind", "files", "card"),
    [
        ("../fraud", FILES, CARD),
        ("", FILES, CARD),
        ("fraud", {"a/b": b""}, CARD),
        ("fraud", {}, CARD),
        ("fraud", {"card.json": b"{}"}, CARD),
        ("fraud", FILES, {"auc": float("nan")}),
        ("fraud", FILES, {"at": date(2026, 11, 1)}),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_written(
    models: ModelStore, objects: S3Objects | FolderObjects, kind: str, files: dict[str, bytes], card: dict[str, Any]
) -> None:
    with pytest.raises(BadRequest):
        models.register(kind, files, card)
    assert objects.list("") == []


def test_the_life_of_a_version_is_one_log(models: ModelStore) -> None:
    old, new, third = (models.register("fraud", FILES, {"n": n, "owner": "Ada"}) for n in range(3))
    models.promote("fraud", old, "train-fraud", "the first")
    models.propose("fraud", new, "bob", "trained")
    models.propose("fraud", new, "bob", "trained")
    with pytest.raises(NotApproved, match="nobody has approved it"):
        models.promote("fraud", new, "bob", "better", needs_approval=True)
    for who, role in ((" BOB", "proposed it"), ("ada", "owns it")):
        with pytest.raises(NotApproved, match=role):
            models.approve("fraud", new, who, "mine")
    models.approve("fraud", new, "eve", "read the card")
    models.promote("fraud", new, "bob", "better", needs_approval=True, forced=["size"])
    assert models.champion("fraud") == new
    models.promote("fraud", third, "bob", "asked for")
    with pytest.raises(BadRequest, match="is at work"):
        models.retire("fraud", third, "eve", "wrong")
    models.retire("fraud", new, "eve", "leaked")
    assert models.roll_back("fraud", "eve", "alarms") == old == models.champion("fraud")
    with pytest.raises(UnknownModel, match="no champion before"):
        models.roll_back("fraud", "eve", "again")
    for refused in (models.load_for_work, lambda k, v: models.promote(k, v, "x", "y")):
        with pytest.raises(RetiredModel, match=f"{new} was retired on 2026-11-01 by eve .leaked."):
            refused("fraud", new)
    assert models.load("fraud", new).card["n"] == 1, "pages of before still read its card"
    assert models.load_for_work("fraud", third).version == third
    assert [(e["event"], e["version"]) for e in models.history("fraud")] == [
        ("promoted", old),
        ("proposed", new),
        ("approved", new),
        ("promoted", new),
        ("promoted", third),
        ("retired", new),
        ("rolled back", old),
    ]
    assert models.history("fraud")[3]["forced"] == ["size"]


def test_an_entry_says_who_and_why(models: ModelStore) -> None:
    version = models.register("fraud", FILES, CARD)
    with pytest.raises(BadRequest, match="'why' is empty"):
        models.promote("fraud", version, "ada", " ")
    with pytest.raises(UnknownModel, match="has no champion"):
        models.propose("fraud", version, "ada", "the first is promoted")
