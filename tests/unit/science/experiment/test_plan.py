"""A plan holds what it says: clusters by their correlation, weeks by who comes, replays by what was planned."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadTrial
from jobs.science.experiment.history import History, take_history
from jobs.science.experiment.history_columns import HistoryColumns
from jobs.science.experiment.metric_words import metrics_in_words
from jobs.science.experiment.plan import Traffic, Wanted, parse_effect, plan
from jobs.science.experiment.power import Baseline, Design, minimum_detectable_effect, power_at, sample_size
from jobs.science.experiment.rehearsal import rehearsed


def of_rows(words: str = "m:mean:y", *, cluster: bool = False, covariate: bool = False, **columns: object) -> History:
    metrics = metrics_in_words([words], ["x"] if covariate else [])
    return take_history(
        pa.table(columns), metrics, HistoryColumns(cluster="home" if cluster else None), file="past.csv"
    )


def test_the_design_effect_is_that_of_the_correlation_within_clusters() -> None:
    generator = np.random.default_rng(2)
    size, correlation = 6, 0.25
    shared = np.repeat(generator.normal(0.0, np.sqrt(correlation), 4000), size)
    y = 3.0 + shared + generator.normal(0.0, np.sqrt(1.0 - correlation), len(shared))
    history = of_rows(y=y, home=np.repeat(np.arange(4000), size).astype(str), cluster=True)
    made = plan(history.metrics[0], history, Design(), Traffic(), wanted=Wanted(0.05, False))
    assert made.design_effect == pytest.approx(1.0 + (size - 1) * correlation, rel=0.05)
    # as many rows as the plan of rows drawn one by one, times the design effect, in whole clusters
    plain = sample_size(0.05, Baseline(3.0, y.var(ddof=1)), Design())
    assert made.units * size == pytest.approx(plain * made.design_effect, rel=0.01)


def test_units_follow_the_effect_or_are_given_or_those_of_the_past() -> None:
    history = of_rows(y=np.random.default_rng(1).normal(10.0, 2.0, 500))
    metric, design = history.metrics[0], Design((0.5, 0.3, 0.2))
    wanted = plan(metric, history, design, Traffic(), wanted=parse_effect("5%"))
    assert wanted.units == wanted.needed == sample_size(wanted.effect or 0.0, wanted.known, design)
    assert wanted.effect == pytest.approx(0.05 * wanted.known.value)
    given = plan(metric, history, design, Traffic(), wanted=parse_effect("5%"), units=300)
    assert (given.units, given.needed) == (300, wanted.needed)
    # the smallest arm is the last
    assert given.power == power_at(given.effect or 0.0, 300, given.known, design, 2)
    assert given.minimum_effect == minimum_detectable_effect(300, given.known, design, 2)
    alone = plan(metric, history, design, Traffic())
    assert (alone.units, alone.needed, alone.power, alone.days) == (500, None, None, None)
    assert [row.units for row in alone.table] == [125, 250, 500, 1000, 2000]


def test_weeks_follow_who_comes_and_stop_when_nobody_new_does() -> None:
    history = of_rows(y=np.arange(100.0))
    design, metric = Design(), history.metrics[0]
    regular = plan(metric, history, design, Traffic((100,) * 7, 0.5, 3), units=700)
    assert regular.days == 17
    assert [(row.weeks, row.units) for row in regular.table][:3] == [(1, 350), (2, 700), (3, 1050)]
    dried = Traffic((100,) * 7 + (0,) * 7)
    assert [row.weeks for row in plan(metric, history, design, dried, units=700).table] == [1]
    assert (dried.days(700), dried.days(701)) == (7, None)


def test_a_replay_errs_and_finds_as_planned_with_a_share_of_the_past() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(0.0, 1.0, 3000)
    history = of_rows(y=5.0 + x + generator.normal(0.0, 1.0, 3000), x=x, covariate=True)
    design = Design((0.5, 0.25, 0.25))
    made = plan(history.metrics[0], history, design, Traffic(), units=1600)
    assert made.known.explained == pytest.approx(0.5, abs=0.03)
    found = rehearsed(made, history, design, replays=1000, seed=1)
    assert (found.units, found.alpha, found.power) == (1200, 0.025, 0.8)
    assert found.effect == pytest.approx(made.minimum_effect, rel=1e-6)
    lower, upper = found.replay.limits()
    assert lower < 0.025 < upper
    assert found.verdict == "as stated"
    assert 0.76 < (found.replay.power or 0.0) < 0.84


def test_what_cannot_be_planned_says_of_which_column() -> None:
    constant = of_rows(y=np.ones(50))
    with pytest.raises(BadTrial, match=r"metric 'm' of column 'y' cannot be planned from 50 units.*never varies"):
        plan(constant.metrics[0], constant, Design(), Traffic())
    empty = of_rows("r:ratio:y/z", y=np.ones(50), z=np.zeros(50))
    with pytest.raises(BadTrial, match="column 'z' is 0 in every row"):
        plan(empty.metrics[0], empty, Design(), Traffic())
    single = of_rows(y=np.ones(1))
    with pytest.raises(BadTrial, match="two units at least"):
        plan(single.metrics[0], single, Design(), Traffic())
    below = of_rows(y=np.array([-1.0, -2.0, -4.0]))
    with pytest.raises(BadRequest, match="name it in the metric's unit"):
        plan(below.metrics[0], below, Design(), Traffic(), wanted=parse_effect("5%"))
