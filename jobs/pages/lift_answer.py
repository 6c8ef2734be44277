"""The answer of ``netlift lift`` as a page and as the lines that a terminal shows."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from jobs.pages.figures import ArmRow, BudgetCurve, CalibrationBin, FileRow, Interval, QiniCurve
from jobs.pages.formats import count, decimal, euro, p_value, percent, signed_euro, small_euro
from jobs.pages.lift import ArmCount, LiftPage, PolicyRow, SampleRatio, verdict_sentence
from jobs.pages.uplift_figures import interval, learner_rows, rules_sentence, segment_rows

_VERDICTS: Mapping[str, Literal["personalise", "one_arm", "nobody"]] = {
    "personalise": "personalise",
    "one arm for everyone": "one_arm",
    "nobody": "nobody",
}
_BEST = "best single arm"
_OTHER = "personalised by "
_IN_WORDS = {
    "personalised": "choosing by customer",
    "response model": "likeliest buyers (response model)",
    "constant effect": "everyone alike (constant effect)",
    "random": "as many at random",
}
_BY_NUMBER = "by the number of their row, 1 is the first after the header (no --unit was given)"
_WIDTH = 110
_LABEL = 12
_WARNINGS = 6


def lift_page(answer: Mapping[str, Any]) -> LiftPage:
    """Lay an answer out as a page.

    Parameters
    ----------
    answer : mapping
        What `jobs.lift.lift` returns.
    """
    ratio = answer["sample_ratio"]
    verdict = _VERDICTS[answer["verdict"]]
    curve = answer["budget_curve"]
    shown = _arm_to_show(answer)
    return LiftPage(
        data_name=answer["data"],
        verdict=verdict,
        arm=answer["arm"] or "",
        reason=answer["reason"],
        customers=answer["customers"],
        contacted=answer["contacted"],
        cost_eur=answer["cost_eur"],
        budget_eur=answer["budget_eur"],
        net_eur=_net(answer),
        outcome=answer["outcome_in_words"],
        sample_ratio=SampleRatio(
            answer["sample_ratio_p"],
            passed=True,
            arms=[ArmCount(a["arm"], a["rows"], a["expected_share"]) for a in ratio["arms"]],
        ),
        policies=[_policy_row(p, answer) for p in _policies(answer)],
        learners=learner_rows(answer["learners"], answer["contrasts"]),
        choice=answer["learner"]["reason"],
        segments=segment_rows(answer["segments"]["effects"]),
        rules=rules_sentence(answer["segments"]),
        qini=[QiniCurve(shown["arm"], shown["qini_curve"]["share"], shown["qini_curve"]["gain"])],
        calibration=[
            CalibrationBin(d["promised_eur"], m["value"], m["low"], m["high"])
            for d in answer["promise"]["deciles"]
            for m in (d["measured_eur"],)
        ],
        budget=BudgetCurve(curve["spend_eur"], curve["net_eur"], answer["cost_eur"], answer["net_euros"])
        if curve
        else None,
        arms=[
            ArmRow(a["arm"], a["customers"], a["cost_eur"], a["expected_net_eur"])
            for a in answer["arms"]
            if a["customers"]
        ],
        files=[
            FileRow(answer["list"], "The list, CSV"),
            FileRow(answer["card"], "The model's card"),
            FileRow(answer["json"], "Every figure, JSON"),
        ],
        next_steps=_next_steps(answer),
        facts=_facts(answer),
        warnings=answer["warnings"],
    )


def lift_lines(answer: Mapping[str, Any]) -> str:
    """Say an answer on a terminal: the verdict first, then what it rests on.

    Parameters
    ----------
    answer : mapping
        What `jobs.lift.lift` returns.
    """
    page = lift_page(answer)
    rows, ratio = answer["rows"], answer["sample_ratio"]
    aside = f"; set aside: {_set_aside(answer)}" if rows["set_aside"] else ""
    sizes = ", ".join(f"{a['arm']} {count(a['rows'])}" for a in ratio["arms"])
    lines = [
        f"{verdict_sentence(page)}.",
        *textwrap.wrap(answer["reason"], _WIDTH),
        "",
        _line("expect", _expected(answer)),
        _line("trial", f"{count(rows['in'])} rows in, {count(rows['used'])} used{aside}"),
        _line("arms", f"{sizes}: {_sizes_judged(answer)}"),
        _line("features", ", ".join(answer["features"])
              + (f"; left out: {_left_out(answer)}" if answer["left_out"] else "")),
        _line("judged", f"€ a customer over sending nothing, on the {count(rows['held_out'])} rows never trained on"),
        *_policy_lines(page.policies),
        _line("learner", answer["learner"]["reason"]),
        _line("list", f"{answer['list']}: {count(answer['contacted'])} of {count(answer['customers'])} customers, "
              f"contacts cost {euro(answer['cost_eur'])}{_of_budget(answer)}"
              + ("" if answer["unit"] else "; unit is the row's number, from 1")),
        _line("page", f"{answer['page']}, model card {answer['card']}"),
        *(_line("look" if not i else "", w) for i, w in enumerate(answer["warnings"][:_WARNINGS])),
    ]  # fmt: skip
    more = len(answer["warnings"]) - _WARNINGS
    return "\n".join([*lines, *([_line("", f"and {more} more on the page")] if more > 0 else [])])


def _line(label: str, words: str) -> str:
    """Return a labelled line; what does not fit goes on below, indented alike."""
    return textwrap.fill(
        words,
        _WIDTH,
        initial_indent=f"{label:<{_LABEL}}",
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _net(answer: Mapping[str, Any]) -> Interval:
    if answer["verdict"] == "nobody":
        return Interval(0.0)
    return Interval(answer["net_euros"], answer["net_euros_low"], answer["net_euros_high"])


def _expected(answer: Mapping[str, Any]) -> str:
    if answer["verdict"] == "nobody":
        return "nothing: no contact is surely worth its cost"
    return (
        f"{signed_euro(answer['net_euros'])} net over sending nothing, contact cost taken off, 95% interval "
        f"{signed_euro(answer['net_euros_low'])} to {signed_euro(answer['net_euros_high'])}"
    )


def _sizes_judged(answer: Mapping[str, Any]) -> str:
    if answer["sample_ratio_p"] is None:
        return "drawn by nobody, propensities estimated from the features"
    return f"sample ratio holds against {answer['sample_ratio']['design']} ({p_value(answer['sample_ratio_p'])})"


def _of_budget(answer: Mapping[str, Any]) -> str:
    return "" if answer["budget_eur"] is None else f" of {euro(answer['budget_eur'])}"


def _policies(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the policies to show: the verdict first, then by value; an arm and a learner stand once each."""
    shown = [p for p in answer["policies"] if p["name"] != _BEST and not p["name"].startswith(_OTHER)]
    return sorted(shown, key=lambda p: (not p["chosen"], -p["gain_eur"]["value"]))


def _policy_row(policy: Mapping[str, Any], answer: Mapping[str, Any]) -> PolicyRow:
    gain = policy["gain_eur"]
    against = next((c["difference_eur"] for c in answer["contrasts"] if c["against"] == policy["name"]), None)
    return PolicyRow(
        _IN_WORDS.get(policy["name"], policy["name"]),
        interval(gain),
        None if against is None else interval(against),
        chosen=policy["chosen"],
    )


def _policy_lines(rows: Sequence[PolicyRow]) -> Iterator[str]:
    wide = max(len(row.name) for row in rows)
    for row in rows:
        value = row.value_eur
        limits = "" if value.low is None else f"  ({small_euro(value.low)} to {small_euro(value.high)})"
        mark = "  <- the verdict" if row.chosen else ""
        yield f"{'':<{_LABEL}}{row.name:<{wide}}  {small_euro(value.value):>8}{limits}{mark}"


def _arm_to_show(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is known of one arm: the one most customers get, else the one that gains most.

    A curve for each arm would need a straight line of its own to be read against.
    """
    customers = {a["arm"]: a["customers"] for a in answer["arms"]}
    found: Sequence[Mapping[str, Any]] = answer["effects"]
    return max(found, key=lambda x: (customers[x["arm"]], x["effect_eur"]["value"]))


def _next_steps(answer: Mapping[str, Any]) -> list[str]:
    if answer["verdict"] == "nobody":
        return [
            "Contact nobody with these offers at this cost.",
            "Try a cheaper contact or another offer; or a larger trial, if a gain too small for this one would do.",
        ]
    return [
        f"Contact the customers of {answer['list']}.",
        "Keep a random tenth of them back: what the others bring beyond them is this promise, measured.",
    ]


def _facts(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows, costs = answer["rows"], {a["contact_cost_eur"] for a in answer["arms"]}
    facts = [
        ("Rows", f"{count(rows['in'])} in, {count(rows['used'])} used: {count(rows['train'])} trained on, "
                 f"{count(rows['held_out'])} held out"),
        *([("Set aside", _set_aside(answer))] if rows["set_aside"] else []),
        ("Contact cost", euro(costs.pop()) + " for every arm" if len(costs) == 1
         else ", ".join(f"{a['arm']} {euro(a['contact_cost_eur'])}" for a in answer["arms"])),
        ("Customers on the list", f"by {answer['unit']}" if answer["unit"] else _BY_NUMBER),
        ("Customers are told apart by", ", ".join(answer["features"])),
        *([("Left out", _left_out(answer))] if answer["left_out"] else []),
        ("Order found", "; ".join(
            f"{x['arm']}: Qini {decimal(x['qini_sklift'])}, calibration slope {decimal(x['blp_slope'])} ± "
            f"{decimal(x['blp_slope_se'])}" for x in answer["effects"])),
    ]  # fmt: skip
    if answer["contacted"]:
        facts += [
            ("The promise", _promise(answer)),
            (
                "Certificate",
                f"no list within the budget earns {percent(answer['gap'])} more by these scores"
                if answer["gap"] >= 0.0005
                else "no list within the budget earns more by these scores",
            ),
        ]
    facts.append(
        ("Expected sizes of the arms", f"{answer['sample_ratio']['design']}, counted in {answer['sample_ratio']['of']}")
    )
    return [*facts, ("Learner and seed", f"{answer['learner']['learner']}, {answer['seed']}")]


def _left_out(answer: Mapping[str, Any]) -> str:
    return "; ".join(f"{name} ({why})" for name, why in answer["left_out"].items())


def _set_aside(answer: Mapping[str, Any]) -> str:
    return ", ".join(f"{count(n)} {why}" for why, n in answer["rows"]["set_aside"].items())


def _promise(answer: Mapping[str, Any]) -> str:
    kept = f"{answer['kept_share']:.0%}"
    if answer["verdict"] == "personalise":
        return f"customers never trained on earned {kept} of what scores promised of them; the list is scaled by that"
    return (
        f"rests on all rows, each valued under the arm that earlier rows chose, {kept} of that arm's plain mean; the "
        "policies above are judged on held-out rows alone"
    )
