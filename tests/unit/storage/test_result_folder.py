"""Results appear together or not at all."""

from pathlib import Path

import pytest

from jobs.errors import BadEnvironment
from jobs.storage.result_folder import write_results


def test_files_are_written_and_older_ones_replaced(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    write_results(out, {"list.csv": b"old"})
    paths = write_results(out, {"list.csv": b"new", "page.html": b"<p>"})
    assert paths["list.csv"].read_bytes() == b"new"
    assert sorted(p.name for p in out.iterdir()) == ["list.csv", "page.html"]


def test_a_failure_on_the_way_leaves_what_stood_there(tmp_path: Path) -> None:
    write_results(tmp_path, {"list.csv": b"old"})
    with pytest.raises(BadEnvironment, match="name another folder"):
        write_results(tmp_path, {"list.csv": b"new", "no/such/folder.html": b""})
    assert (tmp_path / "list.csv").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["list.csv"]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(BadEnvironment, match="taken cannot be written"):
        write_results(tmp_path / "taken", {"list.csv": b""})
