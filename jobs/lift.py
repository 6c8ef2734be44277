"""A randomised trial in: may it be read, whom to contact, the list, the net euros to expect, the model's card."""

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.errors import BadRequest
from jobs.pages.formats import euro
from jobs.pages.lift import lift_html
from jobs.pages.lift_answer import lift_lines, lift_page
from jobs.pages.model_card import model_card_html
from jobs.runtime.answering import answered
from jobs.runtime.command import flag, parse
from jobs.runtime.per_arm import cost_of_each_arm, named_value
from jobs.runtime.progress import Steps
from jobs.runtime.target_csv import list_csv
from jobs.science.uplift.candidates import Candidates, take_candidates
from jobs.science.uplift.intake import Intake, TrialColumns, take_in
from jobs.science.uplift.readable import must_be_readable
from jobs.science.uplift.trial import Trial
from jobs.storage.data_file import read_data_file
from jobs.storage.result_folder import write_results

STEPS = 4
LIST, PAGE, ANSWER = "list.csv", "lift.html", "lift.json"
CARD, CARD_PAGE = "model_card.json", "model_card.html"


@dataclass(frozen=True)
class Lift:
    """Judge a randomised trial from a file: personalise, one arm for everyone, or nobody."""

    data: Path = flag("the trial, a row a unit", unit="CSV or Parquet", example="trial.csv")
    arm: str = flag("column of the arm that was drawn", unit="column", example="segment")
    control: str = flag("value of that column for those who got nothing", unit="value", example='"No E-Mail"')
    outcome: str = flag("column of what was measured afterwards", unit="column", example="spend")
    contact_cost: tuple[str, ...] = flag(
        'cost of one contact, for all arms, or "ARM=EUR" again and again', unit="euro", example="0.02"
    )
    unit_margin: float | None = flag(
        "net margin for one unit of the outcome; this or --outcome-is-margin", unit="euro", default=None, example="0.30"
    )
    outcome_is_margin: bool = flag(
        "the outcome is net margin in euro, after redemption", default=False, example="--outcome-is-margin"
    )
    budget: float | None = flag(
        "most that all contacts may cost; no limit without it", unit="euro", default=None, example="5000"
    )
    unit: str | None = flag(
        "column of the customer's id; the row's number, from 1, without it", unit="column", default=None, example="id"
    )
    propensity: str | None = flag(
        "column of the probability of the arm that was drawn", unit="column", default=None, example="propensity"
    )
    share: tuple[str, ...] = flag(
        'share of the units that each arm was to get, "ARM=SHARE" again and again; equal shares without it',
        unit="in (0, 1)",
        default=(),
        example='"No E-Mail=0.5"',
    )
    estimate_propensity: bool = flag(
        "nobody drew the arms: estimate who was in which from the features",
        default=False,
        example="--estimate-propensity",
    )
    cluster: str | None = flag(
        "column of a group whose rows depend on each other", unit="column", default=None, example="household"
    )
    arms: tuple[str, ...] = flag(
        "arm to judge beside the control, again and again; all without it", unit="value", default=(), example="mail"
    )
    learners: tuple[str, ...] = flag(
        "learner to judge, again and again: XLearner, DRLearner, LinearDML (these without it), or CausalForestDML, "
        "ForestDRLearner, which judge but are never put to work",
        unit="name",
        default=(),
        example="XLearner",
    )
    exclude: tuple[str, ...] = flag(
        "column not to tell customers apart by, as one measured after the draw; again and again",
        unit="column",
        default=(),
        example="visit",
    )
    list: Path | None = flag(
        "customers to choose from, with the trial's columns; those of the trial without it",
        unit="CSV or Parquet",
        default=None,
        example="customers.csv",
    )
    out: Path = flag("folder of the list and the page", unit="folder", default=Path("out/lift"), example="out/spring")
    seed: int = flag("seed of the splits and of the learner", unit="integer", default=1, example="1")
    threads: int = flag("threads of the learner", unit="count", default=1, example="2")
    json: bool = flag("print one JSON object", default=False, example="--json")


def lift(request: Lift, steps: Steps | None = None) -> dict[str, Any]:
    """Read a trial, judge it on rows that no model was trained on, write list and page.

    Parameters
    ----------
    request : Lift
        What to judge.
    steps : Steps, optional
        Shows the steps while they run.

    Returns
    -------
    dict
        The answer as JSON holds it: ``verdict``, ``net_euros`` with ``net_euros_low`` and ``net_euros_high`` (95%),
        ``gap``, ``sample_ratio_p``, ``choice``, ``fallback``, ``learners``, ``contrasts``, ``arms``, ``policies``,
        ``list``, ``page``, ``card`` and more.

    Raises
    ------
    BadTrial
        If the trial may not be read or cannot answer; nothing is written then, nor after any other failure.
    """
    shown = steps or Steps(0, quiet=True)
    margin, shares = _checked(request)
    columns = TrialColumns(
        request.arm,
        request.control,
        request.outcome,
        request.unit,
        request.propensity,
        request.cluster,
        request.exclude,
        request.arms,
    )
    with shown.step("read and check") as at:
        rows = read_data_file(request.data, text=set(columns.named.values()))
        taken = take_in(rows, columns, file=str(request.data), unit_margin_eur=margin)
        cost = cost_of_each_arm(request.contact_cost, taken.trial.arms)
        if request.estimate_propensity:
            from jobs.science.uplift.observed import take_in_observed  # noqa: PLC0415  # LightGBM loads slowly

            taken = take_in_observed(taken, seed=request.seed, num_threads=request.threads)
        readable = must_be_readable(taken, shares=shares, drawn=not request.estimate_propensity, file=str(request.data))
        customers = _customers(request, readable.trial, taken)
        at.note = f"{taken.rows_in:,} rows"
    with shown.step("fit and judge") as at:
        # EconML takes seconds to load: --help and refusals do not wait for it.
        from jobs.science.uplift.answer import answer_values  # noqa: PLC0415
        from jobs.science.uplift.judge import fit_and_judge  # noqa: PLC0415
        from jobs.science.uplift.learners.fit import PORTABLE  # noqa: PLC0415
        from jobs.science.uplift.model_card import model_card  # noqa: PLC0415
        from jobs.science.uplift.target_list import make_list  # noqa: PLC0415

        judgement = fit_and_judge(
            readable.trial,
            cost_eur=cost,
            budget_eur=request.budget,
            customers=customers.rows.num_rows,
            learners=request.learners or PORTABLE,
            seed=request.seed,
            num_threads=request.threads,
            cpu_clock=time.process_time,
        )
        at.note = judgement.verdict.kind
    with shown.step("choose customers") as at:
        targets = make_list(
            judgement,
            customers.rows,
            cost_eur=cost,
            budget_eur=request.budget,
            seed=request.seed,
            num_threads=request.threads,
        )
        at.note = f"{int(targets.allocation.counts.sum()):,} of {customers.rows.num_rows:,}"
    with shown.step("write"):
        answer = answer_values(taken, readable, judgement, targets, cost) | _said(request, margin)
        answer["warnings"] += [*taken.warnings, *customers.warnings]
        card = model_card(
            readable.trial,
            judgement,
            data=request.data.name,
            outcome_in_words=answer["outcome_in_words"],
            sample_ratio_p=readable.sample_ratio_p,
            left_out=readable.left_out,
            warnings=answer["warnings"],
        )
        write_results(
            request.out,
            {
                LIST: list_csv(
                    customers.unit,
                    targets.arm,
                    targets.expected_net_eur,
                    arms=readable.trial.arms[1:],
                    cost_eur=cost,
                ),
                PAGE: lift_html(lift_page(answer)).encode(),
                ANSWER: json.dumps(answer, indent=1, allow_nan=False).encode(),
                CARD: json.dumps(card, indent=1, allow_nan=False).encode(),
                CARD_PAGE: model_card_html(card).encode(),
            },
        )
    return answer


def _checked(request: Lift) -> tuple[float, dict[str, float] | None]:
    """Refuse values that cannot be; return the margin of a unit and the designed shares."""
    if (request.unit_margin is None) != request.outcome_is_margin:
        both = "both were given" if request.outcome_is_margin else "neither was given"
        raise BadRequest(
            f"--unit-margin EUR or --outcome-is-margin, {both}: say what a unit of {request.outcome!r} is worth, or "
            "that it is net margin in euro itself"
        )
    margin = 1.0 if request.unit_margin is None else request.unit_margin
    if not 0.0 < margin < math.inf:
        raise BadRequest(f"--unit-margin is {margin:g} euro: give the net margin of one unit, above 0")
    if request.budget is not None and not 0.0 <= request.budget < math.inf:
        raise BadRequest(f"--budget is {request.budget:g} euro: give at least 0, or leave it out for no limit")
    if request.threads < 1 or request.seed < 0:
        raise BadRequest(f"--threads is {request.threads}, --seed {request.seed}: give at least 1 and at least 0")
    if request.out.exists() and not request.out.is_dir():
        raise BadRequest(f"--out {request.out} is a file: name a folder")
    if bool(request.share) + bool(request.propensity) + request.estimate_propensity > 1:
        raise BadRequest(
            "more than one of --share, --propensity and --estimate-propensity say how the arms were drawn: give one"
        )
    shares = dict(named_value(text, "--share") for text in request.share)
    for arm, share in shares.items():
        if not 0.0 < share < math.inf:
            raise BadRequest(f"--share {arm}={share:g}: give a share above 0")
    return margin, shares or None


def _customers(request: Lift, trial: Trial, taken: Intake) -> Candidates:
    """Return the customers to choose from: those of ``--list``, or the trial's own."""
    if request.list is None:
        return Candidates(trial.rows, taken.unit, ())
    categories = [name for name, kind in trial.features.items() if kind == "category"]
    rows = read_data_file(request.list, text={*categories, *([request.unit] if request.unit else [])})
    return take_candidates(rows, trial, unit=request.unit, file=str(request.list))


def _said(request: Lift, margin: float) -> dict[str, Any]:
    """Return what was asked, and where the results lie, as the answer holds it."""
    if request.outcome_is_margin:
        words = f"{request.outcome}, net margin in euro"
    else:
        words = f"{request.outcome}, at {euro(margin)} a unit; what a redeemed discount costs is not in it"
    return {
        "data": request.data.name,
        "unit": request.unit,
        "outcome": request.outcome,
        "outcome_in_words": words,
        "unit_margin_eur": margin,
        "budget_eur": request.budget,
        "seed": request.seed,
        "list": str(request.out / LIST),
        "page": str(request.out / PAGE),
        "json": str(request.out / ANSWER),
        "card": str(request.out / CARD_PAGE),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift lift``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    request = parse(Lift, "netlift lift", sys.argv[1:] if argv is None else argv)
    return answered(request, lift, lift_lines, steps=STEPS)


if __name__ == "__main__":
    sys.exit(main())
