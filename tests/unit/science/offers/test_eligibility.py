"""Everybody who gets nothing has one reason, the first that applies."""

import numpy as np
import pytest

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.eligibility import Reason, in_words, may_be_offered, screen, settle


def test_consent_comes_before_fraud_before_holdout():
    consent = [False, True, True, True]
    risk = [0.9, 0.9, 0.2, 0.1]
    holdout = [True, True, True, False]
    codes = screen(consent, risk, 0.2, holdout)
    assert codes.tolist() == [Reason.NO_CONSENT, Reason.FRAUD_LIMIT, Reason.HOLDOUT, Reason.OFFERED]
    assert may_be_offered(codes).tolist() == [False, False, False, True]


def test_whoever_was_allowed_and_got_nothing_was_worth_nothing_or_outbid():
    screened = np.array([Reason.OFFERED, Reason.OFFERED, Reason.OFFERED, Reason.HOLDOUT], np.int8)
    value = np.array([[2.0], [1.0], [-1.0], [5.0]], np.float32)
    arm = np.array([0, -1, -1, -1], np.int8)
    assert settle(screened, value, arm).tolist() == [Reason.OFFERED, Reason.OUTBID, Reason.NO_VALUE, Reason.HOLDOUT]


def test_every_reason_has_a_sentence_and_the_limit_stands_in_it():
    sentences = in_words(0.15)
    assert len(set(sentences)) == len(Reason)
    assert "0.15" in sentences[Reason.FRAUD_LIMIT]


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1])
def test_a_risk_that_cannot_be_is_refused(wrong):
    with pytest.raises(BadRows, match="customer 1"):
        screen([True, True], [0.1, wrong], 0.2, [False, False])


def test_a_limit_that_cannot_be_is_refused():
    with pytest.raises(BadRequest, match=r"fraud_limit == 1\.5"):
        screen([True], [0.1], 1.5, [False])


def test_segments_come_before_fraud_and_contacts_after_the_holdout():
    """Only who is not in the holdout was ever contacted: before it, the limit would part holdout and offered people."""
    codes = screen(
        [True] * 4, [0.9, 0.1, 0.1, 0.1], 0.2, [False, True, False, False], [False, True, True, True], [0, 0, 0, 1]
    )
    assert codes.tolist() == [Reason.SEGMENT, Reason.HOLDOUT, Reason.CONTACT_LIMIT, Reason.OFFERED]


def test_the_holdout_of_the_house_comes_before_that_of_the_campaign_and_after_what_makes_nobody_eligible():
    codes = screen(
        [False, True, True, True],
        [0.1, 0.9, 0.1, 0.1],
        0.2,
        [True, True, True, True],
        house_holdout=[True, True, True, False],
    )
    assert codes.tolist() == [Reason.NO_CONSENT, Reason.FRAUD_LIMIT, Reason.HOUSE_HOLDOUT, Reason.HOLDOUT]


def test_why_nothing_was_worth_it_is_told_apart():
    """A risky partner's arm, effects negative beyond doubt, too little value, and a minimum kept at a loss."""
    screened = np.zeros(5, np.int8)
    value = np.array([[-1.0, 2.0], [-3.0, -4.0], [-1.0, -1.0], [-1.0, -2.0], [0.5, 2.0]], np.float32)
    suppressed = np.array([[False, False], [True, True], [True, False], [False, False], [False, False]])
    at_risk = np.array([False, True])
    arm = np.array([-1, -1, -1, 0, -1])
    said = settle(screened, value, arm, at_risk=at_risk, suppressed=suppressed)
    wanted = [Reason.PARTNER_RISK, Reason.SUPPRESSED, Reason.NO_VALUE, Reason.COMMITTED, Reason.OUTBID]
    assert said.tolist() == wanted
    too_little = settle(screened, value, arm, at_risk=at_risk, minimum_value_eur=1.0)
    assert too_little[4] == Reason.PARTNER_RISK
    assert settle(screened, value, arm, minimum_value_eur=3.0)[4] == Reason.NO_VALUE
    assert "0.5 euro that the campaign asks for" in in_words(0.2, 0.5)[Reason.NO_VALUE]
