"""An alarm needs more than one odd batch, lasts while the variable is not calm, and ends by itself."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadRequest
from jobs.science.drift.alarms import AlarmRule, is_raised
from jobs.science.drift.counts import Counter
from jobs.science.drift.profile import SCORE, profile_of
from jobs.science.drift.psi import Level, measure_drift

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


Columns = dict[str, np.ndarray | pa.Array]
ROWS = 2_000


def batch(seed: int, rows: int = ROWS) -> Columns:
    """A night of a made-up world."""
    rng = np.random.default_rng(seed)
    return {
        "amount": rng.lognormal(3, 1, rows),
        "age": np.where(rng.random(rows) < 0.03, np.nan, rng.normal(45, 12, rows)),
        "channel": pa.array(rng.choice(["web", "phone", "shop"], rows, p=[0.7, 0.25, 0.05]).tolist()),
        SCORE: rng.beta(1, 50, rows),
    }


PROFILE = profile_of(pa.table(batch(0, 50_000)))


def alarms(batches: Sequence[Columns]) -> dict[str, list[bool]]:
    """Whether each variable's alarm stands after each batch."""
    levels: dict[str, list[Level]] = {name: [] for name in PROFILE.variables}
    for columns in batches:
        counter = Counter(PROFILE.bins)
        counter.add(pa.table(columns))
        for drift in measure_drift(PROFILE, counter.counts()):
            levels[drift.variable].append(drift.level)
    return {name: course(found) for name, found in levels.items()}


def test_two_hundred_stable_batches_raise_nothing() -> None:
    raised = alarms([batch(seed) for seed in range(1, 201)])
    assert sum(map(sum, raised.values())) == 0


def _shift(found: Columns, rng: np.random.Generator) -> Columns:
    return found | {"amount": rng.lognormal(3.6, 1, ROWS)}


def _scale(found: Columns, rng: np.random.Generator) -> Columns:
    return found | {"age": rng.normal(45, 24, ROWS)}


def _missing(found: Columns, rng: np.random.Generator) -> Columns:
    return found | {"age": np.where(rng.random(ROWS) < 0.3, np.nan, found["age"])}


def _category(found: Columns, rng: np.random.Generator) -> Columns:
    return found | {"channel": pa.array(rng.choice(["web", "phone", "chat"], ROWS, p=[0.6, 0.2, 0.2]).tolist())}


def _wave(found: Columns, rng: np.random.Generator) -> Columns:
    return found | {SCORE: np.where(rng.random(ROWS) < 0.3, rng.beta(5, 5, ROWS), found[SCORE])}


@pytest.mark.parametrize(
    ("plant", "variable"),
    [(_shift, "amount"), (_scale, "age"), (_missing, "age"), (_category, "channel"), (_wave, SCORE)],
)
def test_a_planted_drift_is_an_alarm_from_its_second_batch_and_ends_after_two_calm_ones(
    plant: Callable[[Columns, np.random.Generator], Columns], variable: str
) -> None:
    rng = np.random.default_rng(11)
    calm = [batch(seed) for seed in range(300, 308)]
    raised = alarms([*calm[:3], *(plant(found, rng) for found in calm[3:5]), *calm[5:]])
    assert raised.pop(variable) == [False, False, False, False, True, True, False, False]
    assert not any(map(any, raised.values()))
