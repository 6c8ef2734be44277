"""A plan says which days a part takes, and refuses what cannot be trained by."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadRows
from jobs.science.partners.plan import PartnerPlan, labels, part_of

FIRST = dt.date(2026, 1, 1)
PLAN = PartnerPlan(train_days=20, calibration_days=5, test_days=4, horizon_days=3)


def rows(days, frauds=(0, 3)):
    """Two partners a day, each with ten payments in the days ahead."""
    day = np.repeat((FIRST - dt.date(1970, 1, 1)).days + np.arange(days), len(frauds)).astype(np.int32)
    return pa.table(
        {
            "day": pa.array(day).cast(pa.date32()),
            "next_transactions": np.full(len(day), 10),
            "next_frauds": np.tile(frauds, days),
        }
    )


def test_parts_follow_one_another_with_the_labels_delay_and_the_days_ahead_between():
    spans = PLAN.spans(rows(PLAN.row_days))
    assert spans["train"] == (FIRST, FIRST + dt.timedelta(days=19))
    assert spans["calibration"][0] - spans["train"][1] == dt.timedelta(days=PLAN.last_row_days + 1)
    assert spans["test"][0] - spans["calibration"][1] == dt.timedelta(days=PLAN.horizon_days + 1)
    assert spans["all"] == (FIRST, spans["test"][1]) == (FIRST, FIRST + dt.timedelta(days=PLAN.row_days - 1))


def test_more_days_than_planned_are_left_to_the_last_fit_and_fewer_shorten_training():
    longer, shorter = PLAN.spans(rows(PLAN.row_days + 9)), PLAN.spans(rows(PLAN.row_days - 9))
    assert longer["train"][0] - longer["all"][0] == dt.timedelta(days=9)
    assert shorter["train"][1] - shorter["train"][0] == dt.timedelta(days=10)


@pytest.mark.parametrize("days", [0, 1, 22])
def test_days_that_do_not_suffice_are_refused(days):
    with pytest.raises(BadRows, match="known labels cover" if days else "there is no partner-day"):
        PLAN.spans(rows(days))


def test_one_fraud_is_an_accident_and_a_small_share_of_many_payments_is_too():
    made = PartnerPlan(risky_rate=0.3).judged(rows(1, (0, 1, 2, 3, 10)))
    assert labels(made).tolist() == [False, False, False, True, True]
    assert labels(PartnerPlan(risky_rate=0.01).judged(rows(1, (1, 2)))).tolist() == [False, True]


def test_a_part_without_a_risky_partner_or_without_any_other_is_named():
    span = (FIRST, FIRST + dt.timedelta(days=1))
    assert part_of(PLAN.judged(rows(5)), "test", span).num_rows == 4
    with pytest.raises(BadRows, match="0 of 4 partner-days of test, 2026-01-01 to 2026-01-02, became risky"):
        part_of(PLAN.judged(rows(5, (0, 0))), "test", span)
    with pytest.raises(BadRows, match="4 of 4 partner-days of train"):
        part_of(PLAN.judged(rows(5, (9, 9))), "train", span)


def test_values_that_make_no_sense_are_refused():
    with pytest.raises(BadRequest, match="capacity is 0"):
        PartnerPlan(capacity=0)
    for rate in (0.0, 1.0, float("nan")):
        with pytest.raises(BadRequest, match=f"risky_rate is {rate}"):
            PartnerPlan(risky_rate=rate)
