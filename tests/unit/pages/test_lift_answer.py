"""An answer is told alike on a page and on a terminal: the verdict first, every figure once."""

from copy import deepcopy
from typing import Any

import pytest

from jobs.pages.lift import lift_html
from jobs.pages.lift_answer import lift_lines, lift_page
from tests.unit.pages.markup import checked


def interval(value: float, half: float = 0.1) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def effects(arm: str, effect: float) -> dict[str, Any]:
    return {
        "arm": arm, "qini_sklift": 0.05, "blp_slope": 0.8, "blp_slope_se": 0.2,
        "effect_eur": interval(effect), "qini_curve": {"share": [0.0, 1.0], "gain": [0.0, effect]}, "deciles": [],
    }  # fmt: skip


ANSWER: dict[str, Any] = {
    "verdict": "one arm for everyone", "arm": "mail", "reason": "Mail earns most.",
    "net_euros": 700.0, "net_euros_low": 500.0, "net_euros_high": 900.0, "gap": 0.0, "kept_share": 0.9,
    "sample_ratio_p": 0.4, "choice": "mail for everyone", "fallback": "mail",
    "customers": 1000, "contacted": 1000, "cost_eur": 20.0, "budget_eur": 50.0,
    "arms": [
        {"arm": "mail", "contact_cost_eur": 0.02, "customers": 1000, "cost_eur": 20.0, "expected_net_eur": 700.0},
        {"arm": "post", "contact_cost_eur": 0.9, "customers": 0, "cost_eur": 0.0, "expected_net_eur": 0.0},
    ],
    "sample_ratio": {"of": "rows", "design": "equal shares", "arms": [
        {"arm": "none", "rows": 340, "expected_share": 1 / 3}, {"arm": "mail", "rows": 330, "expected_share": 1 / 3},
        {"arm": "post", "rows": 330, "expected_share": 1 / 3}]},
    "rows": {"in": 1010, "used": 1000, "set_aside": {"no spend": 7, "id seen before": 3},
             "train": 500, "held_out": 500},
    "features": {"age": "number", "zone": "category"}, "left_out": {"land": "is 'NL' in every row"},
    "learners": [
        {"learner": name, "chosen": name == "LinearDML", "works": name != "CausalForestDML", "autoc": 0.1,
         "autoc_se": 0.05, "top30_value": 1.2, "top30_value_se": 0.1, "blp_slope": 0.8, "blp_slope_se": 0.2,
         "qini_sklift": 0.05, "negative_share": 0.1}
        for name in ("XLearner", "LinearDML", "CausalForestDML")
    ],
    "learner": {"learner": "LinearDML", "reason": "LinearDML: it came nearest.", "candidates": []},
    "effects": [effects("mail", 0.7), effects("post", 0.9)],
    "segments": {"against": "mail for everyone", "gain_eur": interval(-0.04), "effects": [
        {"segment": segment, "arm": arm, "chosen": arm == given, "rows": 200, "share": 0.4,
         "effect_eur": interval(0.5), "contact_cost_eur": 0.02}
        for segment, given in (("age up to 40", "mail"), ("age above 40", "none")) for arm in ("mail", "post")]},
    "policies": [
        {"name": "personalised", "gain_eur": interval(0.69), "chosen": False},
        {"name": "nobody", "gain_eur": interval(0.0, 0.0), "chosen": False},
        {"name": "best single arm", "gain_eur": interval(0.71), "chosen": False},
        {"name": "mail for everyone", "gain_eur": interval(0.72), "chosen": True},
        {"name": "personalised by XLearner", "gain_eur": interval(0.66), "chosen": False},
    ],
    "contrasts": [{"policy": "personalised", "against": "nobody", "difference_eur": interval(0.69)},
                  {"policy": "personalised", "against": "personalised by XLearner", "difference_eur": interval(0.03)}],
    "promise": {"promised_eur": 0.7, "measured_eur": interval(0.69), "deciles": [
        {"rank": 1, "rows": 50, "promised_eur": 0.9, "measured_eur": interval(0.8)}]},
    "budget_curve": {"spend_eur": [0.0, 20.0], "net_eur": [0.0, 700.0]},
    "warnings": ["Only 12 customers of post bought."],
    "data": "trial.csv", "unit": "id", "outcome": "spend", "outcome_in_words": "spend, at €0.30 a unit", "seed": 1,
    "list": "out/lift/list.csv", "page": "out/lift/lift.html", "json": "out/lift/lift.json",
    "card": "out/lift/model_card.html",
}  # fmt: skip

PERSONALISE = {"verdict": "personalise", "arm": None, "contacted": 400, "choice": "personalised", "fallback": None}
NOBODY = {
    "verdict": "nobody", "arm": None, "contacted": 0, "choice": "nobody", "fallback": "nobody", "cost_eur": 0.0,
    "net_euros": 0.0, "net_euros_low": 0.0, "net_euros_high": 0.0, "budget_curve": None,
}  # fmt: skip


def answer(**changes: Any) -> dict[str, Any]:
    return deepcopy(ANSWER) | changes


def test_the_terminal_says_the_verdict_first_and_then_what_it_rests_on() -> None:
    said = lift_lines(answer())
    assert said.splitlines()[0] == "Send mail to everyone."
    assert all(len(line) <= 110 for line in said.splitlines())
    for words in (
        "Mail earns most.", "+€700.00", "95% interval +€500.00 to +€900.00", "1,010 rows in, 1,000 used",
        "7 no spend, 3 id seen before", "sample ratio holds against equal shares (p = 0.400)",
        "500 rows never trained on",
        "out/lift/list.csv: 1,000 of 1,000 customers, contacts cost €20.00 of €50.00", "out/lift/lift.html",
        "land (is 'NL' in every row)", "Only 12 customers of post bought.", "LinearDML: it came nearest.",
        "model card out/lift/model_card.html",
    ):  # fmt: skip
        assert words in " ".join(said.split()), words


def test_arms_that_nobody_drew_have_no_sample_ratio_to_hold() -> None:
    said = " ".join(lift_lines(answer(sample_ratio_p=None)).split())
    assert "drawn by nobody, propensities estimated from the features" in said
    assert "sample ratio" not in said


def test_the_followed_policy_stands_first_and_alone_is_marked() -> None:
    lines = lift_lines(answer()).splitlines()
    marked = [line for line in lines if "<- the verdict" in line]
    assert len(marked) == 1
    assert "mail for everyone" in marked[0]
    names = [row.name for row in lift_page(answer()).policies]
    assert names == ["mail for everyone", "choosing by customer", "nobody"]


@pytest.mark.parametrize("changes", [{}, PERSONALISE, NOBODY])
def test_every_verdict_makes_a_page_and_lines(changes: dict[str, Any]) -> None:
    given = answer(**changes)
    words = checked(lift_html(lift_page(given)))
    assert lift_lines(given).splitlines()[0].rstrip(".") in words
    for figure in (
        "1,010 in, 1,000 used",
        "land (is",
        "Qini 0.050",
        "7 no spend",
        "spend, at €0.30 a unit",
        "age up to 40",
        "only judges",
        "The model's card",
        "mail by the rules",
        "age above 40 no contact, by the rules",
        "€0.040 a customer less than mail for everyone",
    ):
        assert figure in words, figure


@pytest.mark.parametrize(
    ("gain", "says"),
    [
        (interval(-0.04), "not surely more: the rules describe the trial, they are no recommendation"),
        (interval(0.05), "not surely more: the rules describe the trial, they are no recommendation"),
        (interval(-0.2), "surely less: the rules describe the trial, they are no recommendation"),
        (interval(0.2), "earns €0.200 a customer more than mail for everyone (95% interval of the difference +€0.100"),
        (interval(0.0, 0.0), "come to the same as mail for everyone"),
    ],
)
def test_rules_of_segments_never_read_as_a_recommendation(gain: dict[str, float], says: str) -> None:
    segments = ANSWER["segments"] | {"gain_eur": gain}
    words = checked(lift_html(lift_page(answer(segments=segments))))
    assert says in words
    assert ("not surely more" in words) == (says.startswith("not surely"))
    assert "recommendation" in words or "what to do is the verdict" in words


def test_nobody_is_told_without_an_interval_of_nothing() -> None:
    said = lift_lines(answer(**NOBODY))
    assert said.startswith("Send nothing to anybody.")
    assert "95% interval" not in said
    assert "no contact is surely worth its cost" in said


def test_the_curve_shown_is_of_the_arm_most_customers_get_else_of_the_best() -> None:
    assert [c.name for c in lift_page(answer()).qini] == ["mail"]
    nobody = answer(**NOBODY)
    nobody["arms"] = [a | {"customers": 0} for a in nobody["arms"]]
    assert [c.name for c in lift_page(nobody).qini] == ["post"]


def test_many_warnings_are_cut_on_the_terminal_and_whole_on_the_page() -> None:
    many = answer(warnings=[f"Look at {i}." for i in range(9)])
    assert "and 3 more on the page" in lift_lines(many)
    assert "Look at 8." in checked(lift_html(lift_page(many)))
