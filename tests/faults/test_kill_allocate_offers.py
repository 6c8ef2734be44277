"""SIGKILL of allocate-offers wherever it may be: old offers or new, the same ones after the rerun, nobody twice."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from jobs.allocate_offers import allocate_offers
from jobs.runtime.stores import Stores, open_stores
from jobs.score_uplift import score_uplift
from jobs.tables.outputs import OFFERS
from tests.faults.dying_jobs import Moment
from tests.faults.kill_and_rerun import Scenario, cases, kill_and_rerun
from tests.faults.small_worlds import (
    ARMS,
    DAY,
    FILE_ROWS,
    OFFERS_REQUEST,
    OFFERS_WORDS,
    UPLIFT_REQUEST,
    fill,
    put_customers,
)
from tests.faults.watching import State, state


def prepare(stores: Stores) -> None:
    """Commit offers for two files of customers, then scores of a third: the offers are to be chosen anew."""
    fill(stores)
    score_uplift(UPLIFT_REQUEST, stores)
    allocate_offers(OFFERS_REQUEST, stores)
    put_customers(stores, 2)
    score_uplift(UPLIFT_REQUEST, stores)


SCENARIO = Scenario("allocate-offers", OFFERS_WORDS, OFFERS_REQUEST, (OFFERS,), prepare)

MOMENTS = {
    "before anything is staged": Moment("a stage is opened"),
    "in the middle of the stage": Moment("a staged file is completed"),
    "staged but not recorded": Moment("a shard is recorded"),
    "between stage and finish": Moment("the finish"),
    "before the commit": Moment("a commit"),
    "after the commit": Moment("a commit", after=True),
    "before the end is recorded": Moment("the end is recorded"),
    "after the end": Moment("the end is recorded", after=True),
}
FAST = {
    ("folder", "in the middle of the stage"),
    ("folder", "before the commit"),
    ("folder", "before the end is recorded"),
    ("cloud", "between stage and finish"),
    ("cloud", "after the commit"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    """Offers of a run that nobody kills."""
    return SCENARIO.undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(("home", "when"), cases(MOMENTS, FAST), indirect=["home"])
def test_a_killed_run_shows_old_offers_or_new_and_its_rerun_makes_them_once(
    home: Mapping[str, str], when: str, undisturbed: dict[str, State], tmp_path: Path
) -> None:
    report = kill_and_rerun(SCENARIO, home, MOMENTS[when], undisturbed, tmp_path)
    assert report.rows_out == {"offers": 3 * FILE_ROWS}
    offers = state(open_stores(home).tables, OFFERS, DAY)
    customer, arm, status = (OFFERS.names.index(name) for name in ("customer_id", "arm", "status"))
    assert len({row[customer] for row in offers}) == 3 * FILE_ROWS
    assert {row[arm] for row in offers if row[status] == "offered"} == set(ARMS)
    assert {row[status] for row in offers} == {"offered", "holdout", "nothing"}
