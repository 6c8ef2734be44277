"""What an experiment's file asks of a plan: its metrics, arms, units and rule."""

from math import prod

from jobs.errors import BadRequest
from jobs.runtime.experiment import Experiment
from jobs.science.experiment.history_columns import HistoryColumns
from jobs.science.experiment.plan import Wanted
from jobs.science.experiment.power import Design
from jobs.science.experiment.question import Question, Read

QUANTILE = "quantile"


def question_of(experiment: Experiment, unit: str | None, time: str | None) -> Question:
    """Return what the file of an experiment asks of a plan.

    Parameters
    ----------
    experiment : Experiment
        As its file says.
    unit, time : str, optional
        Columns of the past: whose a row is, and when.

    Returns
    -------
    Question
        Success metrics share alpha as the rule corrects; a guardrail's effect is its margin, held one-sided.

    Raises
    ------
    BadRequest
        If nothing that decides can be planned.
    """
    decision, shares = experiment.decision, tuple(experiment.arm_shares.values())
    files = {metric.name: metric for metric in experiment.metrics}
    claims = 1 if decision.correction == "none" else len(decision.success) * (len(shares) - 1)
    reads, caps = [], {}
    for name in (*decision.success, *(guardrail.metric for guardrail in decision.guardrails)):
        if files[name].kind == QUANTILE:
            continue
        # the value of a cap's quantile is the past's to say
        share = files[name].cap_quantile
        metric = files[name].metric(None if share is None else 1.0)
        if share is not None:
            caps[name] = share
        if name in decision.success:
            wanted = _smallest(experiment) if name == decision.success[0] else None
            reads.append(Read(metric, Design(shares, decision.alpha, decision.power, claims), wanted))
        else:
            guardrail = next(g for g in decision.guardrails if g.metric == name)
            # a one-sided interval at alpha is a side of the two-sided one at twice alpha
            design = Design(shares, 2.0 * decision.guardrail_alpha, decision.power, 1)
            reads.append(Read(metric, design, Wanted(guardrail.margin, guardrail.relative), "guardrail"))
    if not any(read.role == "success" for read in reads):
        raise BadRequest(
            f"experiment {experiment.id!r} is decided by {', '.join(decision.success)}, quantiles all: nothing to plan."
        )
    place = 1.0 if experiment.layer is None else experiment.layer.end - experiment.layer.start
    kept = prod(1.0 - holdout.share for holdout in experiment.holdouts)
    clustered = experiment.unit if experiment.is_clustered else None
    return Question(
        reads=tuple(reads),
        arms=experiment.arm_shares,
        columns=HistoryColumns(unit, time, clustered, experiment.outcome_window_days),
        cap_shares=caps,
        units=experiment.units_planned,
        exposure=experiment.exposure * place * kept,
        looks=decision.looks,
        entry_days=(experiment.ends_on - experiment.starts_on).days + 1,
        unplanned=tuple(metric.name for metric in experiment.metrics if metric.kind == QUANTILE),
    )


def _smallest(experiment: Experiment) -> Wanted | None:
    decision = experiment.decision
    if decision.minimum_relative_effect is not None:
        return Wanted(decision.minimum_relative_effect, True)
    return None if decision.minimum_effect is None else Wanted(decision.minimum_effect, False)
