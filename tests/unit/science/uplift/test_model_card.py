"""The card says what the model was made from, how it was chosen, and what it is not for."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.judgement import Judgement
from jobs.science.uplift.model_card import model_card
from jobs.science.uplift.trial import Trial
from tests.unit.science.uplift.worlds import make_world

DATES = {"first": "2026-09-01", "last": "2026-09-30", "window_days": 28}


@pytest.fixture(scope="module")
def judged() -> tuple[Trial, Judgement]:
    trial = make_world(3000, level=(0.5, 0.2), heterogeneity=2.0, seed=1).trial
    costs = [0.1, 0.1]
    return trial, fit_and_judge(trial, cost_eur=costs, learners=("XLearner", "LinearDML"), seed=1, resamples=20)


def card_of(trial: Trial, judgement: Judgement, **words: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "data": "spring",
        "outcome_in_words": "margin in euro",
        "sample_ratio_p": 0.4,
        "dates": DATES,
    } | words
    return model_card(trial, judgement, **given)


def test_it_holds_all_that_an_expert_asks_for(judged: tuple[Trial, Judgement]) -> None:
    trial, judgement = judged
    card = json.loads(json.dumps(card_of(*judged), allow_nan=False))
    assert card["dates"] == DATES
    assert [a["rows"] for a in card["trial"]["arms"]] == np.bincount(trial.arm).tolist()
    assert sum(a["propensity"]["mean"] for a in card["trial"]["arms"]) == pytest.approx(1.0)
    assert card["trial"]["features"] == dict(trial.features)
    assert card["choice"]["learner"] == judgement.choice.learner
    assert {x["learner"] for x in card["learners"]} == {"XLearner", "LinearDML"}
    assert all(x["autoc_se"] > 0.0 for x in card["learners"])
    assert [c["slope"] for c in card["calibration"]] == [c.slope for c in judgement.fitted.calibration]
    assert sum(i["share"] for i in card["importances"]) == pytest.approx(1.0)
    assert {"segment", "arm", "rows", "effect_eur"} <= set(card["segments"]["effects"][0])


def test_equal_trainings_make_equal_cards(judged: tuple[Trial, Judgement]) -> None:
    """No clock was handed in, so nothing in the card depends on how busy the machine was."""
    assert not {"fit_cpu_s", "score_rows_per_cpu_s"} & set(card_of(*judged)["learners"][0])


def test_effective_rows_fall_where_propensities_differ(judged: tuple[Trial, Judgement]) -> None:
    trial, judgement = judged
    equal = card_of(trial, judgement)["trial"]["arms"]
    assert all(a["effective_rows"] == pytest.approx(a["rows"]) for a in equal)
    p = np.where(np.arange(len(trial)) % 10 == 0, 0.02, 0.9)
    card = card_of(replace(trial, propensity=p), judgement)
    arm = card["trial"]["arms"][0]
    w = 1.0 / p[trial.arm == 0]
    assert arm["effective_rows"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert sum("very unequal propensities" in limit for limit in card["limits"]) == 3


def test_limits_say_what_was_not_found_and_what_is_not_known(judged: tuple[Trial, Judgement]) -> None:
    limits = card_of(*judged, warnings=["Only 12 buyers."])["limits"]
    assert limits[-1] == "Only 12 buyers."
    assert not any("not put to work" in limit or "beyond doubt" in limit for limit in limits)
    assert any("within 28 days" in limit for limit in limits)
    alike = make_world(1200, level=(1.0,), heterogeneity=0.0, seed=2).trial
    said = card_of(alike, fit_and_judge(alike, cost_eur=[0.1], resamples=20))["limits"]
    assert said[0].endswith("the scorer gives the mean effect of arm 1 for everyone.")
    assert "Nothing shows beyond doubt" in said[1]
