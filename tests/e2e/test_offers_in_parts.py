"""Offers of a night whose allocation fans out, by the deployed state machine: those of one process, on both engines."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from infra.local.cloud import LocalCloud
from infra.local.deploy_stack import Stack
from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.runtime.stores import Stores, open_stores
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.storage.folder_objects import FolderObjects
from jobs.tables.outputs import OFFERS
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, rows_of

AT = datetime.combine(DAY + timedelta(days=1), time(2), UTC)
IN_PARTS = {"FanOutAboveMb": "0", "PartRows": "5000"}
LAMBDA = ["ShareOut", "CountParts", "WorkPart", "WorkPart", "WorkShard"]
BATCH = ["ShareOutInBatch", "CountParts", "WorkPartArray", "WorkOne"]


@pytest.fixture(scope="module")
def in_one_process(copy_home: Callable[[], Stores]) -> pa.Table:
    """Customers and their model, no payments: the night is the campaign's alone."""
    stores = copy_home()
    score_uplift(ScoreUplift(DAY, CAMPAIGN), stores)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETLIFT_FAN_OUT_MB", "0")
        patch.setenv("NETLIFT_PART_ROWS", IN_PARTS["PartRows"])
        report = allocate_offers(AllocateOffers(DAY), stores)
    assert report.details["campaigns"][CAMPAIGN]["fan_out"]["parts"] == 2
    return rows_of(stores, OFFERS).drop_columns(["run_id"])


@pytest.mark.parametrize(
    ("stage", "engine", "through"),
    [
        ("small", {}, LAMBDA),
        pytest.param("large", {"BatchAboveMb": "0"}, BATCH, marks=pytest.mark.long),
    ],
)
def test_the_state_machine_allocates_in_parts_what_one_process_does(
    local_cloud: LocalCloud,
    trained_folder: Path,
    in_one_process: pa.Table,
    stage: str,
    engine: dict[str, str],
    through: list[str],
) -> None:
    with Stack(local_cloud, stage, {**IN_PARTS, **engine}) as stack, stack.applied():
        stores, source = open_stores(), FolderObjects(trained_folder)
        for prefix in ("campaigns/", "models/", "inputs/customers/"):
            for file in source.list(prefix):
                stores.objects.put_if_absent(file.key, source.get(file.key))
        ended = stack.run("nightly", AT)
        assert ended.status == "SUCCEEDED", ended.cause
        went = ended.entered()
        begun = went.index(through[0])
        assert [state for state in went[begun:] if state in through][: len(through)] == through
        here = rows_of(stores, OFFERS).drop_columns(["run_id"])
        [allocation] = [step for step in ended.output if step["verb"] == "allocate-offers"]
        assert allocation["state"] == "finished"
        again = stack.run("nightly", AT)
        assert {step["state"] for step in again.output} <= {"already done", "no input"}
    assert here.num_rows == CUSTOMERS
    assert pc.sum(pc.is_valid(here["arm"])).as_py() > 100
    assert here.equals(in_one_process)
