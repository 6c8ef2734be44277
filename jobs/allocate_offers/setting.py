"""What a night's allocation rests on beside customers: campaigns, house rules, partners' risk, how sure effects are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.allocate_offers.catalogue import Catalogue
from jobs.allocate_offers.menu import menu_of
from jobs.allocate_offers.partners import PartnerRisk, partner_risks
from jobs.allocate_offers.tables_of_night import mean_risk
from jobs.errors import BadCampaign
from jobs.runtime.calibration import Factor, newest_factors
from jobs.runtime.campaign import Arm, Campaign, read_campaign
from jobs.runtime.house_rules import HouseRules, read_house_rules
from jobs.runtime.layout import campaign_key
from jobs.runtime.manifest import Manifest
from jobs.runtime.stores import Stores
from jobs.science.offers.certainty import Certainty
from jobs.science.offers.menu import Menu
from jobs.science.uplift.estimate import Z_95

_DIGEST_CHARS = 12


@dataclass(frozen=True)
class Setting:
    """What decides a night beside its customers; the same in every process that works on it.

    Parameters
    ----------
    run_date : datetime.date
        Which night.
    campaigns : tuple of Campaign
        Those that have scores, in the order of their ids; with offers in the place of arms where there is a catalogue.
    rules : HouseRules
        What holds for all of them.
    policy_version : mapping of str to str
        By campaign, a digest of its file, the house rules, and the catalogue where it has one.
    mean_risk : float
        Fraud probability of who has paid nothing lately, in [0, 1].
    partners : mapping of str to PartnerRisk
        Partners that arms name, as far as their risk is known.
    certainty : mapping of str to mapping of str to Certainty
        By campaign and arm, where the model's card says it.
    catalogues : mapping of str to Catalogue
        Of the campaigns whose offers are rows of one.
    calibration : mapping of str to Factor
        By campaign, what its holdout says that effects are to be multiplied by; certainty holds it already.
    """

    run_date: date
    campaigns: tuple[Campaign, ...]
    rules: HouseRules
    policy_version: Mapping[str, str]
    mean_risk: float
    partners: Mapping[str, PartnerRisk]
    certainty: Mapping[str, Mapping[str, Certainty]]
    catalogues: Mapping[str, Catalogue] = field(default_factory=dict)
    calibration: Mapping[str, Factor] = field(default_factory=dict)

    @cached_property
    def menu(self) -> Menu:
        """All arms of the night, and what is scarce."""
        return menu_of(self.campaigns, self.rules, self.catalogues)

    @cached_property
    def cost_eur(self) -> NDArray[np.float64]:
        """Cost of a contact by each arm of the menu, euro."""
        return np.array([arm.contact_cost_eur for campaign in self.campaigns for arm in campaign.arms])

    def arms_of(self, place: int) -> slice:
        """Return which arms of the menu are those of a campaign, by its place among the campaigns."""
        first = sum(len(campaign.arms) for campaign in self.campaigns[:place])
        return slice(first, first + len(self.campaigns[place].arms))

    def of_file(self, campaign: Campaign) -> Campaign:
        """Return a campaign as its file has it, with the arms of the trial."""
        known = self.catalogues.get(campaign.id)
        return campaign if known is None else known.campaign

    def arm_of(self, campaign: Campaign) -> NDArray[np.int64]:
        """Return the arm of the file that each arm of a campaign is one of, shape (arms,)."""
        known = self.catalogues.get(campaign.id)
        return np.arange(len(campaign.arms)) if known is None else known.arm_of

    def factor(self, campaign: Campaign) -> float:
        """Return what effects of a campaign are multiplied by."""
        known = self.calibration.get(campaign.id)
        return 1.0 if known is None else known.factor

    def risks(self, campaign: Campaign) -> dict[str, PartnerRisk]:
        """Return the risk of the partners of a campaign's arms, as far as it is known; none if it sets no limit."""
        named = sorted({arm.partner_id for arm in campaign.arms}) if campaign.partner_risk is not None else []
        return {partner: self.partners[partner] for partner in named if partner in self.partners}

    def over_limit(self, campaign: Campaign) -> dict[str, PartnerRisk]:
        """Return the partners of a campaign's arms that are over its risk limit."""
        most = 1.0 if campaign.partner_risk is None else campaign.partner_risk.limit
        return {partner: risk for partner, risk in self.risks(campaign).items() if risk.probability > most}

    def masked(self, campaign: Campaign) -> NDArray[np.bool_]:
        """Return which arms are not offered because of their partner's risk, shape (arms,)."""
        mask = campaign.partner_risk is not None and campaign.partner_risk.then == "mask"
        over = self.over_limit(campaign) if mask else {}
        return np.array([arm.partner_id in over for arm in campaign.arms], np.bool_)

    def partner_loss_eur(self, campaign: Campaign) -> NDArray[np.float64]:
        """Return the expected loss that is taken off each arm because of its partner's risk, euro, shape (arms,)."""
        limit = campaign.partner_risk
        over = self.over_limit(campaign) if limit is not None and limit.then == "price" else {}
        loss_eur = 0.0 if limit is None or limit.loss_eur is None else limit.loss_eur
        return np.array(
            [over[arm.partner_id].probability * loss_eur if arm.partner_id in over else 0.0 for arm in campaign.arms]
        )

    def without_partner_risk(self) -> "Setting":
        """Return the same night as it would be if no partner were risky: what limits cost is measured against it."""
        return replace(self, partners={})

    def expires_on(self, campaign: Campaign, arm: Arm) -> date | None:
        """Return the last day on which an offer of the night holds, None if it has no end."""
        ends = [arm.expires_on] if arm.expires_on else []
        if campaign.expiry_days is not None:
            ends.append(self.run_date + timedelta(days=campaign.expiry_days))
        return min(ends, default=None)

    def told(self) -> dict[str, Any]:
        """Return what other processes cannot read from the files, as JSON holds it; `setting_of` takes it back."""
        return {
            "campaigns": [campaign.id for campaign in self.campaigns],
            "policy_version": dict(self.policy_version),
            "mean_risk": self.mean_risk,
            "partners": {partner: asdict(risk) for partner, risk in self.partners.items()},
            "certainty": {
                campaign: {arm: asdict(sure) for arm, sure in arms.items()} for campaign, arms in self.certainty.items()
            },
            "calibration": {campaign: asdict(factor) for campaign, factor in self.calibration.items()},
        }


def set_up(
    manifest: Manifest,
    models: Mapping[str, str],
    stores: Stores,
    catalogues_of: Callable[[Sequence[Campaign]], Mapping[str, Catalogue]] | None = None,
) -> Setting:
    """Gather what a night's allocation rests on.

    Parameters
    ----------
    manifest : Manifest
        The run's plan.
    models : mapping of str to str
        By campaign, the version of the model that scored; only these campaigns take part.
    stores : Stores
        Where files, tables and models are.
    catalogues_of : callable, optional
        Reads the catalogues of campaigns.

    Raises
    ------
    BadCampaign
        If a campaign file or the house rules do not say what they must, or an offer has expired.
    """
    campaigns = tuple(read_campaign(stores.objects, campaign_id) for campaign_id in sorted(models))
    for campaign in campaigns:
        _require_not_expired(campaign, manifest.run_date)
    catalogues = catalogues_of(campaigns) if catalogues_of is not None else {}
    calibration = newest_factors(manifest.upstream, [c.id for c in campaigns if c.calibrate], stores)
    certainty = {c.id: certainty_of(c, models[c.id], stores, calibration.get(c.id)) for c in campaigns}
    campaigns = tuple(catalogues[c.id].expanded() if c.id in catalogues else c for c in campaigns)
    wanted = {arm.partner_id for campaign in campaigns if campaign.partner_risk for arm in campaign.arms}
    return Setting(
        run_date=manifest.run_date,
        campaigns=campaigns,
        rules=read_house_rules(stores.objects),
        policy_version={c: _policy_version(manifest, c, catalogues) for c in sorted(models)},
        mean_risk=mean_risk(manifest.run_date, stores),
        partners=partner_risks(manifest.run_date, sorted(wanted - {""}), stores),
        certainty=certainty,
        catalogues=catalogues,
        calibration=calibration,
    )


def setting_of(told: Mapping[str, Any], run_date: date, stores: Stores) -> Setting:
    """Take up what `Setting.told` said, in another process of the same run."""
    return Setting(
        run_date=run_date,
        campaigns=tuple(read_campaign(stores.objects, campaign_id) for campaign_id in told["campaigns"]),
        rules=read_house_rules(stores.objects),
        policy_version=told["policy_version"],
        mean_risk=told["mean_risk"],
        partners={partner: PartnerRisk(**risk) for partner, risk in told["partners"].items()},
        certainty={
            campaign: {arm: Certainty(**sure) for arm, sure in arms.items()}
            for campaign, arms in told["certainty"].items()
        },
        calibration={campaign: Factor(**factor) for campaign, factor in told["calibration"].items()},
    )


def certainty_of(
    campaign: Campaign, version: str, stores: Stores, factor: Factor | None = None
) -> dict[str, Certainty]:
    """Return how sure the effects of each arm are, as the card of the model that scored says, once calibrated.

    The card's intervals are of rows that the model never saw. Where the verdict is one arm for all, effects do not
    differ, and only the error of the mean is left. A model without a judgement in its card says nothing.
    """
    if version not in stores.models.versions(campaign.model_kind):
        return {}
    card = stores.models.load(campaign.model_kind, version).card
    personal = card.get("verdict", {}).get("kind") == "personalise"
    sure = {}
    for arm in card.get("arms", ()):
        effect, slope = arm["effect_eur"], arm["slope"]
        kept = min(max(slope["value"], 0.0), 1.0) if personal else 0.0
        by_card = Certainty(effect["value"], _error(effect), kept, _error(slope) if kept else 0.0)
        sure[arm["arm"]] = by_card if factor is None else by_card.times(factor.factor, factor.relative_error)
    return sure


def _error(interval: Mapping[str, float]) -> float:
    return (interval["high"] - interval["low"]) / (2 * Z_95)


def _policy_version(manifest: Manifest, campaign_id: str, catalogues: Mapping[str, Catalogue]) -> str:
    digests = [manifest.campaigns[campaign_id], *([manifest.house_rules] if manifest.house_rules else [])]
    if campaign_id in catalogues:
        digests.append(catalogues[campaign_id].digest)
    return "-".join(digest[:_DIGEST_CHARS] for digest in digests)


def _require_not_expired(campaign: Campaign, run_date: date) -> None:
    for arm in campaign.arms:
        if arm.expires_on is not None and arm.expires_on <= run_date:
            raise BadCampaign(
                f"{campaign_key(campaign.id)}, arm {arm.name!r}: expires_on {arm.expires_on} is not after the night of "
                f"{run_date}: take the arm out or give a later date."
            )
