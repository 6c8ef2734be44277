"""The engine's refusals: days without a row and memory that does not suffice are named."""

import datetime as dt

import pytest

from jobs.errors import BadRequest, NoInput
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.features import fraud_features
from tests.unit.science.fraud.conftest import LIMITS, made_up_history

HISTORY = made_up_history(3_000, 10, seed=1)
LAST_DAY = dt.date(2023, 11, 24)


def _build(day: dt.date, limits: Limits) -> int:
    batches = fraud_features(
        HISTORY.transactions, HISTORY.fraud_reports, first_day=day, last_day=day, label_delay_days=7, limits=limits
    )
    return sum(batch.num_rows for batch in batches)


def test_days_without_a_transaction_are_named_as_people_write_them() -> None:
    with pytest.raises(NoInput, match=r"no row from 2033-\d\d-\d\d 00:00 UTC up to 2034-02-02 00:00 UTC"):
        _build(dt.date(2034, 2, 1), LIMITS)


def test_memory_that_does_not_suffice_is_named_with_what_to_do() -> None:
    with pytest.raises(BadRequest, match="memory_mb is 1, too little for these transactions; give it more"):
        _build(LAST_DAY - dt.timedelta(days=2), Limits(memory_mb=1, threads=1))
