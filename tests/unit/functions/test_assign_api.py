"""The assignment endpoint says what the night writes and what SQL says, or why a unit has no arm."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions import assign_api, assign_openapi
from jobs.errors import BadEnvironment, StorageUnavailable
from jobs.runtime.experiment import parse_experiment
from jobs.runtime.frozen_experiment import freeze
from jobs.runtime.home import open_home
from jobs.runtime.stores import Stores
from jobs.science.experiment.assignment import assign
from jobs.science.experiment.assignment_sql import assignment_sql
from tests.clock import Clock
from tests.unit.experiments import AMENDED, FILE, ID, START, changed, home_of, write_file
from tests.unit.functions.endpoints import Answered, event, flat, hold_to_document

DOCUMENT: dict[str, Any] = json.loads(assign_openapi.document())
PARTIAL = changed(("exposure = 1.0", "exposure = 0.5")) + '[[holdouts]]\nsalt = "house"\nshare = 0.1\n'

Ask = Callable[..., Answered]


class Shop:
    """Asks the handler, as API Gateway asks it."""

    def __init__(self, folder: Path, file: str) -> None:
        self.folder = folder
        self.stores: Stores = home_of(folder, file)
        self.clock = Clock(datetime(2026, 11, 2, 12, tzinfo=UTC))
        self.reopen()

    def reopen(self) -> None:
        self.door = assign_api.open_door({"NETLIFT_HOME": str(self.folder)}, self.clock)

    def start(self, day: date = START) -> None:
        freeze(self.stores.objects, ID, day)

    def ask(self, body: Any) -> Answered:
        return self.answer({**event("assign_api"), "body": body if isinstance(body, str) else json.dumps(body)})

    def answer(self, asked: dict[str, Any]) -> Answered:
        said = assign_api.handler(asked, None)
        answered = Answered(said["statusCode"], flat(said), said["body"])
        hold_to_document(asked["requestContext"]["http"], answered, DOCUMENT)
        return answered

    def arms(self, units: list[dict[str, Any]], experiment: str = ID) -> list[dict[str, Any]]:
        answered = self.ask({"experiment_id": experiment, "units": units})
        assert answered.status == 200, answered.text
        found: list[dict[str, Any]] = answered.body["assignments"]
        return found


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Shop]:
    def open_shop(file: str = FILE) -> Shop:
        shop = Shop(tmp_path, file)
        monkeypatch.setattr(assign_api, "door", lambda: shop.door)
        return shop

    return open_shop


def test_10_000_units_get_what_python_and_sql_say_byte_for_byte(opened: Callable[[str], Shop]) -> None:
    shop = opened(PARTIAL)
    shop.start()
    ids = [f"c{n:08d}" for n in range(9_000)] + [f"müller+{n}@example.com" for n in range(1_000)]
    told = []
    for first in range(0, len(ids), 100):
        told += shop.arms([{"unit_id": i} for i in ids[first : first + 100]])
    said = [t["arm"] or {"held_back": "holdout"}.get(t["status"], t["status"]) for t in told]
    rule = parse_experiment(PARTIAL, "").assignment()
    python = assign(rule, pa.array(ids))
    with duckdb.connect() as connection:
        connection.register("customers", pa.table({"n": range(len(ids)), "id": ids}))
        rows = connection.execute(f"SELECT arm, propensity FROM ({assignment_sql(rule, 'customers', 'id')}) ORDER BY n")
        arms, propensities = zip(*rows.fetchall(), strict=True)
    assert [t["unit_id"] for t in told] == ids
    assert "\n".join(said).encode() == "\n".join(python.arm.tolist()).encode() == "\n".join(arms).encode()
    assert [t["propensity"] for t in told] == list(propensities)
    assert {t["status"] for t in told} == {"in", "outside", "held_back"}


def test_the_example_is_answered_with_what_it_was_drawn_by(opened: Callable[[], Shop]) -> None:
    shop = opened()
    shop.start()
    answered = shop.answer(event("assign_api"))
    assert answered.status == 200
    shown = {name: value for name, value in answered.body.items() if name != "assignments"}
    assert shown == {"experiment_id": ID, "as_of": "2026-11-02", "unit": "customer_id", "salt": ID, "version": 1}
    assert [a["unit_id"] for a in answered.body["assignments"]] == ["c1", "c2"]


def test_before_the_first_run_and_after_the_last_day_it_says_so(opened: Callable[[], Shop]) -> None:
    shop = opened()
    units = [{"unit_id": "c1"}]
    [unit] = shop.arms(units)
    assert (unit["status"], unit["arm"], unit["propensity"]) == ("not_started", None, None)
    shop.start()
    [unit] = shop.arms(units)
    assert unit["status"] == "not_started", "for a minute it is as it was looked up"
    shop.reopen()
    assert shop.arms(units)[0]["status"] == "in"
    shop.clock.now = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    assert shop.arms(units)[0]["status"] == "not_started"
    shop.clock.now = datetime(2026, 11, 29, 0, 0, tzinfo=UTC)
    [unit] = shop.arms(units)
    assert (unit["status"], unit["arm"]) == ("ended", None)
    assert unit["words"] == "the experiment drew its last units on 2026-11-28"


def test_a_changed_file_changes_nothing_and_an_amended_ramp_moves_nobody(opened: Callable[[str], Shop]) -> None:
    shop = opened(changed(("exposure = 1.0", "exposure = 0.2")))
    shop.start()
    units = [{"unit_id": f"c{n}"} for n in range(100)]
    before = shop.arms(units)
    wider = changed(("exposure = 1.0", "exposure = 0.7"), ("version = 1", "version = 2"))
    write_file(shop.folder, wider)
    shop.reopen()
    assert shop.arms(units) == before, "what is not frozen does not count"
    write_file(shop.folder, wider + AMENDED)
    shop.start(date(2026, 11, 2))
    shop.reopen()
    assert shop.arms(units) == before, "the amendment holds from the day after"
    shop.clock.now = datetime(2026, 11, 3, tzinfo=UTC)
    after = shop.arms(units)
    assert [a for a, b in zip(after, before, strict=True) if b["status"] == "in"] == [
        b for b in before if b["status"] == "in"
    ]
    assert sum(a["status"] == "in" for a in after) > sum(b["status"] == "in" for b in before)


def test_shares_by_stratum_need_the_stratum(opened: Callable[[str], Shop]) -> None:
    strata = '[[strata]]\nvalue = "north"\nshares = { none = 0.9, mail = 0.1 }\n'
    shop = opened(changed(('control = "none"', 'control = "none"\nstratum = "region"')) + strata)
    shop.start()
    answered = shop.ask({"experiment_id": ID, "units": [{"unit_id": "a", "stratum": "north"}, {"unit_id": "b"}]})
    assert (answered.status, answered.at_fault()) == (422, ["units.1.stratum"])
    units = [{"unit_id": f"c{n}", "stratum": s} for n in range(30) for s in ("north", "south", None)]
    found = {(u["stratum"], a["arm"]): a["propensity"] for u, a in zip(units, shop.arms(units), strict=True)}
    assert {found[s, "none"] for s in ("south", None)} == {0.5}
    assert found["north", "none"] == 0.9


BAD: dict[str, tuple[Any, int, list[str]]] = {
    "empty": ("", 400, []),
    "no JSON": ("{", 400, []),
    "no units": ({"experiment_id": ID, "units": []}, 422, ["units"]),
    "101 units": ({"experiment_id": ID, "units": [{"unit_id": "c"}] * 101}, 422, ["units"]),
    "a number": ({"experiment_id": ID, "units": [{"unit_id": 3}]}, 422, ["units.0.unit_id"]),
    "an empty id": ({"experiment_id": ID, "units": [{"unit_id": ""}]}, 422, ["units.0.unit_id"]),
    "a line break": ({"experiment_id": ID, "units": [{"unit_id": "a\nb"}]}, 422, ["units.0.unit_id"]),
    "a way out": ({"experiment_id": "../campaigns/spring", "units": [{"unit_id": "c"}]}, 422, ["experiment_id"]),
    "an unknown field": ({"experiment_id": ID, "units": [{"unit_id": "c"}], "arm": "x"}, 422, ["arm"]),
    "an unknown experiment": ({"experiment_id": "winter", "units": [{"unit_id": "c"}]}, 404, ["experiment_id"]),
    "too large": ('"' + "x" * 70_000 + '"', 413, []),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_a_problem_that_names_the_field(opened: Callable[[], Shop], name: str) -> None:
    body, status, fields = BAD[name]
    shop = opened()
    shop.start()
    answered = shop.ask(body)
    assert (answered.status, answered.at_fault()) == (status, fields)


def test_a_body_that_is_no_text_and_other_addresses_are_refused(opened: Callable[[], Shop]) -> None:
    shop = opened()
    asked = event("assign_api")
    assert shop.answer({**asked, "body": "/w==", "isBase64Encoded": True}).status == 400
    for method, path, status in (("GET", "/v1/assignments", 405), ("GET", "/v1/elsewhere", 404)):
        http = {**asked["requestContext"]["http"], "method": method, "path": path}
        there = {**asked, "rawPath": path, "requestContext": {**asked["requestContext"], "http": http}}
        assert shop.answer(there).status == status


def test_while_the_store_is_silent_a_known_draw_is_used_for_an_hour(
    opened: Callable[[], Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened()
    shop.start()
    seconds = [0.0]
    draws = assign_api.Draws(shop.stores.objects, lambda: seconds[0])
    shop.door = assign_api.Door(draws, shop.clock)
    units = [{"unit_id": "c1"}]
    known = shop.arms(units)

    def silent(prefix: str) -> list[Any]:
        raise StorageUnavailable("the bucket does not answer")

    monkeypatch.setattr(shop.stores.objects, "list", silent)
    seconds[0] = 3_000.0
    assert shop.arms(units) == known
    seconds[0] = 4_000.0
    answered = shop.ask({"experiment_id": ID, "units": units})
    assert (answered.status, answered.headers["retry-after"]) == (503, "5")


def test_a_failure_without_a_name_is_in_the_log_and_no_unit_is(
    opened: Callable[[], Shop], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop = opened()
    shop.start()
    with caplog.at_level("DEBUG"):
        shop.arms([{"unit_id": "secret-unit"}])
        shop.ask({"experiment_id": ID, "units": [{"unit_id": "secret-unit\n"}]})
        monkeypatch.setattr(assign_api, "door", lambda: None)
        assert shop.answer(event("assign_api")).status == 500
    assert "secret-unit" not in caplog.text


def test_the_document_is_openapi_3_1() -> None:
    asked = event("fraud_api.openapi")
    served = json.loads(assign_api.handler(asked, None)["body"])
    assert served == DOCUMENT
    assert set(served["paths"]["/v1/assignments"]["post"]["responses"]) == {
        "200",
        "400",
        "404",
        "413",
        "422",
        "500",
        "503",
    }
    OpenAPIV31SpecValidator(served).validate()


def test_without_a_home_it_does_not_begin(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="NETLIFT_HOME"):
        assign_api.open_door({})
    assert open_home({"NETLIFT_HOME": str(tmp_path)}, Clock())
