"""A reading refuses a broken split, looks early at its own price, and pays for all its claims."""

import numpy as np
import pytest

from jobs.errors import BadRequest, BadTrial
from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.reading import Rule, read
from jobs.science.experiment.split import check_split
from tests.unit.science.experiment.trials import COLUMNS, rows

SPEND = Metric("spend", "mean", "spend", covariates=("past_spend",), adjustment="cuped")
VISIT = Metric("visit", "proportion", "visit")
ORDERS = Metric("orders", "mean", "orders")
SHARES = dict.fromkeys(("none", "mail", "call"), 1 / 3)


def arms(mail: float, sizes: tuple[int, ...] = (2000, 2000, 2000)) -> dict[str, Moments]:
    found = {}
    for seed, (name, n) in enumerate(zip(SHARES, sizes, strict=True)):
        table = rows(n, seed, mail if name == "mail" else 0.0)
        found[name] = Moments.of_rows(COLUMNS, np.column_stack([table[c].astype(float) for c in COLUMNS]))
    return found


def split_of(found: dict[str, Moments]) -> object:
    return check_split({name: moments.count for name, moments in found.items()}, SHARES)


def test_at_the_end_a_true_effect_is_found_and_its_guardrail_held() -> None:
    found = arms(0.3)
    reading = read(Rule((VISIT, SPEND), 6000, ((ORDERS, Guardrail(0.1)),)), split_of(found), found, "none")
    assert reading.is_final
    assert [(line.metric, line.arm) for line in reading.lines] == [
        (metric, arm) for metric in ("visit", "spend", "orders") for arm in ("mail", "call")
    ]
    by_name = {(line.metric, line.arm): line for line in reading.lines}
    assert by_name["visit", "mail"].effect == effect(VISIT, found["none"], found["mail"])
    assert by_name["visit", "mail"].adjusted_p_value < 0.01
    assert by_name["orders", "mail"].guardrail == "held"
    for line in reading.lines[:4]:
        assert line.effect.p_value <= line.adjusted_p_value <= 4 * line.effect.p_value + 1e-12


def test_before_the_end_the_intervals_are_always_valid_ones() -> None:
    found = arms(0.3)
    reading = read(Rule((VISIT,), 12_000, correction="none"), split_of(found), found, "none")
    assert (reading.fraction, reading.is_final) == (0.5, False)
    assert reading.lines[0].effect == effect(VISIT, found["none"], found["mail"], reach=AlwaysValid(0.5))
    assert reading.lines[0].effect.absolute.lower < effect(VISIT, found["none"], found["mail"]).absolute.lower


def test_nothing_is_concluded_from_a_broken_split() -> None:
    found = arms(0.3, (2000, 2000, 1600))
    with pytest.raises(BadTrial, match="sample-ratio mismatch"):
        read(Rule((VISIT,), 6000), split_of(found), found, "none")


def test_a_control_that_is_not_there_and_a_rule_that_decides_nothing_are_refused() -> None:
    found = arms(0.0, (200, 200, 200))
    with pytest.raises(BadTrial, match="control 'nobody' and arms"):
        read(Rule((VISIT,), 600), split_of(found), found, "nobody")
    for wrong in (
        lambda: Rule((), 600),
        lambda: Rule((VISIT, VISIT), 600),
        lambda: Rule((VISIT,), 0),
        lambda: Rule((VISIT,), 600, alpha=1.0),
        lambda: Rule((VISIT,), 600, guardrail_alpha=0.5),
    ):
        with pytest.raises(BadRequest):
            wrong()
