"""House rules: none limit nothing, wrong ones are named, and a run with other rules is another run."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.errors import BadCampaign
from jobs.runtime.house_rules import HouseRules, read_house_rules
from jobs.runtime.layout import HOUSE_RULES_KEY
from jobs.runtime.plan import read_manifest
from jobs.runtime.stores import Stores
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home

RULES = b"""
[contacts]
most = 2
days = 7
[[windows]]
name = "morning"
capacity = 100
[[partners]]
partner_id = "p1"
budget_eur = 20.0
"""


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return home(tmp_path, ScoreWorld(customers=200, files=1))


def put(stores: Stores, body: bytes) -> None:
    file = Path(stores.objects.uri.removeprefix("file://")) / HOUSE_RULES_KEY
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(body)


def test_a_house_without_rules_limits_nothing(stores: Stores) -> None:
    assert read_house_rules(stores.objects) == HouseRules()
    assert HouseRules().contacts is None


def test_rules_are_read_as_they_are_written(stores: Stores) -> None:
    put(stores, RULES)
    rules = read_house_rules(stores.objects)
    assert rules.contacts is not None
    assert (rules.contacts.most, rules.contacts.days) == (2, 7)
    assert (rules.windows[0].capacity, rules.partners[0].budget_eur) == (100, 20.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b"days = 7", b"days = 31"), "rules/night.toml, field 'contacts.days'.*less than or equal to 30.*31"),
        ((b"most = 2", b"most = -1"), "field 'contacts.most'"),
        ((b"capacity = 100", b"capacity = 0.5"), "field 'windows.0.capacity'"),
        ((b"[contacts]", b'currency = "CHF"\n[contacts]'), "field 'currency'.*'EUR'.*'CHF'"),
        ((b"[[windows]]", b'[[windows]]\nname = "morning"\ncapacity = 1\n[[windows]]'), "window 'morning' is declared"),
        ((b"[contacts]", b"[contact]"), "field 'contact'"),
    ],
)
def test_a_wrong_rule_is_named(stores: Stores, change: tuple[bytes, bytes], said: str) -> None:
    put(stores, RULES.replace(*change))
    with pytest.raises(BadCampaign, match=said):
        read_house_rules(stores.objects)


def test_other_rules_make_another_run_and_the_same_rules_the_same(stores: Stores) -> None:
    without = allocate_offers(AllocateOffers(DAY), stores)
    put(stores, RULES)
    ruled = allocate_offers(AllocateOffers(DAY), stores)
    assert (ruled.state, ruled.run_id == without.run_id) == ("finished", False)
    assert allocate_offers(AllocateOffers(DAY), stores).state == "already done"
    put(stores, RULES.replace(b"most = 2", b"most = 1"))
    assert allocate_offers(AllocateOffers(DAY), stores).state == "finished"


def test_a_night_with_rules_builds_upon_the_nights_before(stores: Stores) -> None:
    put(stores, RULES)
    first = allocate_offers(AllocateOffers(DAY), stores)
    assert read_manifest(stores, first.run_id).earlier == ()
    from jobs.allocate_offers import JOB
    from jobs.runtime.run import plan_request

    tomorrow: date = DAY + timedelta(days=1)
    with pytest.MonkeyPatch.context() as patch:
        # The scores of that day are not what this is about.
        patch.setattr("jobs.runtime.plan._upstream", lambda *_: ())
        plan = plan_request(JOB.step, AllocateOffers(tomorrow), stores)
    assert plan.earlier == (first.run_id,)
    assert read_manifest(stores, plan.key.run_id) == plan
