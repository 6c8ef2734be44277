"""The page of a model's card says what the card says, without scripts."""

from typing import Any

import pytest

from jobs.pages.model_card import model_card_html
from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.model_card import model_card
from tests.unit.pages.markup import checked
from tests.unit.science.uplift.worlds import make_world

DATES = {"first": "2026-09-01", "last": "2026-09-30", "window_days": 28}


def card_of(*, level: float, differ: float, cost: float, **words: Any) -> dict[str, Any]:
    trial = make_world(2000, level=(level,), heterogeneity=differ, seed=1).trial
    judgement = fit_and_judge(trial, cost_eur=[cost], seed=1, resamples=10)
    given: dict[str, Any] = {
        "data": "spring",
        "outcome_in_words": "margin in euro",
        "sample_ratio_p": 0.4,
        "dates": DATES,
    } | words
    return model_card(trial, judgement, **given)


@pytest.mark.parametrize(
    ("world", "says"),
    [
        ({"level": 0.2, "differ": 2.0, "cost": 0.1}, ["put to work: it chooses customer by customer", "2026-09-30"]),
        ({"level": 1.0, "differ": 0.0, "cost": 0.1, "dates": None}, ["not put to work: arm 1 goes to everyone"]),
        (
            {"level": 1.0, "differ": 0.0, "cost": 9.0, "left_out": {"land": "is 'NL' in every row"}},
            ["not put to work: nobody is to be contacted", "land (is 'NL' in every row)"],
        ),
    ],
    ids=["personalise", "one arm", "nobody"],
)
def test_the_page_says_what_the_card_says(world: dict[str, Any], says: list[str]) -> None:
    card = card_of(**world)
    words = checked(model_card_html(card))
    said = [
        *says, "spring", "2,000", "margin in euro", *card["limits"], card["choice"]["reason"],
        *{s["segment"] for s in card["segments"]["effects"]}, "Limits of use", "Promised against measured",
        "What the effects rest on",
    ]  # fmt: skip
    for figure in said:
        assert figure in words, figure


def test_slices_are_shown_as_exploratory_where_there_are_any() -> None:
    card = card_of(level=1.0, differ=0.0, cost=0.1)
    assert "exploratory" not in checked(model_card_html(card))
    card["slices"] = {"exploratory": True, "effects": [
        {"slice": "night owls", "arm": "arm 1", "rows": 120, "promised_eur": 0.5,
         "measured_eur": {"value": 0.4, "low": 0.1, "high": 0.7}}]}  # fmt: skip
    words = checked(model_card_html(card))
    assert "exploratory" in words
    assert "night owls" in words
