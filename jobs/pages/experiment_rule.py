"""The rule that decides an experiment, as it was written before the start, in sentences."""

from collections.abc import Sequence

from jobs.pages.experiment_rows import Node
from jobs.pages.formats import NONE, figure
from jobs.pages.measures import measure

_PAID = {
    "none": "each by itself, for the rule asks for no correction",
    "holm": "after Holm’s correction over all of these metrics and all arms",
    "benjamini-hochberg": "after Benjamini and Hochberg’s correction over all of these metrics and all arms",
}


def rule_sentences(rule: Node | None, metrics: Sequence[Node] = ()) -> list[str]:
    """Say a rule.

    Parameters
    ----------
    rule : mapping or None
        The document's ``decision`` ``rule``; None where none was written.
    metrics : sequence of mapping
        The document's metrics, for their units; those of a broken split are none.

    Examples
    --------
    >>> rule = {"success": ["visit", "spend"], "correction": "holm", "alpha": 0.05, "power": 0.8, "guardrails": []}
    >>> for sentence in rule_sentences(rule):
    ...     print(sentence)
    An arm ships when visit or spend is surely better and none of them is surely worse.
    Sure is at alpha 0.05, two-sided, after Holm’s correction over all of these metrics and all arms.
    It was planned for a power of 80%.
    """
    if rule is None:
        return []
    units = {metric["metric"]: metric for metric in metrics}
    guardrails = rule.get("guardrails") or ()
    success = list(rule["success"])
    parts = [f"{' or '.join(success)} is surely better"]
    parts += ["none of them is surely worse"] if len(success) > 1 else []
    parts += ["every guardrail holds"] if guardrails else []
    said = [
        f"An arm ships when {' and '.join([', '.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)}.",
        f"Sure is at alpha {figure(rule['alpha'])}, two-sided, {_PAID.get(rule['correction'], rule['correction'])}.",
    ]
    lower = [name for name, better in (rule.get("better") or {}).items() if better == "lower"]
    if lower:
        said.append(f"Lower is better of {', '.join(lower)}.")
    for guardrail in guardrails:
        name, way = guardrail["metric"], "higher" if guardrail["better"] == "lower" else "lower"
        margin = (
            _percent(guardrail["margin"]) if guardrail["relative"] else _amount(guardrail["margin"], units.get(name))
        )
        level = f", sure to {_percent(1 - rule['guardrail_alpha'])}" if "guardrail_alpha" in rule else ""
        said.append(f"Guardrail {name}: it may be {margin} {way} at most{level}.")
    least = [f"{name} {_amount(value, units.get(name))}" for name, value in (rule.get("minimum_effect") or {}).items()]
    least += [f"{name} {_percent(value)}" for name, value in (rule.get("minimum_relative_effect") or {}).items()]
    worth = f"the smallest effect worth having, {' and '.join(least)}, to be found with " if least else ""
    return [*said, f"It was planned for {worth}a power of {_percent(rule['power'])}."]


def _percent(share: float) -> str:
    return f"{100.0 * share:.4g}%"


def _amount(value: float | None, metric: Node | None) -> str:
    if value is None:
        return NONE
    if metric is None:
        return figure(value)
    written = measure(metric["kind"], metric["unit"])
    return " ".join(f"{written.difference(value).removeprefix('+')} {written.unit}".split())
