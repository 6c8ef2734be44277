"""What EventBridge Scheduler would refuse is refused before anything is deployed, in one sentence."""

import pytest

from jobs.errors import BadRequest
from jobs.runtime.schedule import check_schedule


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 * * ? *)",
        "cron(0 12 ? * SUN *)",
        "cron(0/15 8-17 ? JAN-mar MON-FRI 2026-2030)",
        "cron(0,30 10 L * ? *)",
        "cron(15 10 ? * 6L 2026)",
        "cron(0 9 ? * 2#1 *)",
        "cron(0 9 15W * ? *)",
        "rate(1 hour)",
        "rate(5 minutes)",
        "at(2026-11-22T02:00:00)",
    ],
)
def test_what_it_takes_is_taken(expression: str) -> None:
    check_schedule(expression, "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("cron(61 2 * * ? *)", "minutes is '61', must be from 0 to 59"),
        ("cron(0 24 * * ? *)", "hours is '24', must be from 0 to 23"),
        ("cron(0 2 32 * ? *)", "day of month is '32'"),
        ("cron(0 2 ? 13 * *)", "month is '13'"),
        ("cron(0 2 ? * FUN *)", "day of week is 'FUN'"),
        ("cron(0 2 ? * 2#6 *)", "day of week is '2#6'"),
        ("cron(0 2 ? * * 1900)", "year is '1900'"),
        ("cron(0/0 2 * * ? *)", "minutes is '0/0'"),
        ("cron(0 2 * * *)", "it has 5 fields, must have six"),
        ("cron(0 2 * * * *)", "exactly one must be '?'"),
        ("cron(0 2 ? * ? *)", "exactly one must be '?'"),
        ("cron(? 2 * * ? *)", "minutes is '?'"),
        ("rate(0 hours)", "'0 hours' is no number above 0"),
        ("rate(1 fortnight)", "minutes, hours or days"),
        ("at(tomorrow)", "'tomorrow' is no moment"),
        ("daily(2)", "it is neither cron"),
        ("cron(0 2 * * ? *", "it is neither cron"),
    ],
)
def test_what_it_refuses_is_refused_by_the_name_of_the_field(expression: str, said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_schedule(expression)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"schedule {expression}: ")
    assert str(refused.value).endswith(": correct it.")


def test_a_time_zone_that_is_none_is_refused() -> None:
    with pytest.raises(BadRequest, match="time zone 'Mars/Olympus' is none"):
        check_schedule("rate(1 hour)", "Mars/Olympus")
