"""Anybody's allocation as the lines that a terminal shows."""

import textwrap
from collections.abc import Mapping
from typing import Any

from jobs.pages.formats import NONE, count, euro, seconds

_WIDTH = 100
_LABEL = 12
_OFFERS = 20
_PRICES = 8
_NO_PRICE = "No limit has a price: none keeps back an offer that fits it by itself and would bring something."


def allocation_lines(answer: Mapping[str, Any]) -> str:
    """Say an allocation on a terminal: what it brings and how good it is, then by offer, then what more is worth.

    Parameters
    ----------
    answer : mapping
        What `jobs.allocate_instance.allocate_instance` returns.
    """
    budget = "" if answer["budget"] is None else f" of {euro(answer['budget'])}"
    verdict = (
        f"{count(answer['customers_offered'])} of {count(answer['customers'])} customers get an offer: "
        f"{euro(answer['value'])} for {euro(answer['spend'])}{budget}; at most {_percent(answer['gap'])} "
        f"of the largest value there can be is missing."
    )
    offers = sorted(answer["per_offer"].items(), key=lambda item: (-item[1]["value"], item[0]))
    lines = [textwrap.fill(verdict, _WIDTH), "", _row("offer", "customers", "at least", "at most", "value", "cost")]
    lines += [
        _row(
            textwrap.shorten(offer, 29, placeholder="..."),
            count(told["customers"]),
            count(told["minimum"]) if told["minimum"] else NONE,
            count(told["cap"]),
            euro(told["value"]),
            euro(told["spend"]),
        )
        for offer, told in offers[:_OFFERS]
    ]
    if len(offers) > _OFFERS:
        lines.append(f"and {count(len(offers) - _OFFERS)} more offers, in --json")
    scarce = sorted((p for p in answer["prices"] if p["price"]), key=lambda p: -abs(p["price"]) * _size(p))
    scarce += [p for p in answer["prices"] if p["shut"]]
    said = [p["words"] for p in scarce[:_PRICES]] or [_NO_PRICE]
    if len(scarce) > _PRICES:
        said.append(f"And {count(len(scarce) - _PRICES)} more limits with a price or shut, in --json.")
    lines += ["", *(_fact("prices" if not i else "", words) for i, words in enumerate(said))]
    lines.append(_fact("bound", f"{euro(answer['dual_bound'])}: no choice within the limits is worth more"))
    lines.append(_fact("checked", "every limit holds, counted again" if answer["feasible"] else "A LIMIT IS BROKEN"))
    lines.append(_fact("effort", f"{seconds(answer['cpu_s'])} of processor, {count(answer['peak_mb'])} MB at most"))
    if answer["columns_unused"]:
        lines.append(_fact("not used", f"columns {', '.join(answer['columns_unused'])}"))
    return "\n".join([*lines, _fact("choice", answer["choice"])])


def _row(offer: str, *cells: str) -> str:
    return f"{offer:<30}" + "".join(f"{cell:>14}" for cell in cells)


def _percent(gap: float) -> str:
    """Say a gap, which is a limit from above, without an exponent."""
    return f"{max(100 * gap, 1e-4 if gap else 0.0):.2g}%"


def _size(price: Mapping[str, Any]) -> float:
    """Weigh a price by what it is a price of, so that the budget comes before a cap of a few customers."""
    return float(price["used"]) or 1.0


def _fact(label: str, words: str) -> str:
    return textwrap.fill(
        words, _WIDTH, initial_indent=f"{label:<{_LABEL}}", subsequent_indent=" " * _LABEL, break_long_words=False
    )
