"""Files are cut into parts that hold every row group once; a part that lost rows is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.allocate_offers.cutting import cut, read_part, widened
from jobs.errors import RowsLost
from jobs.storage.tables import DataFile
from jobs.tables.outputs import UPLIFT_SCORES
from tests.unit.allocate_offers.score_world import ScoreWorld, home

GROUPS = st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=6), max_size=8)


class _Tables:
    """Knows the row groups of files, as the port does."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self._groups = groups

    def groups(self, table: object, path: str) -> tuple[int, ...]:
        return tuple(self._groups[path])


class _Stores:
    def __init__(self, groups: dict[str, list[int]]) -> None:
        self.tables = _Tables(groups)


@given(GROUPS, st.integers(1, 120))
def test_every_row_group_is_in_one_part_and_parts_are_no_larger_than_they_must(
    groups: list[list[int]], part_rows: int
) -> None:
    files = {f"f{n}": of_file for n, of_file in enumerate(groups)}
    listed = [DataFile(path, sum(of_file), 1) for path, of_file in files.items()]
    parts = [part["spring"] for part in cut({"spring": listed}, part_rows, _Stores(files))]  # type: ignore[arg-type]
    taken = [
        (path, group)
        for part in parts
        for path, span in part["slices"]
        for group in range(*(span or (0, len(files[path]))))
    ]
    assert taken == [(path, group) for path, of_file in files.items() for group in range(len(of_file))]
    for part in parts:
        held = sum(sum(files[path][slice(*span) if span else slice(None)]) for path, span in part["slices"])
        assert held == part["rows"]
        assert part["rows"] <= part_rows or len(part["slices"]) == 1


def test_there_are_never_more_parts_than_an_array_job_takes() -> None:
    rows = [1] * 50_000
    listed = [DataFile(f"f{n}", 1, 1) for n in range(len(rows))]
    assert len(cut({"spring": listed}, widened(1, sum(rows)), _Stores({}))) <= 10_000  # type: ignore[arg-type]


def test_a_part_whose_files_hold_other_rows_now_is_refused(tmp_path: Path) -> None:
    stores = home(tmp_path, ScoreWorld(customers=500, files=1))
    [part] = cut({"spring": stores.tables.files(UPLIFT_SCORES)}, 10_000, stores)
    assert read_part(part, stores)["spring"].num_rows == 2_000
    with pytest.raises(RowsLost, match="gave 2000 rows of scores, not the 2001 that were shared out"):
        read_part({"spring": {**part["spring"], "rows": 2_001}}, stores)


@given(st.lists(st.lists(st.integers(1, 20), min_size=1, max_size=5), min_size=1, max_size=6), st.integers(1, 60))
def test_other_campaigns_are_cut_at_the_same_share_of_their_rows(groups: list[list[int]], part_rows: int) -> None:
    """Files of the same customers with three arms and with one: every group once, and no part tears many customers."""
    files = {f"f{n}": [3 * rows for rows in of_file] for n, of_file in enumerate(groups)}
    files |= {f"g{n}": of_file for n, of_file in enumerate(groups)}
    listed = {c: [DataFile(p, sum(files[p]), 1) for p in files if p[0] == c] for c in "fg"}
    parts = cut(listed, part_rows, _Stores(files))  # type: ignore[arg-type]
    for campaign in "fg":
        taken = [
            (path, group)
            for part in parts
            for path, span in part[campaign]["slices"]
            for group in range(*(span or (0, len(files[path]))))
        ]
        assert taken == [(path, group) for path in files if path[0] == campaign for group in range(len(files[path]))]
    customers = {c: np.cumsum([part[c]["rows"] for part in parts]) / (3 if c == "f" else 1) for c in "fg"}
    assert np.abs(customers["f"] - customers["g"]).max() <= max(part_rows, *map(sum, groups))
