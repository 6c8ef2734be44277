"""write_page writes the page of a night that the state machine ran, once, and answers with its address."""

from typing import Any

import pytest

from functions.write_page import handler
from jobs.errors import BadRequest
from jobs.nightly import Nightly, nightly
from jobs.runtime.stores import Stores
from tests.trained import DAY
from tests.unit.functions.handlers import Context, example


def test_the_page_of_a_night_is_written_once_and_holds_every_step(stores: Stores) -> None:
    reports = nightly(Nightly(DAY), stores)
    steps = [{"verb": r.verb, "kind": r.kind, "state": r.state, "run_id": r.run_id} for r in reports]
    event = example("write_page", run_date=str(DAY), runs=steps)
    answers = [handler(event, Context()) for _ in range(2)]
    assert answers[0] == answers[1]
    [kept] = stores.objects.list(f"published/night/{DAY}/")
    assert answers[0] == {"run_date": str(DAY), "page": f"{stores.objects.uri}/{kept.key}"}
    page = stores.objects.get(kept.key).decode()
    assert all(r.verb in page for r in reports)


def test_a_night_in_which_nothing_was_run_has_no_page(stores: Stores) -> None:
    dry = [step for step in example("write_page")["runs"] if step["state"] == "no input"]
    assert handler(example("write_page", runs=dry), Context())["page"] == ""
    assert stores.objects.list("published/") == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"run_date": "yesterday"}, "'run_date' is 'yesterday', must be a day such as 2026-11-21"),
        ({"run_date": 20261121}, "'run_date' is 20261121, must be str"),
        ({"runs": None}, "'runs' is None, must be the steps of a night"),
        ({"runs": [{"verb": "score-fraud"}]}, "must be the steps of a night"),
        ({}, "run 'score-uplift-spring-2026-11-21-0123456789ab' of score-uplift is none that finished"),
    ],
)
def test_a_wrong_event_is_named(stores: Stores, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        handler(example("write_page", **wrong), Context())
