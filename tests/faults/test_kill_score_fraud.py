"""SIGKILL of score-fraud, which commits two tables: each shows old rows or new, and the rerun makes both once."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from infra.local.load import load_world
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.score_fraud import ScoreFraud, score_fraud
from jobs.tables.outputs import CUSTOMER_RISK, FRAUD_SCORES
from jobs.train_fraud import TrainFraud, train_fraud
from tests.faults.dying_jobs import KILLED, Moment, start
from tests.faults.kill_and_rerun import Scenario, cases, committed, kill_and_rerun
from tests.faults.small_worlds import DAY
from tests.faults.watching import State

CUSTOMERS = 600
EVE: date = DAY - timedelta(days=1)


def prepare(stores: Stores) -> None:
    """Train on the days before, and commit the day's scores under another half-life."""
    load_world(World(7, CUSTOMERS, DAY), stores.objects)
    build_fraud_features(BuildFraudFeatures(EVE, first_date=DAY - timedelta(days=34)), stores)
    train_fraud(TrainFraud(EVE, train_days=12, calibration_days=5, test_days=3, rounds=20), stores)
    build_fraud_features(BuildFraudFeatures(DAY), stores)
    score_fraud(ScoreFraud(DAY, threads=1), stores)


SCENARIO = Scenario(
    "score-fraud",
    ["--run-date", str(DAY), "--half-life-days", "9", "--threads", "1"],
    ScoreFraud(DAY, half_life_days=9.0, threads=1),
    (FRAUD_SCORES, CUSTOMER_RISK),
    prepare,
)

MOMENTS = {
    "with one of two files complete": Moment("a staged file is completed", 2),
    "before the first commit": Moment("a commit"),
    "between the commits of two tables": Moment("a commit", after=True),
    "before the end is recorded": Moment("the end is recorded"),
}
FAST = {("folder", "between the commits of two tables")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    """Rows of a run that nobody kills."""
    return SCENARIO.undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(("home", "when"), cases(MOMENTS, FAST), indirect=["home"])
def test_a_killed_run_shows_old_rows_or_new_and_its_rerun_makes_them_once(
    home: Mapping[str, str], when: str, undisturbed: dict[str, State], tmp_path: Path
) -> None:
    report = kill_and_rerun(SCENARIO, home, MOMENTS[when], undisturbed, tmp_path)
    assert set(report.rows_out) == {"fraud_scores", "customer_risk"}


def test_between_its_commits_the_first_table_is_new_and_the_second_old(tmp_path: Path) -> None:
    home = {"NETLIFT_HOME": str(tmp_path / "home")}
    stores = open_stores(home)
    prepare(stores)
    at = MOMENTS["between the commits of two tables"]
    assert start("score-fraud", SCENARIO.words, home, tmp_path, at=at).ended().code == KILLED
    assert committed(SCENARIO, stores) == ["fraud_scores"]
