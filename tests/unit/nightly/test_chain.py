"""The night in one process: each step's report is told as it ends, a failed one's too."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobs.errors import BadFile
from jobs.nightly import Nightly, nightly
from jobs.runtime.report import Report
from jobs.runtime.stores import open_stores
from tests.unit.runtime.worlds import DAY, Clock, small_home


def test_a_failed_step_ends_the_night_and_is_told_last(tmp_path: Path) -> None:
    stores = small_home(tmp_path)  # its champion is no scorer
    told: list[Report] = []
    with pytest.raises(BadFile, match="the model has no file"):
        nightly(Nightly(DAY), stores, told=told.append)
    assert [r.verb for r in told][-1] == "score-uplift"
    assert [r.state for r in told] == ["no input"] * (len(told) - 1) + ["failed"]
    assert told[-1].details["error"] == "BadFile"


def test_reports_are_told_in_the_order_they_are_returned(tmp_path: Path) -> None:
    stores = open_stores({"NETLIFT_HOME": str(tmp_path)}, Clock())
    told: list[Report] = []
    assert nightly(Nightly(DAY), stores, told=told.append) == tuple(told)
    assert {r.state for r in told} == {"no input"}
    assert nightly(Nightly(DAY + timedelta(days=1)), stores)
