"""S3 answers 500 or 503 to a fifth of what functions and jobs ask, or of its answers: the deployed chains succeed."""

from collections.abc import Iterator
from datetime import timedelta

import pyarrow as pa
import pytest

from infra.local.cloud import LocalCloud
from infra.local.load import put_parquet
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.nightly import Nightly, nightly
from jobs.runtime.chain import NIGHT, TRAINING
from jobs.runtime.stores import Stores, open_stores
from jobs.tables.outputs import DRIFT, OFFERS, OUTPUTS, UPLIFT_SCORES
from tests.e2e.behind import FIRST_DAY, SPRING, Site, at, deployed_behind, put_campaign, some_customers
from tests.e2e.conftest import Night
from tests.e2e.test_deployment import HISTORY_DAYS, INPUTS, put_in_files, put_the_same
from tests.faults.unreliable import Faults
from tests.trained import DAY, rows_of

SHARE = 0.2


def _rows(stores: Stores, name: str, **where: object) -> pa.Table:
    """Rows; which run wrote them differs, since customers lie in other files."""
    rows = rows_of(stores, OUTPUTS[name], **where)
    return rows.drop_columns([c for c in ("run_id",) if c in rows.column_names])


@pytest.fixture
def small(local_cloud: LocalCloud) -> Iterator[Site]:
    with deployed_behind(local_cloud, "flaky", Faults(0.0, seed=3), {"BatchAboveShards": "1"}) as site:
        put_campaign(site.stores)
        yield site


@pytest.mark.long
def test_a_campaigns_night_is_the_night_that_nothing_disturbs(small: Site, local_cloud: LocalCloud) -> None:
    """Planned, committed and told by functions; scored by an array job of two."""
    parts = [some_customers(0), some_customers(40)]
    small.put_customers(FIRST_DAY, *parts)
    small.faults.share = SHARE
    ended = small.night(FIRST_DAY)
    small.faults.share = 0.0
    assert ended.status == "SUCCEEDED", ended.cause
    assert small.faults.answered["lost request"] > 20
    assert small.faults.answered["lost answer"] > 20
    children = [effort for effort in small.spent(FIRST_DAY) if effort == "batch"]
    assert len(children) >= len(parts), "jobs of AWS Batch met the faults too"

    with local_cloud.fresh_home().applied():
        undisturbed = open_stores()
        put_campaign(undisturbed)
        for number, rows in enumerate(parts):
            put_parquet(undisturbed.objects, "customers", f"date={FIRST_DAY}/part-{number}", rows)
        nightly(Nightly(FIRST_DAY), undisturbed)
        for table in (UPLIFT_SCORES, OFFERS, DRIFT):
            there = _rows(undisturbed, table.name, run_date=FIRST_DAY)
            assert there.num_rows, table.name
            assert _rows(small.stores, table.name, run_date=FIRST_DAY).equals(there), table.name
    runs = small.stores.ledger.runs(FIRST_DAY)
    assert {(run["state"], run["attempt"]) for run in runs} == {("finished", 1)}
    assert SPRING in {run["job"] for run in runs}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_night_and_the_week_of_the_whole_world_succeed_and_the_tables_are_equal(
    local_cloud: LocalCloud, ran_night: Night
) -> None:
    faults = Faults(0.0, seed=1)
    with deployed_behind(local_cloud, "storm", faults, {"BatchAboveShards": "3"}) as site:
        put_the_same(ran_night, site.stack, INPUTS)
        put_in_files(ran_night.stores, site.stores)
        eve = DAY - timedelta(days=1)
        build_fraud_features(BuildFraudFeatures(eve, first_date=DAY - timedelta(days=HISTORY_DAYS)), site.stores)
        faults.share = SHARE
        for chain, steps in (("nightly", NIGHT), ("weekly", TRAINING)):
            ended = site.stack.run(chain, at(DAY))
            assert ended.status == "SUCCEEDED", ended.cause
            assert [(step["verb"], step["state"]) for step in ended.output] == [(s.verb, "finished") for s in steps]
        faults.share = 0.0
        here = {name: _rows(site.stores, name, run_date=DAY) for name in OUTPUTS}
    with ran_night.home.applied():
        for name, rows in here.items():
            there = _rows(ran_night.stores, name, run_date=DAY)
            assert there.num_rows, name
            assert rows.equals(there), name
    assert min(faults.answered["lost request"], faults.answered["lost answer"]) > 50
