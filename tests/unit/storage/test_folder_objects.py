"""FolderObjects: a body is there whole or not at all, whoever dies."""

import os
from pathlib import Path

import pytest

from jobs.errors import BadEnvironment, StorageUnavailable
from jobs.storage.folder_objects import FolderObjects


def test_a_writer_that_dies_before_the_link_leaves_nothing_to_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for the end of the process."""

    def die(*_: object) -> None:
        raise Killed

    objects = FolderObjects(tmp_path / "home")
    monkeypatch.setattr(os, "link", die)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(Killed):
        objects.put_if_absent("ledger/1.json", b"half")
    monkeypatch.undo()
    assert any(f.is_file() for f in (tmp_path / "home").rglob("*"))
    assert objects.list("") == []
    assert objects.put_if_absent("ledger/1.json", b"whole")
    assert objects.get("ledger/1.json") == b"whole"


def test_the_body_is_on_the_disk_before_it_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, link = os.fsync, os.link

    def seen_fsync(handle: int) -> None:
        order.append("fsync")
        fsync(handle)

    def seen_link(old: Path, new: Path) -> None:
        order.append("link")
        link(old, new)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(os, "link", seen_link)
    FolderObjects(tmp_path).put_if_absent("a", b"1")
    assert order == ["fsync", "link", "fsync"]


def test_writing_leaves_no_aside_files(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    objects.put_if_absent("a/b", b"1")
    objects.put_if_absent("a/b", b"2")
    assert [f.relative_to(tmp_path).as_posix() for f in tmp_path.rglob("*") if f.is_file()] == ["a/b"]


def test_a_full_disk_can_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    objects = FolderObjects(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        objects.put_if_absent("a", b"1")
    monkeypatch.undo()
    assert objects.list("") == []


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(BadEnvironment, match="Permission denied"):
        FolderObjects(tmp_path).put_if_absent("a", b"1")


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    objects = FolderObjects(tmp_path / "home")
    with pytest.raises(BadEnvironment, match="home"):
        objects.put_if_absent("a/b", b"1")


def test_a_folder_in_the_way_of_an_object_is_named(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    objects.put_if_absent("a/b", b"1")
    with pytest.raises(BadEnvironment, match="in the way"):
        objects.put_if_absent("a", b"1")
