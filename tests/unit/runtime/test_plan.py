"""A plan holds what decides a run: files that need not be there, models of now, models of the runs before."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.errors import NoInput
from jobs.runtime.chain import After, Read, Step
from jobs.runtime.plan import Manifest, plan
from jobs.runtime.run import run_job
from jobs.runtime.stores import Stores
from tests.unit.runtime.worlds import DAY, JOB, Clock, Toy, put, small_home

PARTNERS = Read("partners", newest=True, optional=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores(tmp_path: Path, clock: Clock) -> Stores:
    return small_home(tmp_path, clock)


def planned(of: Step, stores: Stores, day: date = DAY) -> Manifest:
    return plan(of, stores, day, of.kind or "spring", day, {})


def champion(stores: Stores, kind: str, contents: bytes) -> str:
    version = stores.models.register(kind, {"m": contents}, {})
    stores.models.promote(kind, version, "test", "a better one")
    return version


def test_an_optional_table_without_a_file_is_planned_empty_and_its_file_makes_another_run(stores: Stores) -> None:
    of = Step("score-partners", "partners", reads=(PARTNERS,))
    without = planned(of, stores)
    assert without.files == {"partners": ()}
    put(stores, "inputs/partners/a.parquet", pa.table({"partner_id": ["p"]}))
    within = planned(of, stores)
    assert [f.key for f in within.files["partners"]] == ["inputs/partners/a.parquet"]
    assert within.key != without.key
    with pytest.raises(NoInput, match="inputs/transactions/ has no Parquet file"):
        planned(Step("score-partners", "partners", reads=(PARTNERS, Read("transactions"))), stores)


def test_of_a_snapshot_the_file_without_a_date_stands_before_the_newest_date(stores: Stores) -> None:
    for name in ("date=2026-02-01/a", "date=2026-02-27/b", "date=2026-03-02/c", "z"):
        put(stores, f"inputs/partners/{name}.parquet", pa.table({"partner_id": ["p"]}))
    found = planned(Step("score-partners", "partners", reads=(PARTNERS,)), stores).files["partners"]
    assert [f.key.removeprefix("inputs/partners/") for f in found] == ["z.parquet", "date=2026-02-27/b.parquet"]


def test_a_model_that_need_not_be_there_is_planned_once_it_is_at_work(stores: Stores) -> None:
    of = Step("score-partners", "partners", models_if_any=("partner-risk",))
    assert planned(of, stores).models == {}
    first = champion(stores, "partner-risk", b"1")
    assert planned(of, stores).models == {"partner-risk": first}


def test_models_of_another_kind_make_no_other_run(stores: Stores) -> None:
    of = Step("score-partners", "partners", models_if_any=("partner-risk",))
    before = planned(of, stores).key
    champion(stores, "segments", b"1")
    assert planned(of, stores).key == before


def test_models_of_before_are_those_that_the_runs_say_they_used(stores: Stores, clock: Clock) -> None:
    """A champion that was promoted after they ran is none of them."""
    used = stores.models.champion("uplift-spring")
    run_job(JOB, Toy(DAY, "spring"), stores)
    of = Step("monitor-drift", "models", models_of_before=True, after=(After("score-uplift"),))
    before = planned(of, stores)
    assert before.models == {"uplift-spring": used}
    newer = champion(stores, "uplift-spring", b"2")
    assert planned(of, stores).key == before.key
    clock.pass_(60)
    run_job(JOB, Toy(DAY, "spring"), stores)
    assert planned(of, stores).models == {"uplift-spring": newer}
    with pytest.raises(NoInput, match="none has finished"):
        planned(of, stores, DAY + timedelta(days=1))


def test_a_catalogue_is_planned_only_for_campaigns_that_have_one_each_from_its_own_folder(stores: Stores) -> None:
    """Without one the plan is what it was before there were catalogues."""
    read = Read("catalogue", newest=True, by_campaign=True, optional=True, only_with="candidates")
    of = Step("allocate-offers", "offers", campaigns=True, reads=(read,))
    assert planned(of, stores).files == {}
    for name in ("many/date=2026-02-01/a", "many/date=2026-02-27/b", "other/c"):
        put(stores, f"inputs/catalogue/{name}.parquet", pa.table({"offer_id": ["o"]}))
    assert planned(of, stores).files == {}
    stores.objects.put_if_absent("campaigns/many.toml", b"[candidates]")
    stores.objects.put_if_absent("campaigns/broken.toml", b"[candidates")
    assert [f.key for f in planned(of, stores).files["catalogue"]] == [
        "inputs/catalogue/many/date=2026-02-27/b.parquet"
    ]
