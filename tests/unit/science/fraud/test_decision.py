"""Decisions cost least where probabilities are right, and reviewers are never asked for more than they can do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadRequest
from jobs.science.fraud.decision import (
    APPROVE,
    DECLINE,
    NOT_ASSESSED,
    OUTCOMES,
    REVIEW,
    Costs,
    DecisionPolicy,
    money,
    policy_from,
    policy_within,
    row_costs,
)

probabilities = st.floats(0, 1)
amounts = st.floats(0, 1e6)
costs = st.builds(Costs, st.floats(0.1, 100), st.floats(0.01, 1), st.floats(0, 500))


def expected(outcome: str, p: float, a: float, c: Costs) -> float:
    return {APPROVE: p * a * c.loss_share, REVIEW: c.review_eur, DECLINE: (1 - p) * c.insult_eur}[outcome]


@given(probabilities, amounts, costs)
def test_no_other_outcome_is_expected_to_cost_less(p: float, a: float, c: Costs) -> None:
    outcome = str(DecisionPolicy(c).decide([p], [a])[0])
    least = min(expected(other, p, a, c) for other in (APPROVE, REVIEW, DECLINE))
    assert expected(outcome, p, a, c) == pytest.approx(least, rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(probabilities, amounts), min_size=1, max_size=40), costs, st.integers(0, 40))
def test_reviews_never_exceed_what_reviewers_can_do(rows: list[tuple[float, float]], c: Costs, most: int) -> None:
    p, a = np.array(rows).T
    policy = policy_within(p, a, c, most)
    assert (policy.decide(p, a) == REVIEW).sum() <= most
    assert policy.review_price_eur >= 0


def test_few_reviewers_look_at_what_saves_most() -> None:
    p, a = np.full(6, 0.3), np.array([100.0, 600, 20, 300, 50, 200])
    policy = policy_within(p, a, Costs(insult_eur=1e5), 2)
    assert np.flatnonzero(policy.decide(p, a) == REVIEW).tolist() == [1, 3]
    assert (policy_within(p, a, Costs(insult_eur=1e5), None).decide(p, a) == REVIEW).sum() == 6


@pytest.mark.parametrize(
    ("p", "a"), [(np.nan, 5.0), (0.5, np.nan), (0.5, -1.0), (0.5, np.inf), (1.5, 5.0), (-0.1, 5.0)]
)
def test_a_missing_or_impossible_value_is_not_assessed(p: float, a: float) -> None:
    assert DecisionPolicy().decide([p, 0.0], [a, 5.0]).tolist() == [NOT_ASSESSED, APPROVE]


def test_costs_count_every_row_once() -> None:
    outcome = ["approve", "approve", "review", "review", "decline", "decline", "not_assessed"]
    fraud = [1, 0, 1, 0, 1, 0, 1]
    found = money(outcome, fraud, [100, 10, 200, 20, 400, 40, 800], Costs(5, 0.5, 30))
    assert found.cost_eur == 50 + 5 + 5 + 0 + 30 + 400
    assert found.nothing_eur == 750
    assert (found.reviews, found.declines) == (2, 2)
    assert found.share == pytest.approx(490 / 750)
    cost, nothing = row_costs(outcome, fraud, [100, 10, 200, 20, 400, 40, 800], Costs(5, 0.5, 30))
    assert (cost.sum(), nothing.sum()) == (490, 750)


def test_the_policy_survives_as_plain_values_and_its_version_changes_with_it() -> None:
    policy = DecisionPolicy(Costs(4, 0.9, 25), 1.5)
    assert policy_from(policy.to_dict()) == policy
    assert policy_from(policy.to_dict()).version == policy.version
    assert DecisionPolicy(Costs(4, 0.9, 26), 1.5).version != policy.version
    assert set(OUTCOMES) == {"approve", "review", "decline", "not_assessed"}


@pytest.mark.parametrize("bad", [{"review_eur": 0}, {"loss_share": 1.5}, {"loss_share": 0}, {"insult_eur": -1}])
def test_costs_that_cannot_be_are_refused_by_name(bad: dict[str, float]) -> None:
    with pytest.raises(BadRequest, match=f"{next(iter(bad))} is"):
        Costs(**bad)
    with pytest.raises(BadRequest, match="most_reviews is -1"):
        policy_within([0.5], [1], Costs(), -1)
