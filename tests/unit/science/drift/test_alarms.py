"""An alarm needs more than one odd batch, lasts while the variable is not calm, and ends by itself."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadRequest
from jobs.science.drift.alarms import AlarmRule, is_raised
from jobs.science.drift.psi import Level

RULE = AlarmRule()


def course(levels: Sequence[Level], rule: AlarmRule = RULE) -> list[bool]:
    """Verdict after each batch, from only the few batches that a verdict rests on."""
    verdicts, stands = [], False
    for i in range(len(levels)):
        stands = is_raised(levels[max(0, i + 1 - rule.looks_back) : i + 1], stands, rule)
        verdicts.append(stands)
    return verdicts


def test_one_odd_batch_raises_nothing() -> None:
    assert not any(course(["stable", "alarm", "stable", "stable", "alarm", "stable"]))


def test_two_of_three_raise_it_and_two_stable_ones_end_it() -> None:
    levels: list[Level] = ["alarm", "stable", "alarm", "watch", "stable", "watch", "stable", "stable", "stable"]
    assert course(levels) == [False, False, True, True, True, True, True, False, False]


def test_between_the_thresholds_nothing_changes() -> None:
    assert not any(course(["watch"] * 20))
    assert all(course(["alarm", "alarm", *["watch"] * 20])[1:])  # type: ignore[list-item]


def test_a_rule_of_one_follows_the_batch() -> None:
    assert course(["alarm", "stable", "alarm"], AlarmRule(1, 1, 1)) == [True, False, True]


@given(st.lists(st.sampled_from(["stable", "watch", "alarm"]), max_size=40))
def test_an_alarm_changes_only_by_what_the_rule_names(levels: list[Level]) -> None:
    verdicts = [False, *course(levels)]
    for i, level in enumerate(levels):
        if verdicts[i + 1] and not verdicts[i]:
            assert level == "alarm"
        if verdicts[i] and not verdicts[i + 1]:
            assert levels[i - 1] == level == "stable"


def test_without_a_batch_it_stays_as_it_was() -> None:
    assert is_raised([], True)
    assert not is_raised([], False)


@pytest.mark.parametrize(("enter", "among", "leave"), [(0, 3, 2), (4, 3, 2), (2, 3, 0)])
def test_a_rule_that_cannot_be_is_refused(enter: int, among: int, leave: int) -> None:
    with pytest.raises(BadRequest, match=f"enter = {enter}, among = {among}, leave = {leave}"):
        AlarmRule(enter, among, leave)
