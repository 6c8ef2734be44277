"""SIGKILL of an allocation that fans out, in each of its phases: old offers or new, the same after the rerun, once."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from jobs.runtime.plan import read_manifest
from jobs.runtime.sharing import sharing_of
from jobs.runtime.stores import open_stores
from jobs.tables.outputs import OFFERS
from tests.faults.dying_jobs import Moment
from tests.faults.kill_and_rerun import cases, kill_and_rerun
from tests.faults.small_worlds import ARMS, DAY, FILE_ROWS
from tests.faults.test_kill_allocate_offers import SCENARIO
from tests.faults.watching import State, state

IN_PARTS = {"NETLIFT_FAN_OUT_MB": "0", "NETLIFT_PART_ROWS": "50"}
MOMENTS = {
    "before it is shared out": Moment("a sharing out is kept"),
    "after it is shared out": Moment("a sharing out is kept", after=True),
    "before the third part": Moment("a part is worked", call=3),
    "after the third part": Moment("a part is worked", call=3, after=True),
    "before the join": Moment("the parts are joined"),
    "in the middle of the join": Moment("a staged file is completed"),
    "after the join": Moment("the parts are joined", after=True),
    "before the commit": Moment("a commit"),
}
FAST = {
    ("folder", "before it is shared out"),
    ("folder", "before the third part"),
    ("folder", "in the middle of the join"),
    ("cloud", "before the third part"),
}


@pytest.fixture(scope="module", autouse=True)
def in_parts() -> Iterator[None]:
    """Every allocation of this module fans out, whichever process it runs in."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in IN_PARTS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def undisturbed(in_parts: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    """Offers of a run that nobody kills."""
    return SCENARIO.undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(("home", "when"), cases(MOMENTS, FAST), indirect=["home"])
def test_a_run_that_is_killed_in_a_phase_is_taken_up_there_and_gives_the_same_offers(
    home: Mapping[str, str], when: str, undisturbed: dict[str, State], tmp_path: Path
) -> None:
    report = kill_and_rerun(SCENARIO, {**home, **IN_PARTS}, MOMENTS[when], undisturbed, tmp_path)
    stores = open_stores(home)
    assert read_manifest(stores, report.run_id).fan_out
    # From S3 a file is read whole, so that its scores are one row group; from a folder they are two.
    assert sharing_of(stores, report.run_id).parts == (3 if "AWS_ENDPOINT_URL" in home else 6)
    offers = state(stores.tables, OFFERS, DAY)
    customer, arm = (OFFERS.names.index(name) for name in ("customer_id", "arm"))
    assert len({row[customer] for row in offers}) == len(offers) == 3 * FILE_ROWS
    assert {row[arm] for row in offers} == {*ARMS, None}
