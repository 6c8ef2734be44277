"""The plan of a trial as the lines that a terminal shows: what it takes first, then what that finds, week by week."""

import textwrap
from collections.abc import Mapping
from typing import Any

from jobs.pages.formats import count, figure, percent

_WIDTH = 100
_LABEL = 12
_ARMS = 6
_AT_MOST = 9


def design_lines(answer: Mapping[str, Any]) -> str:
    """Say a plan on a terminal.

    Parameters
    ----------
    answer : mapping
        What `jobs.design_experiment.design_experiment` returns.
    """
    lines = [textwrap.fill(_verdict(answer), _WIDTH)]
    for metric in answer["metrics"]:
        lines += ["", *_metric(metric, answer)]
    lines += ["", *(_fact(label, words) for label, words in _facts(answer))]
    return "\n".join(lines)


def _verdict(answer: Mapping[str, Any]) -> str:
    drawn, days = answer["drawn"], answer["days"]
    arms = [f"{arm['arm']} {percent(arm['share'])}" for arm in answer["arms"]]
    named = ", ".join(arms[:_ARMS]) + (f" and {len(arms) - _ARMS} more" if len(arms) > _ARMS else "")
    said = f"The trial takes {count(answer['units'])} {drawn} in all ({named})"
    if days is None and answer["traffic"]["known"]:
        return f"{said}. So many never come: of those that the past had, none were new in its last week."
    if days is None:
        return f"{said}. Name --time or --units-per-day to learn for how long."
    window = answer["traffic"]["window_days"]
    of_them = f", {count(window)} of them until the last outcomes are known" if window else ""
    return f"{said} and {count(days)} days{of_them}."


def _metric(metric: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    share = metric["kind"] == "proportion"
    role = ", a guardrail" if metric["role"] == "guardrail" else ""
    said = [f"{metric['metric']}{role}: {_value(metric['value'], share=share)} in the past."]
    least = _effect(metric["minimum_effect"], share=share)
    if metric["effect"] is None:
        said.append(
            f"The smallest effect that {count(answer['units'])} {answer['drawn']} find with a chance of "
            f"{percent(answer['power'])} is {least}."
        )
    else:
        what = "A harm" if metric["role"] == "guardrail" else "An effect"
        of = "is ruled out" if metric["role"] == "guardrail" else "is found"
        chance = f"{what} of {_effect(metric['effect'], share=share)} {of} with a chance of {percent(metric['power'])}"
        enough = f"; for {percent(answer['power'])} it takes {count(metric['needed'])} {answer['drawn']}"
        said.append(chance + ("." if metric["needed"] == answer["units"] else f"{enough}."))
        if metric["power"] < answer["power"] - 5e-4:
            said.append(f"So few {answer['drawn']} leave it open: plan more, or a larger effect ({least}).")
    if metric["explained"]:
        said.append(
            f"Covariates take away {percent(metric['explained'])} of the variance, and as much of the "
            f"{answer['drawn']}."
        )
    if metric["cap"] is not None:
        said.append(f"Values count up to {figure(metric['cap'])}.")
    if metric["design_effect"] != 1.0:
        said.append(f"Clusters need {figure(metric['design_effect'])} times as many rows as units drawn one by one.")
    lines = [textwrap.fill(" ".join(said), _WIDTH)]
    weekly = any(row["weeks"] is not None for row in metric["table"])
    if metric["table"]:
        lines.append(_row("entry of" if weekly else "", answer["drawn"], "smallest effect found", "of the metric"))
    lines += [
        _row(
            "" if row["weeks"] is None else f"{row['weeks']} week{'s' if row['weeks'] > 1 else ''}",
            count(row["units"]),
            _value(row["absolute"], share=share, points=True),
            percent(row["relative"]),
        )
        for row in metric["table"]
    ]
    if len(metric["looks"]) > 1:
        lines.append(_row("look at", answer["drawn"], "smallest effect found", "of the metric", "interval wider by"))
        shown = metric["looks"][: _AT_MOST - 1] + metric["looks"][-1:]
        lines += [
            _row(
                "the end" if look["final"] else percent(look["fraction"]),
                count(look["units"]),
                _value(look["absolute"], share=share, points=True),
                percent(look["relative"]),
                percent(look["width"] - 1.0),
            )
            for look in (metric["looks"] if len(metric["looks"]) <= _AT_MOST else shown)
        ]
    if metric["replay"] is not None:
        lines.append(textwrap.fill(_replay(metric["replay"], share=share), _WIDTH))
    return lines


def _replay(replay: Mapping[str, Any], *, share: bool) -> str:
    advice = {
        "as stated": "the reading errs as often as it says",
        "too often": "the reading errs more often than it says: cap the largest values (--cap 0.999) or plan more",
        "too rarely": "the reading errs less often than it says, and so finds less",
    }[replay["verdict"]]
    return (
        f"Replayed {count(replay['replays'])} times on {count(replay['units'])} of the past, where nothing was done: "
        f"{percent(replay['false_positive_rate'])} false claims of an arm ({percent(replay['lower'])} to "
        f"{percent(replay['upper'])}), planned {percent(replay['alpha'])}; {advice}. An effect of "
        f"{_value(replay['effect'], share=share, points=True)} put in was found {percent(replay['power'])} of the "
        f"times, planned {percent(replay['power_planned'])}."
    )


def _facts(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    past, traffic, drawn = answer["history"], answer["traffic"], answer["drawn"]
    aside = "; ".join(f"column {s['column']}: {s['reason']}: {count(s['rows'])}" for s in past["set_aside"])
    still = f"; {count(past['rows_open'])} outside an outcome window that has closed" if past["rows_open"] else ""
    facts = [
        (
            "past",
            f"{count(past['rows'])} rows, {count(past['rows_used'])} used{still}"
            + (f"; set aside: {aside}" if aside else "")
            + f"; {count(past['drawn'])} {drawn}",
        )
    ]
    if drawn == "clusters":
        facts.append(("clusters", f"of {count(past['units'])} units; what is planned are clusters, whole ones"))
    if traffic["known"]:
        share = "" if traffic["exposure"] == 1.0 else f", {percent(traffic['exposure'])} of them enter"
        facts.append(("traffic", f"{count(traffic['last_week'])} {drawn} come new in a week{share}"))
    if traffic["entered"] is not None:
        enough = "enough" if traffic["entered"] >= answer["units"] else "too few: let it run longer, or plan fewer"
        facts.append(
            ("the file", f"{count(traffic['entry_days'])} days bring {count(traffic['entered'])} {drawn}: {enough}")
        )
    shared = "" if answer["alpha_each"] == answer["alpha"] else f", {percent(answer['alpha_each'])} a comparison"
    facts.append(("alpha", f"{percent(answer['alpha'])}, two-sided{shared}"))
    if any(len(metric["looks"]) > 1 for metric in answer["metrics"]):
        facts.append(("looks", "before the end intervals are always valid: wider, and right however often one looks"))
    facts += [("not planned", f"{name}: a quantile has no plan from the past's sums") for name in answer["unplanned"]]
    return facts


def _row(*cells: str) -> str:
    widths = (12, 14, 26, 18, 22)
    return "".join(f"{cell:<{widths[0]}}" if not i else f"{cell:>{widths[i]}}" for i, cell in enumerate(cells))


def _value(value: float, *, share: bool, points: bool = False) -> str:
    """Say a figure; a share as a percentage, a difference of shares in percentage points."""
    if not share:
        return figure(value)
    return f"{figure(100 * value)} points" if points else percent(value)


def _effect(effect: Mapping[str, Any], *, share: bool) -> str:
    said = _value(abs(effect["absolute"]), share=share, points=True)
    return said if effect["relative"] is None else f"{said} ({percent(abs(effect['relative']))} of it)"


def _fact(label: str, words: str) -> str:
    return textwrap.fill(
        words, _WIDTH, initial_indent=f"{label:<{_LABEL}}", subsequent_indent=" " * _LABEL, break_long_words=False
    )
