"""Campaign files: what they must say, and what is answered when they do not."""

from datetime import date

import pytest

from jobs.errors import BadCampaign
from jobs.runtime.campaign import parse_campaign

GOOD = """
id = "spring"
owner = "growth"
control = "none"
budget_eur = 100.0
fraud_loss_eur = 1.0
[[features]]
name = "age"
type = "number"
unit = "years"
[[arms]]
name = "coupon"
contact_cost_eur = 0.1
"""


def test_a_campaign_says_everything_in_one_file():
    campaign = parse_campaign(GOOD, "spring.toml")
    assert campaign.model_kind == "uplift-spring"
    assert campaign.arms[0].contact_cost_eur == 0.1
    assert campaign.outcome == "net_margin_eur"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("budget_eur = 100.0", "budget_eur = -1.0"), "field 'budget_eur'.*greater than or equal to 0.*-1.0"),
        (("budget_eur = 100.0", 'budget_eur = "much"'), "field 'budget_eur'"),
        (("budget_eur = 100.0", "budget_eur = inf"), "field 'budget_eur'"),
        (("budget_eur = 100.0", ""), "field 'budget_eur': Field required"),
        (("owner", "ovner"), "field 'owner': Field required"),
        (('id = "spring"', 'id = "Spring sale"'), "field 'id'"),
        (('name = "coupon"', 'name = "none"'), "control 'none' is also an arm"),
        (("[[arms]]", '[[arms]]\nname="coupon"\n[[arms]]'), "arm 'coupon' is declared twice"),
        (('type = "number"', 'type = "text"'), "field 'features.0.type'"),
        (("[[arms]]", "[[arms"), "is not TOML"),
        (("[[arms]]", 'currency = "USD"\n[[arms]]'), "field 'features.0.currency'"),
        (('owner = "growth"', 'owner = "growth"\ncurrency = "USD"'), "field 'currency'.*'EUR'.*'USD'"),
        (("contact_cost_eur = 0.1", "cap = 4\nminimum = 5"), "field 'arms.0'.*cap of 4 below its minimum of 5"),
        (("contact_cost_eur = 0.1", "minimum = -5"), "field 'arms.0.minimum'"),
        (("contact_cost_eur = 0.1", 'expires_on = "soon"'), "field 'arms.0.expires_on'"),
        (("[[arms]]", '[[partners]]\npartner_id = "p1"\nbudget_eur = 5.0\n[[arms]]'), "partner 'p1' is that of no arm"),
        (("[[arms]]", '[[windows]]\nname = "noon"\ncapacity = 5\n[[arms]]'), "window 'noon' is that of no arm"),
        (("[[arms]]", "[partner_risk]\nlimit = 0.5\nthen = 'price'\n[[arms]]"), "field 'partner_risk'.*loss_eur"),
        (("[[arms]]", "[partner_risk]\nlimit = 1.5\n[[arms]]"), "field 'partner_risk.limit'"),
        (("[[arms]]", "[exploration]\n[[arms]]"), "field 'exploration'.*give the share"),
        (("[[arms]]", "[exploration]\nshare = 1.1\n[[arms]]"), "field 'exploration.share'"),
        (('owner = "growth"', 'owner = "growth"\nonly_segments = ["a"]\nnot_segments = ["a"]'), "segment 'a' is in"),
        (("[[arms]]", "[candidates]\nmost = 0\n[[arms]]"), "field 'candidates.most'"),
        (("[[arms]]", "[candidates]\nstrength = 1.5\n[[arms]]"), "field 'candidates.strength'"),
        (("[[arms]]", '[candidates]\n[[arms]]\noffer = "tea"'), "arm 'coupon' has offer, which its offers in the cat"),
        (("[[arms]]", '[candidates]\n[[partners]]\npartner_id = ""\n[[arms]]'), "field 'partners.0"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(change, said):
    with pytest.raises(BadCampaign, match=said):
        parse_campaign(GOOD.replace(*change), "spring.toml")


LIMITED = (
    GOOD.replace('owner = "growth"', 'owner = "growth"\nminimum_value_eur = 0.2\nexpiry_days = 14')
    + """partner_id = "p1"
contact_window = "noon"
cap = 10
minimum = 5
expires_on = 2026-12-31
[partner_risk]
limit = 0.3
then = "price"
loss_eur = 4.0
[[partners]]
partner_id = "p1"
budget_eur = 50.0
[[windows]]
name = "noon"
capacity = 8
[exploration]
share = 0.05
"""
)


def test_every_limit_of_a_campaign_stands_in_its_file():
    campaign = parse_campaign(LIMITED, "spring.toml")
    assert (campaign.arms[0].minimum, campaign.arms[0].expires_on) == (5, date(2026, 12, 31))
    assert (campaign.partners[0].budget_eur, campaign.windows[0].capacity) == (50.0, 8)
    assert campaign.partner_risk is not None
    assert (campaign.partner_risk.then, campaign.partner_risk.loss_eur) == ("price", 4.0)
    assert campaign.exploration is not None
    assert (campaign.exploration.share, campaign.expiry_days, campaign.minimum_value_eur) == (0.05, 14, 0.2)


def test_what_a_file_does_not_limit_is_not_limited():
    campaign = parse_campaign(GOOD, "spring.toml")
    assert (campaign.partners, campaign.windows, campaign.partner_risk, campaign.exploration) == ((), (), None, None)
    assert (campaign.arms[0].minimum, campaign.minimum_value_eur, campaign.currency) == (0, None, "EUR")


def test_a_campaign_whose_offers_are_a_catalogue_says_how_candidates_are_chosen():
    campaign = parse_campaign(GOOD + "[candidates]\ndays = 30\n", "spring.toml")
    assert campaign.candidates is not None
    assert (campaign.candidates.most, campaign.candidates.days, campaign.candidates.strength) == (20, 30, 0.0)
    with pytest.raises(BadCampaign, match=r"candidates\.most is 1, must be at least the 2 arms"):
        parse_campaign(GOOD + '[[arms]]\nname = "card"\n[candidates]\nmost = 1\n', "spring.toml")
