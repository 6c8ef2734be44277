"""A fifth of what S3 is asked, or of its answers, comes back as 500 or 503: whole jobs succeed, once."""

from pathlib import Path

import pytest

from infra.local.home import LocalHome
from jobs.allocate_offers import allocate_offers
from jobs.runtime.stores import open_stores
from jobs.score_uplift import score_uplift
from jobs.tables.outputs import OFFERS, QUARANTINE, UPLIFT_SCORES
from tests.faults.dying_jobs import start
from tests.faults.kill_and_rerun import commits_of
from tests.faults.small_worlds import (
    DAY,
    OFFERS_REQUEST,
    OFFERS_WORDS,
    UPLIFT_REQUEST,
    UPLIFT_WORDS,
    fill,
    put_customers,
)
from tests.faults.unreliable import Faults, unreliable
from tests.faults.watching import state, without_run

SHARE = 0.2


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
def test_a_night_of_scores_and_offers_succeeds_and_commits_once(
    local_home: LocalHome, seed: int, tmp_path: Path
) -> None:
    steady = open_stores(local_home.environment())
    fill(steady)
    put_customers(steady, 2, bad_rows=2)
    undisturbed = open_stores({"NETLIFT_HOME": str(tmp_path / "undisturbed")})
    fill(undisturbed)
    put_customers(undisturbed, 2, bad_rows=2)
    score_uplift(UPLIFT_REQUEST, undisturbed)
    allocate_offers(OFFERS_REQUEST, undisturbed)

    faults = Faults(SHARE, seed)
    with unreliable(local_home.endpoint_url, faults) as url:
        environment = {**local_home.environment(), "AWS_ENDPOINT_URL": url}
        for verb, words in (("score-uplift", UPLIFT_WORDS), ("allocate-offers", OFFERS_WORDS)):
            ended = start(verb, words, environment, tmp_path).ended()
            assert ended.code == 0, ended.said
    assert faults.answered["lost request"] > 3
    assert faults.answered["lost answer"] > 3

    for table, rows in ((UPLIFT_SCORES, 2 * 118), (QUARANTINE, 2), (OFFERS, 118)):
        now = state(steady.tables, table, DAY)
        assert len(now) == rows
        assert without_run(now, table) == without_run(state(undisturbed.tables, table, DAY), table)
    for job, request, table in (
        (score_uplift, UPLIFT_REQUEST, UPLIFT_SCORES),
        (allocate_offers, OFFERS_REQUEST, OFFERS),
    ):
        report = job(request, steady)
        assert (report.state, report.attempt) == ("already done", 1)
        assert commits_of(report.run_id, table, steady) == 1
