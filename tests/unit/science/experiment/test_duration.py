"""A trial runs for whole weeks, by units that come for the first time."""

import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.duration import duration_days


def test_history_is_followed_while_it_lasts_and_its_last_week_after_it() -> None:
    first_seen = [1000] * 7 + [100] * 7
    assert duration_days(7000, first_seen) == 7
    assert duration_days(7001, first_seen) == 14
    # 700 a week after two weeks that brought 7,700
    assert duration_days(7701, first_seen) == 21
    assert duration_days(8401, first_seen) == 28
    assert duration_days(8401, first_seen, window_days=10) == 38
    assert duration_days(3500, first_seen, exposure=0.5) == 7


@pytest.mark.parametrize(
    ("units", "first_seen", "exposure"),
    [(0, [1] * 7, 1.0), (5, [1] * 6, 1.0), (5, [-1] * 7, 1.0), (99, [9] * 7 + [0] * 7, 1.0), (5, [1] * 7, 0.0)],
)
def test_what_never_ends_is_refused(units: int, first_seen: list[int], exposure: float) -> None:
    with pytest.raises(BadRequest):
        duration_days(units, first_seen, exposure=exposure)
