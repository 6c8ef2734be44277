"""The past of anybody's customers in: how many units a trial needs, for how long, and what it can find."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.errors import BadRequest
from jobs.pages.design_lines import design_lines
from jobs.runtime.answering import answered
from jobs.runtime.command import flag, parse
from jobs.runtime.progress import Steps
from jobs.science.experiment.asked import effects_in_words, shares_in_words
from jobs.science.experiment.history import History, take_history
from jobs.science.experiment.history_columns import HistoryColumns
from jobs.science.experiment.metric_words import metrics_in_words
from jobs.science.experiment.plan import Plan, Traffic, plan
from jobs.science.experiment.plan_answer import plan_answer
from jobs.science.experiment.power import Design
from jobs.science.experiment.question import Question, Read
from jobs.science.experiment.rehearsal import rehearsed
from jobs.storage.data_file import read_data_file

STEPS = 2


@dataclass(frozen=True)
class DesignExperiment:
    """Plan a trial from the past: units and days for an effect, or the smallest effect of so many units."""

    data: Path = flag(
        "the past: a row a unit, or rows of units with --unit",
        unit="CSV or Parquet",
        example="past.csv --metric revenue:mean:spend --effect 5%",
    )
    metric: tuple[str, ...] = flag(
        "what will be measured: mean, proportion (0 and 1) or ratio of two columns; may be given again",
        unit="NAME:KIND:COLUMN[/COLUMN]", default=(), example="revenue:mean:spend",
    )  # fmt: skip
    covariate: tuple[str, ...] = flag(
        "column known before the draw that the reading will adjust by; may be given again", unit="column", default=(),
        example="past_spend",
    )  # fmt: skip
    adjust: str | None = flag(
        "how covariates adjust: cuped or lin; cuped without it", unit="word", default=None, example="cuped"
    )
    cap: float | None = flag(
        "quantile of all units beyond which means and ratios count no further", unit="in (0, 1)", default=None,
        example="0.999",
    )  # fmt: skip
    unit: str | None = flag(
        "column of the unit, whose rows are added up; every row is a unit without it", unit="column", default=None,
        example="customer_id",
    )  # fmt: skip
    time: str | None = flag(
        "column of a row's moment: who comes new each day is counted from it", unit="column", default=None,
        example="bought_at",
    )  # fmt: skip
    cluster: str | None = flag(
        "column of what is drawn, where several units are drawn together", unit="column", default=None,
        example="household",
    )  # fmt: skip
    arms: int | None = flag(
        "arms of equal shares, the control included; 2 without it", unit="count", default=None, example="3"
    )
    share: tuple[str, ...] = flag(
        "share of an arm, the control first; may be given again", unit="ARM=SHARE", default=(), example="control=0.5"
    )
    effect: tuple[str, ...] = flag(
        "effect to find: 5% of the metric, 0.3 in its unit, or METRIC=5%", unit="EFFECT", default=(), example="5%"
    )
    units: int | None = flag(
        "units, or clusters, in all arms together", unit="count", default=None, example="40000", low=3
    )
    alpha: float | None = flag(
        "chance of any wrong claim, shared by the arms; 0.05 without it", unit="in (0, 1)", default=None, example="0.05"
    )
    power: float | None = flag(
        "chance to find the effect; 0.8 without it", unit="in (alpha, 1)", default=None, example="0.8"
    )
    units_per_day: int | None = flag(
        "units, or clusters, that come new each day, where --time does not tell", unit="count", default=None,
        example="1500", low=1,
    )  # fmt: skip
    exposure: float | None = flag(
        "share of those who come that enters; 1 without it", unit="in (0, 1]", default=None, example="0.5"
    )
    window_days: int | None = flag(
        "days after entry until the outcome counts as known; 0 without it", unit="days", default=None, example="14",
        low=0,
    )  # fmt: skip
    looks: int | None = flag(
        "looks that are planned, the last at the end; 1 without it", unit="count", default=None, example="4", low=1
    )
    replay: int = flag(
        "draws of arms over the past where nothing was done: the true rate of false claims, and power", unit="count",
        default=0, example="1000", low=0, high=100_000,
    )  # fmt: skip
    experiment: str | None = flag(
        "experiment whose file says metrics, arms, units and rule; it is held against the past", unit="id",
        default=None, example="spring-mail",
    )  # fmt: skip
    seed: int = flag("seed of the replay", unit="integer", default=1, example="1", low=0)
    json: bool = flag("print one JSON object", default=False, example="--json")


_SAID_BY_THE_FILE = (
    "metric", "covariate", "adjust", "cap", "cluster", "arms", "share", "effect", "units", "alpha", "power", "exposure",
    "window_days", "looks",
)  # fmt: skip


def design_experiment(request: DesignExperiment, steps: Steps | None = None) -> dict[str, Any]:
    """Read the past and plan every metric.

    Parameters
    ----------
    request : DesignExperiment
        What to plan.
    steps : Steps, optional
        Shows the steps while they run.

    Returns
    -------
    dict
        The answer as JSON holds it: ``units``, ``days``, and by metric ``units``, ``minimum_effect``, ``power``,
        ``table``, ``looks``, ``replay``.

    Raises
    ------
    BadFile, BadSchema, BadRows, BadTrial
        If the file, its columns or its rows cannot be planned from.
    BadRequest
        If a flag contradicts another, or its value is not allowed.
    UnknownExperiment, BadExperiment
        If the experiment has no file, or it does not say what it must.
    """
    shown = steps or Steps(0, quiet=True)
    asked = _of_flags(request) if request.experiment is None else _of_file(request, request.experiment)
    if request.time is not None and request.units_per_day is not None:
        raise BadRequest("--time and --units-per-day both say who comes: name one.")
    if 0 < request.replay < 100:
        raise BadRequest(f"--replay is {request.replay}: 100 draws at least, or 0 for none.")
    with shown.step("read and check") as at:
        text = {name for name in (request.unit, asked.columns.cluster) if name is not None}
        table = read_data_file(request.data, text=text)
        metrics = [read.metric for read in asked.reads]
        history = take_history(table, metrics, asked.columns, file=request.data.name, cap_shares=asked.cap_shares)
        traffic = asked.traffic(history.first_seen, request.units_per_day)
        at.note = f"{len(history.rows):,} units of {table.num_rows:,} rows"
    with shown.step("plan"):
        plans = _plans(asked, history, traffic)
    rehearsals = []
    if request.replay:
        with shown.step("replay") as at:
            rehearsals = [
                rehearsed(made, history, read.design, replays=request.replay, seed=request.seed)
                for made, read in zip(plans, asked.reads, strict=True)
            ]
            at.note = f"{request.replay:,} draws a metric"
    return plan_answer(asked, history, traffic, plans, rehearsals) | {
        "data": request.data.name,
        "experiment": request.experiment,
        "seed": request.seed,
    }


def _plans(asked: Question, history: History, traffic: Traffic) -> list[Plan]:
    """Plan every metric for the same units; where nobody says how many, for those that the most demanding needs."""

    def planned(units: int | None) -> list[Plan]:
        return [
            plan(metric, history, read.design, traffic, wanted=read.wanted, units=units, looks=asked.looks)
            for metric, read in zip(history.metrics, asked.reads, strict=True)
        ]

    first = planned(asked.units)
    most = max((made.needed for made in first if made.needed is not None), default=None)
    return first if asked.units is not None or most is None or len(first) == 1 else planned(most)


def _of_flags(request: DesignExperiment) -> Question:
    metrics = metrics_in_words(request.metric, request.covariate, request.adjust)
    shares = shares_in_words(request.share, request.arms)
    wanted = effects_in_words(request.effect, [metric.name for metric in metrics])
    design = Design(
        tuple(shares.values()),
        0.05 if request.alpha is None else request.alpha,
        0.8 if request.power is None else request.power,
    )
    capped = [metric.name for metric in metrics if metric.kind in {"mean", "ratio"}]
    if request.cap is not None and not capped:
        raise BadRequest("--cap caps means and ratios, and none was given: leave it out.")
    return Question(
        reads=tuple(Read(metric, design, wanted.get(metric.name)) for metric in metrics),
        arms=shares,
        columns=HistoryColumns(request.unit, request.time, request.cluster, request.window_days or 0),
        cap_shares={} if request.cap is None else dict.fromkeys(capped, request.cap),
        units=request.units,
        exposure=1.0 if request.exposure is None else request.exposure,
        looks=request.looks or 1,
    )


def _of_file(request: DesignExperiment, experiment_id: str) -> Question:
    twice = [name for name in _SAID_BY_THE_FILE if getattr(request, name) not in {None, ()}]
    if twice:
        flagged = "--" + twice[0].replace("_", "-")
        raise BadRequest(f"{flagged} and --experiment both say what is planned: change the file, or leave one out.")
    from jobs.runtime.experiment import read_experiment_file  # noqa: PLC0415  a plan from flags needs no home
    from jobs.runtime.experiment_plan import question_of  # noqa: PLC0415
    from jobs.runtime.home import open_objects  # noqa: PLC0415

    experiment = read_experiment_file(open_objects(os.environ), experiment_id)
    return question_of(experiment, request.unit, request.time)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift design-experiment``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    request = parse(DesignExperiment, "netlift design-experiment", sys.argv[1:] if argv is None else argv)
    return answered(request, design_experiment, design_lines, steps=STEPS + bool(request.replay))


if __name__ == "__main__":
    sys.exit(main())
