"""What each campaign did this night: its list, why others got nothing, and what the trial says of its model."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import fsum
from typing import Any

from jobs.pages.figures import ArmRow, BudgetCurve, CalibrationBin, Interval, QiniCurve, ReasonRow
from jobs.pages.formats import euro, percent, signed_euro
from jobs.pages.night import CampaignPart
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.stores import Stores
from jobs.science.offers.eligibility import OFFER_REASONS, in_words
from jobs.science.uplift.estimate import Z_95, Estimate
from jobs.science.uplift.promise import promised_net
from jobs.tables.outputs import OFFERS

Card = Mapping[str, Any]
"""Card of a campaign's uplift model; empty where nothing is known of it."""

Certificate = Mapping[str, Any]
"""What the report of allocate-offers says of a campaign."""

PERSONALISE = "personalise"


def campaign_part(
    campaign_id: str, run_date: date, certificate: Certificate, card: Card, names: Mapping[str, str], stores: Stores
) -> CampaignPart:
    """Return what the page says of a campaign.

    Calibration is that of the shrunk effects, the ones the scorer promises and money is computed from, of the arm that
    each held-out customer would be given first. A scorer that may not tell customers apart (the verdict is one arm for
    everyone, or nobody) promises all the same, and has none.

    Parameters
    ----------
    campaign_id : str
        Which.
    run_date : datetime.date
        Which night.
    certificate : mapping
        From the report of allocate-offers.
    card : mapping
        Card of the model that scored.
    names : mapping of str to str
        Names of partners, those that are known.
    stores : Stores
        Where campaign file and offers are.
    """
    campaign = read_campaign(stores.objects, campaign_id)
    words = in_words(campaign.fraud_limit, campaign.minimum_value_eur)
    offered = {words[reason] for reason in OFFER_REASONS}
    reasons = sorted(certificate["reasons"].items(), key=lambda r: (-r[1], r[0]))
    arms = {arm["arm"]: arm for arm in card.get("arms", ())}
    # The arm that most customers get tonight is the curve to look at first.
    by_weight = sorted(arms, key=lambda name: -certificate["by_arm"].get(name, 0))
    personal = card.get("verdict", {}).get("kind") == PERSONALISE
    return CampaignPart(
        campaign_id,
        owner=campaign.owner,
        sentences=[*_verdict(card), *_certified(certificate)],
        qini=[
            QiniCurve(name, arms[name]["qini_curve"]["share"], arms[name]["qini_curve"]["gain"]) for name in by_weight
        ],
        calibration=[_bin(d) for d in card["promise"]["deciles"]] if personal else (),
        budget=_budget(certificate),
        arms=_arms(campaign, run_date, names, stores),
        not_offered=[ReasonRow(reason, n) for reason, n in reasons if reason not in offered],
    )


def expected_net(certificates: Mapping[str, Certificate], cards: Mapping[str, Card]) -> Interval:
    """Return the net euros to expect of all lists together.

    The value is the allocators' sum: effects shrunk by calibration, less contact, less expected loss by fraud. The
    interval takes each list to be as uncertain, in proportion, as the gain that its trial's held-out rows measured of
    what the verdict allows (see :func:`jobs.science.uplift.promise.promised_net` for what it covers and how it was
    tested); or, where the effects were multiplied by what a holdout measured, as that factor is. There is none where a
    model's card has no verdict, or where nothing is expected.

    Parameters
    ----------
    certificates : mapping of str to mapping
        By campaign, from the report of allocate-offers.
    cards : mapping of str to mapping
        By campaign, cards of the models that scored.
    """
    expected = {c: float(said["expected_net_eur"]) for c, said in certificates.items()}
    total = Interval(fsum(expected.values()))
    if any("verdict" not in cards.get(c, {}) for c in expected):
        return total
    together = promised_net(list(expected.values()), [_gain(certificates[c], cards[c]) for c in expected])
    if together is None or together.standard_error == 0.0:
        return total
    return Interval(together.value, together.low, together.high)


def _gain(certificate: Certificate, card: Card) -> Estimate:
    """Return a gain that is as uncertain, in proportion, as the list is."""
    known = certificate.get("calibration")
    if not known or not known["known"] or not known["factor"]:
        return _estimate(card["verdict"]["net_eur"])
    net_eur = float(certificate["expected_net_eur"])
    # The factor is of effects; contacts are taken off afterwards, and are sure.
    error = known["standard_error"] / known["factor"] * (net_eur + float(certificate["spend_eur"]))
    return Estimate(net_eur, error)


def _estimate(values: Mapping[str, float]) -> Estimate:
    return Estimate(values["value"], (values["high"] - values["low"]) / (2 * Z_95))


def _verdict(card: Card) -> Iterable[str]:
    if "verdict" not in card:
        return
    verdict = card["verdict"]
    words = {PERSONALISE: "choose customer by customer", "nobody": "offer nothing to anybody"}
    answer = words.get(verdict["kind"]) or f"{verdict['arm']} for everyone"
    yield f"The trial says: {answer}. {verdict['reason']}"


def _certified(certificate: Certificate) -> Iterable[str]:
    if "calibration" in certificate:
        sentence = certificate["calibration"]["sentence"]
        yield f"{sentence[:1].upper()}{sentence[1:]}."
    if not certificate["offered"]:
        return
    short = max(certificate["dual_bound_eur"] - certificate["expected_net_eur"], 0.0)
    yield (
        f"No other list within budget and caps is expected to earn more than {euro(short)} "
        f"({percent(certificate['gap'])}) above this one."
    )
    price = certificate["euro_for_one_more_euro_of_budget"]
    if price > 0.0:
        yield f"One more euro of budget would bring about {signed_euro(price)} of net margin."


def _bin(decile: Mapping[str, Any]) -> CalibrationBin:
    measured = decile["measured_eur"]
    return CalibrationBin(decile["promised_eur"], measured["value"], measured["low"], measured["high"])


def _budget(certificate: Certificate) -> BudgetCurve | None:
    """Return the curve; where a larger budget is not spent, the best that was found for the same money."""
    curve = certificate["budget_curve"]
    points: list[tuple[float, float]] = []
    for spend, net in sorted(zip(curve["budget_eur"], curve["value_eur"], strict=True)):
        if points and spend - points[-1][0] < 0.005:  # half a cent: the same money
            points[-1] = (points[-1][0], max(net, points[-1][1]))
        else:
            points.append((spend, net))
    if len(points) < 2:
        return None
    spends, nets = zip(*points, strict=True)
    return BudgetCurve(spends, nets, certificate["spend_eur"], certificate["expected_net_eur"])


def _arms(campaign: Campaign, run_date: date, names: Mapping[str, str], stores: Stores) -> Sequence[ArmRow]:
    """Add up the committed offers by arm; an arm that nobody gets stands there too."""
    sums: dict[str, list[tuple[int, float, float]]] = {arm.name: [] for arm in campaign.arms}
    where = {"run_date": run_date, "campaign_id": campaign.id, "status": "offered"}
    for rows in stores.tables.read(OFFERS, where, ["arm", "cost_eur", "expected_net_eur"]):
        by_arm = rows.group_by("arm").aggregate([("arm", "count"), ("cost_eur", "sum"), ("expected_net_eur", "sum")])
        for row in by_arm.to_pylist():
            sums[row["arm"]].append((row["arm_count"], row["cost_eur_sum"], row["expected_net_eur_sum"]))
    # Parts come in any order: fsum gives the same total in every one, and so the same page.
    return [
        ArmRow(
            arm.name,
            sum(part[0] for part in sums[arm.name]),
            fsum(part[1] for part in sums[arm.name]),
            fsum(part[2] for part in sums[arm.name]),
            arm.offer,
            arm.contact_window,
            names.get(arm.partner_id, arm.partner_id),
        )
        for arm in campaign.arms
    ]
