"""What another policy would have earned, as the lines that a terminal shows."""

import textwrap
from collections.abc import Mapping
from typing import Any

from jobs.pages.formats import count, decimal, percent, small_euro

_WIDTH = 100
_LABEL = 22
_ARMS = 12
_ESTIMATES = (
    ("doubly robust (DR)", "dr"),
    ("self-normalised (SNIPS)", "snips"),
    ("inverse propensity (IPS)", "ips"),
    ("as logged", "logged"),
    ("gain over the logged", "gain"),
)


def policy_lines(answer: Mapping[str, Any]) -> str:
    """Say an answer on a terminal: what would have been earned first, then what it rests on.

    Parameters
    ----------
    answer : mapping
        What `jobs.evaluate_policy.evaluate_policy` returns.
    """
    overlap, rows = answer["overlap"], answer["rows"]
    lines = [
        _verdict(answer["gain"], answer["policy"]),
        "",
        f"{'euro a customer':<28}{'value':>12}{'95% interval':>26}",
    ]
    for name, key in _ESTIMATES:
        found = answer[key]
        limits = f"{small_euro(found['low'])} to {small_euro(found['high'])}"
        lines.append(f"{name:<28}{small_euro(found['value']):>12}{limits:>26}")
    lines += ["", f"{'arm':<28}{'drawn':>12}{'policy':>13}{'log':>13}"]
    for arm in answer["arms"][:_ARMS]:
        name = textwrap.shorten(arm["arm"], 27, placeholder="...")
        lines.append(f"{name:<28}{count(arm['rows']):>12}{percent(arm['share']):>13}{percent(arm['drawn_share']):>13}")
    if len(answer["arms"]) > _ARMS:
        lines.append(f"and {len(answer['arms']) - _ARMS} more arms, in --json")
    aside = "; ".join(f"{reason}: {count(n)}" for reason, n in rows["set_aside"].items())
    clipped = (
        "none was clipped"
        if answer["max_weight"] is None
        else f"clipped at {answer['max_weight']:g}: {count(answer['clipped_rows'])} rows, "
        f"{percent(answer['clipped_share'])} of all weight"
    )
    facts = [
        ("rows", f"{count(rows['in'])} in, {count(rows['used'])} used" + (f"; set aside: {aside}" if aside else "")),
        ("worth", f"{count(answer['effective_rows'])} rows of even weight"),
        ("customers or groups", count(answer["clusters"])),
        ("overlap", f"{percent(overlap['supported_share'])} of what the policy chooses could have been drawn"
                    + ("" if overlap["known"] else ", as the weights tell")),
        ("weights", f"mean {decimal(overlap['mean_weight'])}, largest {decimal(overlap['largest_weight'])}; {clipped}"),
        ("responses", answer["responses"]),
        *(("look", warning) for warning in answer["warnings"]),
    ]  # fmt: skip
    return "\n".join([*lines, "", *(_fact(label, words) for label, words in facts)])


def _verdict(gain: Mapping[str, float], name: str) -> str:
    low, high = gain["low"], gain["high"]
    if low > 0:
        said = f"{name} would have earned more than what was done"
    elif high < 0:
        said = f"{name} would have earned less than what was done"
    else:
        said = f"the log cannot tell {name} from what was done"
    text = f"{said}: {small_euro(gain['value'])} a customer, 95% interval {small_euro(low)} to {small_euro(high)}."
    return textwrap.fill(text[:1].upper() + text[1:], _WIDTH)


def _fact(label: str, words: str) -> str:
    return textwrap.fill(
        words, _WIDTH, initial_indent=f"{label:<{_LABEL}}", subsequent_indent=" " * _LABEL, break_long_words=False
    )
