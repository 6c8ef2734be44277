"""One payment is assessed as the batch assesses many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadSchema
from jobs.science.fraud.decision import Costs, DecisionPolicy
from jobs.science.fraud.online_score import OnlineScorer, outcome_of
from tests.unit.functions.online_worlds import small_model

AMOUNTS = st.floats(0, 1e7)
PROBABILITIES = st.floats(0, 1)
POLICIES = st.builds(
    DecisionPolicy,
    st.builds(
        Costs,
        review_eur=st.floats(0.01, 100),
        loss_share=st.floats(0.01, 1),
        insult_eur=st.floats(0, 1e4),
    ),
    st.floats(0, 100),
)


@given(POLICIES, PROBABILITIES, AMOUNTS)
def test_the_outcome_of_one_is_that_of_many(policy: DecisionPolicy, probability: float, amount_eur: float) -> None:
    assert outcome_of(policy, probability, amount_eur) == policy.decide([probability], [amount_eur])[0]


@pytest.fixture(scope="module")
def scorer() -> OnlineScorer:
    return OnlineScorer(small_model().to_files())


@pytest.mark.parametrize("seed", range(5))
def test_score_level_and_reasons_belong_together(scorer: OnlineScorer, seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = dict(zip(scorer.scorer.features, rng.lognormal(1, 2, len(scorer.scorer.features)), strict=True))
    features["amount"] = 10.0 ** (seed - 1)
    found = scorer.assess(features, features["amount"])
    assert found.score == round(1000 * found.probability)
    assert found.level == ("high" if found.probability >= 0.5 else "medium" if found.probability >= 0.1 else "low")
    assert bool(found.reasons) == (found.outcome != "approve")
    assert all(code.isidentifier() and words for code, words in found.reasons)


def test_a_model_that_reads_what_is_not_known_online_is_refused(scorer: OnlineScorer) -> None:
    files = scorer.scorer
    with pytest.raises(BadSchema, match="'hour_of_day'"):
        OnlineScorer(small_model().to_files(), frozenset(files.features) - {"hour_of_day"})
    with pytest.raises(BadSchema, match="not known online"):
        scorer.assess({"amount": 1.0}, 1.0)
