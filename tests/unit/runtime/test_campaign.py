"""Campaign files: what they must say, and what is answered when they do not."""

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
    ],
)
def test_a_wrong_field_is_named_with_its_value(change, said):
    with pytest.raises(BadCampaign, match=said):
        parse_campaign(GOOD.replace(*change), "spring.toml")
