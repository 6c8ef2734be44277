"""What people declared: campaigns, house rules, experiments, and the champion of each model that a night needs."""

from collections.abc import Sequence
from functools import partial

from jobs.doctor.visit import Visit
from jobs.errors import UnknownCampaign
from jobs.runtime.campaign import read_campaign
from jobs.runtime.chain import NIGHT
from jobs.runtime.experiment import read_experiment_file
from jobs.runtime.home import Home
from jobs.runtime.house_rules import HouseRules, read_house_rules
from jobs.runtime.layout import HOUSE_RULES_KEY, campaign_ids, campaign_key, experiment_ids
from jobs.storage.account import diagnosed


def look_at_files(visit: Visit, home: Home) -> None:
    """Check each campaign, the house rules, each experiment, and the champion of each model that a night needs."""
    known: list[str] = []
    visit.check("campaigns", partial(_campaigns, home, known))
    for campaign in known:
        visit.check(f"campaign {campaign}", partial(_campaign, home, campaign))
    visit.check("house rules", partial(_house_rules, home))
    experiments: list[str] = []
    visit.check("experiments", partial(_experiments, home, experiments))
    for experiment in experiments:
        visit.check(f"experiment {experiment}", partial(_experiment, home, experiment))
    for step in NIGHT:
        for model in step.models:
            for kind in [f"uplift-{c}" for c in known] if model == "campaign" else [model]:
                visit.check(f"model {kind}", partial(_champion, home, kind))


def _campaigns(home: Home, known: list[str]) -> str:
    with diagnosed(f"campaigns of {home.objects.uri}", action="s3:ListBucket", setting="NETLIFT_HOME"):
        known += campaign_ids(home.objects)
    if not known:
        raise UnknownCampaign(f"{home.objects.uri} has no campaign file: write {campaign_key('ID')} there.")
    return ", ".join(known)


def _campaign(home: Home, campaign: str) -> str:
    with diagnosed(f"campaign {campaign}", action="s3:GetObject", setting="NETLIFT_HOME"):
        read = read_campaign(home.objects, campaign)
    return f"{len(read.arms)} arms, budget {read.budget_eur:,.2f} euro, owner {read.owner}"


def _house_rules(home: Home) -> str:
    with diagnosed(f"house rules of {home.objects.uri}", action="s3:GetObject", setting="NETLIFT_HOME"):
        rules = read_house_rules(home.objects)
    limits = [
        *([] if rules.contacts is None else [f"{rules.contacts.most} contacts in {rules.contacts.days} days"]),
        *([] if rules.holdout is None else [f"{rules.holdout.share:.1%} of customers held back"]),
        *(f"{len(found)} {what}" for what, found in _listed(rules) if found),
    ]
    return ", ".join(limits) or f"{HOUSE_RULES_KEY} limits nothing, or is not there"


def _listed(rules: HouseRules) -> list[tuple[str, Sequence[object]]]:
    return [("partner budgets", rules.partners), ("windows", rules.windows), ("drift limits", rules.drift)]


def _experiments(home: Home, known: list[str]) -> str:
    with diagnosed(f"experiments of {home.objects.uri}", action="s3:ListBucket", setting="NETLIFT_HOME"):
        known += experiment_ids(home.objects)
    return ", ".join(known) or "none"


def _experiment(home: Home, experiment_id: str) -> str:
    with diagnosed(f"experiment {experiment_id}", action="s3:GetObject", setting="NETLIFT_HOME"):
        read = read_experiment_file(home.objects, experiment_id)
    return f"{len(read.arms)} arms, {read.starts_on} to {read.ends_on}, owner {read.owner}"


def _champion(home: Home, kind: str) -> str:
    with diagnosed(f"model {kind}", action="s3:GetObject", setting="NETLIFT_HOME"):
        return f"champion {home.models.champion(kind)}"
