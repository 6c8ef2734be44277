"""The night writes online what differs from the night before, last its own record; a death changes nothing."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.errors import StorageUnavailable
from jobs.runtime.online_layout import NIGHT, as_numbers, customer_key, partner_key
from jobs.runtime.online_lookup import look_up
from jobs.runtime.online_night import unknown_partner, write_online
from jobs.science.fraud import customer_sql, online
from jobs.science.fraud.online import Payment
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.online import Record
from jobs.storage.online_folder import FolderRecords
from jobs.tables import online as tables
from jobs.tables import outputs
from tests.clock import Clock
from tests.unit.functions.online_worlds import DAY, MIDNIGHT, History, crowded

EVE = DAY - dt.timedelta(days=1)


class Watched(FolderRecords):
    """Remembers the keys that are written; dies after so many, or at one of them, where it is told to."""

    written: list[str]
    dies_after: int | None = None
    dies_at: str | None = None

    def write(self, records: Iterable[tuple[str, Record]]) -> int:
        def seen() -> Iterable[tuple[str, Record]]:
            for key, record in records:
                if len(self.written) == self.dies_after or key == self.dies_at:
                    raise StorageUnavailable("the machine died: try again.")
                self.written.append(key)
                super(Watched, self).write([(key, record)])
                yield key, record

        return sum(1 for _ in seen())


@pytest.fixture(scope="module")
def history() -> History:
    return crowded(6)


@pytest.fixture
def clock() -> Clock:
    return Clock(MIDNIGHT)


@pytest.fixture
def records(tmp_path: Path, clock: Clock) -> Watched:
    found = Watched(tmp_path / "online", clock)
    found.written = []
    return found


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


def _everything(records: Watched, keys: Iterable[str]) -> dict[str, object]:
    wanted = sorted({*keys})
    return {k: v for n in range(0, len(wanted), 100) for k, v in records.read(wanted[n : n + 100]).items()}


def _without(history: History, customer: str) -> History:
    """The history without a customer's payments of the last day."""
    late = pc.greater_equal(history.transactions["occurred_at"], pa.scalar(MIDNIGHT - dt.timedelta(days=1)))
    his = pc.equal(history.transactions["customer_id"], customer)
    return History(history.transactions.filter(pc.invert(pc.and_(late, his))), history.fraud_reports)


def test_every_customer_and_partner_is_written_first_and_the_nights_own_record_last(
    history: History, records: Watched, objects: FolderObjects
) -> None:
    done = history.night(DAY, records, objects)
    assert done == {"online_as_of": str(DAY), "online_written": len(records.written) - 1}
    assert records.written[-1] == NIGHT
    known = {customer_key(f"c {n}") for n in range(25)} | {partner_key(f"p {n}") for n in range(12)}
    assert set(records.written[:-1]) == known


def test_a_customer_who_paid_nothing_since_is_not_written_again(
    history: History, records: Watched, objects: FolderObjects
) -> None:
    """Though payments of his have left the windows by now, and the flags of large ones have lapsed."""
    idle = "c 3"
    rest = _without(history, idle)
    rest.night(EVE, records, objects)
    records.written.clear()
    rest.night(DAY, records, objects, attempt=2)
    assert customer_key(idle) not in records.written
    paid = set(
        rest.transactions.filter(pc.equal(rest.transactions["occurred_at"].cast(pa.date32()), EVE))[
            "customer_id"
        ].to_pylist()
    )
    assert paid == {key[2:] for key in records.written if key.startswith("c/")}
    whole = Watched(records._folder.parent / "fresh", records._clock)
    whole.written = []
    rest.night(DAY, whole, FolderObjects(records._folder.parent / "other"))
    payment = Payment("t", idle, "p 1", int(MIDNIGHT.timestamp()) + 60, 10.0)
    features = [
        online.features_of(payment, k.past, k.partner) for k in (look_up(r, payment, "t") for r in (records, whole))
    ]
    assert str(features[0]) == str(features[1]), "what lies there still says the same"


def test_a_correction_of_an_old_payment_is_written(history: History, records: Watched, objects: FolderObjects) -> None:
    history.night(DAY, records, objects)
    records.written.clear()
    rows = history.transactions
    ten_days = pc.and_(
        pc.equal(rows["customer_id"], "c 5"),
        pc.equal(rows["occurred_at"].cast(pa.date32()), DAY - dt.timedelta(days=10)),
    )
    assert pc.any(ten_days).as_py()
    amounts = pc.if_else(ten_days, pc.add(rows["amount_eur"], 1.0), rows["amount_eur"])
    corrected = History(rows.set_column(4, "amount_eur", amounts), history.fraud_reports)
    corrected.night(DAY, records, objects, attempt=2)
    assert customer_key("c 5") in records.written
    assert len(records.written) < 10


@pytest.mark.parametrize(("dies_after", "dies_at"), [(0, None), (7, None), (15, None), (None, NIGHT)])
def test_a_death_on_the_way_is_made_good_by_the_next_attempt(
    history: History,
    records: Watched,
    objects: FolderObjects,
    dies_after: int | None,
    dies_at: str | None,
    tmp_path: Path,
    clock: Clock,
) -> None:
    history.night(EVE, records, objects)
    records.written.clear()
    records.dies_after, records.dies_at = dies_after, dies_at
    with pytest.raises(StorageUnavailable):
        history.night(DAY, records, objects, attempt=2)
    assert str(records.read([NIGHT])[NIGHT]["as_of"]) == str(EVE), "the endpoint goes by the night before"
    records.dies_after = records.dies_at = None
    history.night(DAY, records, objects, attempt=3)
    fresh = Watched(tmp_path / "fresh", clock)
    fresh.written = []
    history.night(EVE, fresh, FolderObjects(tmp_path / "other"))
    history.night(DAY, fresh, FolderObjects(tmp_path / "other"), attempt=3)
    assert _everything(records, fresh.written) == _everything(fresh, fresh.written)


def test_a_day_of_the_past_does_not_take_the_place_of_a_later_one(
    history: History, records: Watched, objects: FolderObjects
) -> None:
    history.night(DAY, records, objects)
    records.written.clear()
    done = history.night(EVE, records, objects, attempt=2)
    assert (done, records.written) == ({"online_as_of": str(DAY), "online_written": 0}, [])


def test_a_state_that_was_lost_is_written_whole(history: History, records: Watched, objects: FolderObjects) -> None:
    history.night(EVE, records, objects)
    for info in objects.list("online/"):
        objects.path(info.key).unlink()
    records.written.clear()
    history.night(DAY, records, objects, attempt=2)
    assert len([key for key in records.written if key.startswith("c/")]) == 25


def test_a_partner_that_is_known_no_more_gets_the_record_of_an_unknown_one(
    history: History, records: Watched, objects: FolderObjects
) -> None:
    history.night(EVE, records, objects)
    rows = history.transactions
    gone = History(rows.filter(pc.not_equal(rows["partner_id"], "p 7")), history.fraud_reports)
    gone.night(DAY, records, objects, attempt=2)
    record = records.read([partner_key("p 7")])[partner_key("p 7")]
    there = as_numbers(str(record["values"]))
    assert [None if v != v else v for v in there] == unknown_partner()


def test_while_the_night_writes_the_day_before_is_not_counted_twice(
    history: History, records: Watched, objects: FolderObjects, clock: Clock
) -> None:
    """A customer's record is of today already, the night's own still of yesterday, whose counters stand too."""
    from tests.unit.functions.online_worlds import replayed

    history.night(EVE, records, objects)
    rows = [row for row in history.batch(EVE) if row["customer_id"] == "c 1"]
    assert rows
    for row in rows:
        replayed(row, records)
    records.written.clear()
    records.dies_at = NIGHT
    with pytest.raises(StorageUnavailable):
        history.night(DAY, records, objects, attempt=2)
    payment = Payment("later", "c 1", "p 1", int(MIDNIGHT.timestamp()) + 5, 10.0)
    past = look_up(records, payment, "f").past
    yesterday_s = int(MIDNIGHT.timestamp()) - online.DAY_S
    assert sum(second >= yesterday_s for second in past.occurred_s) == len(rows)


def test_definitions_that_stand_twice_are_the_same() -> None:
    """The endpoint's package holds no Arrow, so that constants of the tables stand in plain Python too."""
    assert online.COUNT_WINDOWS_S == outputs.COUNT_WINDOWS_S
    assert tuple(f"{days}d" for days in outputs.WINDOWS_DAYS) == online.MEAN_WINDOWS
    assert (online.LARGE_DAYS, online.LARGE_TIMES) == (outputs.LARGE_DAYS, outputs.LARGE_TIMES)
    assert online.LOOKBACK_DAYS == tables.CUSTOMER_LOOKBACK_DAYS
    assert online.FEWEST_PAYMENTS == customer_sql.FEWEST_PAYMENTS
    assert online.LARGEST_SPREAD_CENTS == customer_sql.LARGEST_SPREAD_CENTS


def test_a_nothing_state_writes_no_records_but_the_nights(records: Watched, objects: FolderObjects) -> None:
    assert write_online(records, objects, f"online/{DAY}/run-1/")["online_written"] == 0
    assert records.written == [NIGHT]
