"""On the Handbook's terminals: the truth judges, and what became known trains."""

import datetime as dt
from pathlib import Path

import pytest

from jobs.science.fraud.engine import Limits
from jobs.science.partners.baselines import baselines
from jobs.science.partners.features import partner_features, training_rows
from jobs.science.partners.plan import PartnerPlan
from jobs.science.partners.train import train_partner_model
from tests.unit.science.fraud.conftest import handbook_history
from tests.unit.science.partners.terminals import judge

FIRST, LAST = dt.date(2018, 8, 8), dt.date(2018, 9, 4)
LIMITS = Limits(memory_mb=1_000, threads=1)


@pytest.mark.long
@pytest.mark.timeout(1200)  # four weeks of features of 10,000 terminals, on a machine that may be busy
def test_the_queue_of_four_weeks_holds_what_is_promised(data_dir: Path, tmp_path: Path) -> None:
    """Precision at 50, average precision, days to detection, all 28 found; and every baseline is behind."""
    limits = Limits(memory_mb=1_000, threads=1, temp_directory=str(tmp_path))
    history = handbook_history(data_dir, dt.date(2018, 4, 1), LAST)
    plan = PartnerPlan()
    last = FIRST - dt.timedelta(days=plan.last_row_days)
    rows = training_rows(
        history.transactions,
        history.fraud_reports,
        first_day=dt.date(2018, 5, 6),
        last_day=last,
        known_by=FIRST,
        horizon_days=plan.horizon_days,
        label_delay_days=plan.label_delay_days,
        limits=limits,
    )
    scorer = train_partner_model(rows, plan).scorer
    days = partner_features(
        history.transactions, history.fraud_reports, first_day=FIRST, last_day=LAST, label_delay_days=7, limits=limits
    )
    found = judge(days, scorer.margin(days))
    assert found.precision_at_50 >= 0.70
    assert found.average_precision >= 0.60
    assert found.median_days <= 9
    assert (found.found, found.of) == (28, 28)
    behind = {name: judge(days, score) for name, score in baselines(days).items()}
    assert behind["rate_28d"].precision_at_50 == pytest.approx(0.21, abs=0.01)
    assert behind["shrunk_rate_7d"].precision_at_50 == pytest.approx(0.61, abs=0.02)
    for of in behind.values():
        assert of.precision_at_50 < found.precision_at_50 - 0.05
        assert of.average_precision < found.average_precision - 0.2


def test_a_known_streak_finds_compromised_terminals_of_one_day(data_dir: Path) -> None:
    """A small version on one day: the baselines find more than half, and no future label is needed."""
    day = dt.date(2018, 8, 20)
    history = handbook_history(data_dir, day - dt.timedelta(days=35), day)
    rows = partner_features(
        history.transactions, history.fraud_reports, first_day=day, last_day=day, label_delay_days=7, limits=LIMITS
    )
    found = {name: judge(rows, score) for name, score in baselines(rows).items()}
    assert found["shrunk_rate_7d"].precision_at_50 > 0.5
    assert found["streak"].precision_at_50 > 0.5
    assert found["rate_28d"].precision_at_50 < found["streak"].precision_at_50
