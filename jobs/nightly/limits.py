"""What was scarce this night, and in words what contact rules, risky partners and exploring did to the lists."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.pages.formats import count, euro, percent
from jobs.pages.night_rows import LimitRow

Certified = Mapping[str, Any]
"""What the report of allocate-offers says of all campaigns together; empty where it says nothing."""


def limit_rows(night: Certified) -> Sequence[LimitRow]:
    """Return every limit of the night with its use and its price, the dearest first."""
    resources = sorted(night.get("resources", ()), key=lambda r: (-abs(r["price_eur"]), r["name"]))
    return [LimitRow(r["name"], r["unit"], r["used"], r["most"], r["least"] or None, r["says"]) for r in resources]


def allocation_sentences(night: Certified, names: Mapping[str, str]) -> Sequence[str]:
    """Return what all lists together have to say.

    Parameters
    ----------
    night : mapping
        From the report of allocate-offers.
    names : mapping of str to str
        Names of partners, those that are known.
    """
    return [*_contacts(night), *_partners(night, names), *_exploration(night)]


def _contacts(night: Certified) -> Iterator[str]:
    rule = night.get("contacts")
    if rule:
        days = "tonight" if rule["days"] == 1 else f"within {count(rule['days'])} days"
        yield f"House rule: no customer gets more than {count(rule['most'])} offers {days}, of all campaigns together."


def _partners(night: Certified, names: Mapping[str, str]) -> Iterator[str]:
    partners = night.get("partners")
    if not partners:
        return
    for found in partners["over_limit"]:
        done = (
            "its offers were not made"
            if found["then"] == "mask"
            else f"each of its offers was charged {euro(found['risk'] * found['loss_eur'])} of expected loss"
        )
        yield (
            f"Partner {names.get(found['partner_id']) or found['partner_id']} has a {_measure(found)} of "
            f"{percent(found['risk'])}, over the limit of {percent(found['limit'])} of campaign {found['campaign']}: "
            f"{done}."
        )
    for found in partners.get("none_over_limit", ()):
        said = f"No partner of campaign {found['campaign']} is over its limit of {percent(found['limit'])}"
        if found["riskiest"] is None:
            yield f"{said}: of none is the risk known."
            continue
        riskiest = names.get(found["riskiest"]) or found["riskiest"]
        yield f"{said}: the riskiest is {riskiest}, with a {_measure(found)} of {percent(found['risk'])}."
    if partners["over_limit"]:
        yield (
            f"By these limits the lists are expected to net {euro(max(partners['cost_eur'], 0.0))} less: they were "
            f"chosen a second time without them, among {partners['measured_on']}."
        )


def _measure(found: Mapping[str, Any]) -> str:
    return "risk" if found["by_model"] else "known fraud rate"


def _exploration(night: Certified) -> Iterator[str]:
    explored = night.get("exploration")
    if explored:
        yield (
            f"{count(explored['customers'])} customers got what chance drew, so that something is learnt; limits took "
            f"{count(explored['taken_back'])} of these offers back. That costs "
            f"{euro(max(explored['cost_eur'], 0.0))} of expected net margin tonight."
        )
