"""The night in one process: each step's report is told as it ends, a failed one's too."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobs.errors import BadExperiment, BadFile
from jobs.nightly import Nightly, nightly
from jobs.runtime.chain import NIGHT
from jobs.runtime.report import Report
from jobs.runtime.stores import open_stores
from tests.unit.experiments import ID, START, changed, home_of, write_customers
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


def test_an_experiments_file_that_is_wrong_fails_when_the_offers_are_out(tmp_path: Path) -> None:
    stores = home_of(tmp_path, changed(("units_planned = 400", "units_planned = 0")))
    write_customers(tmp_path, START, 0, ["c1", "c2"])
    told: list[Report] = []
    with pytest.raises(BadExperiment, match="units_planned"):
        nightly(Nightly(START), stores, told=told.append)
    assert [r.verb for r in told[:-1]] == [step.verb for step in NIGHT if step.kind], (
        "all but experiments, and campaigns"
    )
    assert (told[-1].verb, told[-1].kind, told[-1].state) == ("assign-treatment", ID, "failed")
