"""Fit on one half of a trial, judge on the other, and say what may be done with it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial
from jobs.science.uplift.baselines import NOBODY, PERSONALISED
from jobs.science.uplift.best_arm import best_single_arm
from jobs.science.uplift.calibration import calibrate, calibration_slope, decile_table, promised_effects
from jobs.science.uplift.choice import choose_learner
from jobs.science.uplift.doubly_robust import cross_fitted_response, doubly_robust_scores
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.estimate import mean_estimate
from jobs.science.uplift.export import FittedUplift
from jobs.science.uplift.half_samples import RESAMPLES
from jobs.science.uplift.importance import feature_importances
from jobs.science.uplift.judge_learners import effect_of, fit_learners, judge_learners
from jobs.science.uplift.judged_policies import everyone, judged_policies
from jobs.science.uplift.judgement import ArmJudgement, EffectSegments, Judgement
from jobs.science.uplift.learners.fit import DEFAULT
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.response import fit_response
from jobs.science.uplift.learners.trees import TreeSettings
from jobs.science.uplift.policy import affordable_share, one_arm, treated_share
from jobs.science.uplift.policy_rules import PolicyRules
from jobs.science.uplift.policy_tree import grow_rules, judge_rules, rules_policy
from jobs.science.uplift.policy_value import contrast, policy_value
from jobs.science.uplift.promise import promise_of
from jobs.science.uplift.qini import qini_auc_score, qini_curve
from jobs.science.uplift.slices import judge_slices
from jobs.science.uplift.trial import Trial, draw_share
from jobs.science.uplift.verdict import decide

SEGMENTS = "by segment of effect"
"""Name of the policy that gives arms by the policy tree's rules."""


def fit_and_judge(
    trial: Trial,
    *,
    cost_eur: Sequence[float],
    budget_eur: float | None = None,
    customers: int | None = None,
    train_share: float = 0.5,
    learners: Sequence[str] = (DEFAULT,),
    settings: TreeSettings | None = None,
    seed: int = 0,
    num_threads: int = 1,
    resamples: int = RESAMPLES,
    slice_of: NDArray[np.str_] | None = None,
    cpu_clock: Callable[[], float] | None = None,
) -> Judgement:
    """Fit learners to a share of a trial, choose one there, and judge it on the rest.

    What a held-out row is given never depends on its own outcome: learners, the choice among them and the encoder come
    from the training rows; mean effects, best single arm and shrinkage that decide on one half of the held-out rows
    come from all others. The judged learner is the one to export, so that promise and scorer are the same model.

    Parameters
    ----------
    trial : Trial
        The trial, its outcome in euro.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro, at least 0.
    budget_eur : float, optional
        Most that contacts of all customers may cost, in euro.
    customers : int, optional
        Customers that budget and euros are reckoned for; the trial's rows by default.
    train_share : float
        Share of the rows that fit, in (0, 1).
    learners : sequence of str
        Learners to judge, names of `LEARNERS`; the first is taken where nothing tells them apart.
    settings : TreeSettings, optional
        Shape of the trees.
    seed : int
        Seed of the splits and of LightGBM.
    num_threads : int
        Threads of LightGBM.
    resamples : int
        Half samples behind the errors of rank metrics.
    slice_of : ndarray of str, shape (n_rows,), optional
        Slice of each row, known before its contact, to look at effects by; it decides nothing.
    cpu_clock : callable, optional
        Gives the CPU seconds of the process so far; without it learners are not timed.

    Returns
    -------
    Judgement
        Fitted model, verdict, and all that a report shows.

    Raises
    ------
    BadTrial
        If costs or budget are not what they must be, or clusters cannot be split.
    BadRequest
        If a learner is unknown or none of them can be put to work.
    """
    n_arms = len(trial.arms)
    _check_money(trial.arms, cost_eur, budget_eur)
    cost = np.array([0.0, *cost_eur])
    reckoned_for = len(trial) if customers is None else customers
    each = None if budget_eur is None else budget_eur / max(reckoned_for, 1)
    drawn = trial.split(train_share, seed)
    train, held = trial.part(drawn), trial.part(~drawn)
    encoder = FeatureEncoder.fit(train.rows, trial.features)
    matrix, untouched = encoder.transform(train.rows), encoder.transform(held.rows)
    learning = Learning(
        matrix,
        train.arm,
        train.outcome,
        train.propensity,
        arms=n_arms,
        cluster=train.cluster,
        settings=settings or TreeSettings(),
        seed=seed,
        num_threads=num_threads,
    )
    own_response = cross_fitted_response(
        matrix,
        train.arm,
        train.outcome,
        arms=n_arms,
        cluster=train.cluster,
        settings=settings,
        seed=seed,
        num_threads=num_threads,
    )
    own_lift = _lift(doubly_robust_scores(train.arm, train.outcome, train.propensity, own_response))
    fits = fit_learners(learners, learning, cpu_clock)
    choice = choose_learner([n for n, fit in fits.items() if fit.portable], learning, own_lift, cost_eur, each)
    chosen = fits[choice.learner]

    rules = grow_rules(matrix, own_lift, cost_eur, arms=trial.arms, encoder=encoder, seed=seed)

    # From here on untouched rows speak.
    response = fit_response(learning).response(untouched)
    scores = doubly_robust_scores(held.arm, held.outcome, held.propensity, response)
    lift = _lift(scores)
    all_lift = np.empty((len(trial), n_arms - 1))
    all_lift[drawn], all_lift[~drawn] = own_lift, lift
    best = best_single_arm(all_lift, cost_eur, budget_each_eur=each, cluster=trial.cluster, seed=seed)
    effects, judged = judge_learners(
        fits,
        held,
        untouched,
        scores,
        cost_eur,
        budget_eur=None if each is None else each * len(held),
        seed=seed,
        num_threads=num_threads,
        resamples=resamples,
        cpu_clock=cpu_clock,
    )
    effect = effects[choice.learner]

    first = draw_share(held.arm, held.cluster, 0.5, seed + 1)
    promises = {name: promised_effects(found, lift, own_lift, first) for name, found in effects.items()}
    promised = promises[choice.learner]
    policies = judged_policies(
        promises,
        choice.learner,
        response=response,
        lift=lift,
        own_lift=own_lift,
        first=first,
        arms=trial.arms,
        cost_eur=cost_eur,
        budget_each_eur=each,
    )
    personalised = policies[PERSONALISED]
    contrasts = {
        name: contrast((PERSONALISED, personalised), (name, policy), scores, cost, held.cluster)
        for name, policy in policies.items()
        if name != PERSONALISED
    }
    fitted = FittedUplift(trial.arms, encoder, chosen.learner, calibrate(effect, lift, np.mean(all_lift, axis=0)))
    return Judgement(
        fitted=fitted,
        verdict=decide(
            [contrasts[everyone(name)] for name in trial.arms[1:]],
            contrasts[NOBODY],
            best,
            arms=trial.arms,
            treated_share=treated_share(personalised),
            affordable_share=affordable_share(cost_eur[best.arm - 1], each),
            customers=reckoned_for,
        ),
        choice=choice,
        learners=judged,
        best_arm=best,
        arms=tuple(_judge_arm(a, effect[:, a - 1], promised[:, a - 1], lift[:, a - 1], held) for a in range(1, n_arms)),
        policies=tuple(
            policy_value(
                name,
                policy,
                arm=held.arm,
                outcome=held.outcome,
                propensity=held.propensity,
                scores=scores,
                cost_eur=cost,
                cluster=held.cluster,
            )
            for name, policy in policies.items()
        ),
        contrasts=tuple(contrasts.values()),
        promise=promise_of(promised, personalised, lift, cost, contrasts[NOBODY].difference, held.cluster),
        segments=_segments(rules, own_lift, held, untouched, scores, cost),
        importances=feature_importances(lambda rows: effect_of(chosen, rows, num_threads), untouched, encoder, seed),
        rows_train=len(train),
        rows_held_out=len(held),
        slices=() if slice_of is None else judge_slices(slice_of[~drawn], held, promised, lift),
    )


def _lift(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(scores[:, 1:] - scores[:, :1])


def _check_money(arms: Sequence[str], cost_eur: Sequence[float], budget_eur: float | None) -> None:
    if len(cost_eur) != len(arms) - 1:
        raise BadTrial(
            f"{len(cost_eur)} contact costs were given for {len(arms) - 1} arms: give one for each arm but the control"
        )
    bad = [c for c in cost_eur if not 0.0 <= c < float("inf")]
    if bad:
        raise BadTrial(f"a contact costs {bad[0]} euro: give a cost of at least 0")
    if budget_eur is not None and not 0.0 <= budget_eur < float("inf"):
        raise BadTrial(f"the budget is {budget_eur} euro: give at least 0, or none for no limit")


def _segments(
    rules: PolicyRules,
    own_lift: NDArray[np.float64],
    held: Trial,
    untouched: NDArray[np.float32],
    scores: NDArray[np.float64],
    cost: NDArray[np.float64],
) -> EffectSegments:
    """Measure the rules' leaves, and what they earn more than what training rows would give everyone."""
    net = np.r_[0.0, np.mean(own_lift, axis=0) - cost[1:]]
    same = int(np.argmax(net))
    gain = contrast(
        (SEGMENTS, rules_policy(rules, untouched)),
        (everyone(held.arms[same]) if same else NOBODY, one_arm(same, len(held), cost[1:].tolist())),
        scores,
        cost,
        held.cluster,
    )
    return EffectSegments(rules, judge_rules(rules, untouched, _lift(scores), cost[1:].tolist(), held.cluster), gain)


def _judge_arm(
    arm: int, effect: NDArray[np.float64], promised: NDArray[np.float64], lift: NDArray[np.float64], held: Trial
) -> ArmJudgement:
    pair = (held.arm == 0) | (held.arm == arm)
    outcome, ranking, treatment = held.outcome[pair], effect[pair], (held.arm[pair] == arm).astype(np.int64)
    return ArmJudgement(
        arm=held.arms[arm],
        qini=qini_auc_score(outcome, ranking, treatment),
        qini_curve=qini_curve(outcome, ranking, treatment),
        effect=mean_estimate(lift, held.cluster),
        slope=calibration_slope(effect, lift, held.cluster),
        deciles=decile_table(promised, lift, held.cluster),
    )
