"""Fit on one half of a trial, judge on the other, and say what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial
from jobs.science.uplift.baselines import NOBODY, PERSONALISED, baseline_policies
from jobs.science.uplift.best_arm import BestArm, best_single_arm
from jobs.science.uplift.calibration import Decile, calibrate, calibration_slope, decile_table, promised_effects
from jobs.science.uplift.doubly_robust import cross_fitted_response, doubly_robust_scores
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.estimate import Estimate, mean_estimate
from jobs.science.uplift.export import FittedUplift
from jobs.science.uplift.learners.fit import DEFAULT, fit_learner
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.response import fit_response
from jobs.science.uplift.learners.trees import TreeSettings
from jobs.science.uplift.policy import affordable_share, choose, one_arm, treated_share
from jobs.science.uplift.policy_value import Contrast, PolicyValue, contrast, policy_value
from jobs.science.uplift.promise import Promise, promise_of
from jobs.science.uplift.qini import QiniCurve, qini_auc_score, qini_curve
from jobs.science.uplift.slices import SliceJudgement, judge_slices
from jobs.science.uplift.trial import Trial, draw_share
from jobs.science.uplift.verdict import Verdict, decide


@dataclass(frozen=True)
class ArmJudgement:
    """What the untouched rows say of one arm's predicted effects.

    Parameters
    ----------
    arm : str
        Name of the arm.
    qini : float
        Qini coefficient in scikit-uplift's form, on the rows of this arm and the control.
    qini_curve : QiniCurve
        The curve behind it.
    effect : Estimate
        Mean effect against the control, in euro.
    slope : Estimate
        Calibration slope: 1 where predicted differences are true, 0 where they are noise.
    deciles : tuple of Decile
        Promised against measured effects: promised is the shrunk effect, each half of the rows shrunk by the others.
    """

    arm: str
    qini: float
    qini_curve: QiniCurve
    effect: Estimate
    slope: Estimate
    deciles: tuple[Decile, ...]


@dataclass(frozen=True)
class Judgement:
    """A fitted model, and what may be said of it.

    Parameters
    ----------
    fitted : FittedUplift
        What to export: the learner that was judged, not refitted on the rows that judged it. Only its calibration
        uses all rows.
    verdict : Verdict
        Personalise, one arm for everyone, or nobody.
    best_arm : BestArm
        The best single arm and its honest gain.
    arms : tuple of ArmJudgement
        One for each arm but the control.
    policies : tuple of PolicyValue
        The learner's policy, every baseline, every arm for everyone.
    contrasts : tuple of Contrast
        The learner's policy against every baseline.
    promise : Promise
        What the learner's policy promises against what is measured of it.
    rows_train, rows_held_out : int
        Rows that fitted and rows that judged.
    slices : tuple of SliceJudgement
        Effects by slice, exploratory; empty where no slices were given.
    """

    fitted: FittedUplift
    verdict: Verdict
    best_arm: BestArm
    arms: tuple[ArmJudgement, ...]
    policies: tuple[PolicyValue, ...]
    contrasts: tuple[Contrast, ...]
    promise: Promise
    rows_train: int
    rows_held_out: int
    slices: tuple[SliceJudgement, ...] = ()


def fit_and_judge(
    trial: Trial,
    *,
    cost_eur: Sequence[float],
    budget_eur: float | None = None,
    customers: int | None = None,
    train_share: float = 0.5,
    settings: TreeSettings | None = None,
    seed: int = 0,
    num_threads: int = 1,
    slice_of: NDArray[np.str_] | None = None,
) -> Judgement:
    """Fit the learner to a share of a trial and judge it on the rest.

    What a held-out row is given never depends on its own outcome: learner and encoder come from the training rows;
    mean effects, best single arm and shrinkage that decide on one half of the held-out rows come from all
    others. The judged learner is the one to export, so that promise and scorer are the same model.

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
    settings : TreeSettings, optional
        Shape of the trees.
    seed : int
        Seed of the splits and of LightGBM.
    num_threads : int
        Threads of LightGBM.
    slice_of : ndarray of str, shape (n_rows,), optional
        Slice of each row, known before its contact, to look at effects by; it decides nothing.

    Returns
    -------
    Judgement
        Fitted model, verdict, and all that a report shows.

    Raises
    ------
    BadTrial
        If costs or budget are not what they must be, or clusters cannot be split.
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
        settings=settings or TreeSettings(),
        seed=seed,
        num_threads=num_threads,
    )
    learner = fit_learner(DEFAULT, learning)
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
    effect, response = learner.effect(untouched), fit_response(learning).response(untouched)
    scores = doubly_robust_scores(held.arm, held.outcome, held.propensity, response)
    lift = _lift(scores)
    all_lift = np.empty((len(trial), n_arms - 1))
    all_lift[drawn], all_lift[~drawn] = own_lift, lift
    best = best_single_arm(all_lift, cost_eur, budget_each_eur=each, cluster=trial.cluster, seed=seed)

    first = draw_share(held.arm, held.cluster, 0.5, seed + 1)
    promised = promised_effects(effect, lift, own_lift, first)
    policies = _policies(promised, response, lift, own_lift, first, cost_eur, each)
    budget_held = None if each is None else each * len(held)
    for a in range(1, n_arms):
        policies[everyone(trial.arms[a])] = one_arm(a, len(held), cost_eur, budget_held)
    personalised = policies[PERSONALISED]
    contrasts = {
        name: contrast((PERSONALISED, personalised), (name, policy), scores, cost, held.cluster)
        for name, policy in policies.items()
        if name != PERSONALISED
    }
    return Judgement(
        fitted=FittedUplift(trial.arms, encoder, learner, calibrate(effect, lift, np.mean(all_lift, axis=0))),
        verdict=decide(
            [contrasts[everyone(name)] for name in trial.arms[1:]],
            contrasts[NOBODY],
            best,
            arms=trial.arms,
            treated_share=treated_share(personalised),
            affordable_share=affordable_share(cost_eur[best.arm - 1], each),
            customers=reckoned_for,
        ),
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
        rows_train=len(train),
        rows_held_out=len(held),
        slices=() if slice_of is None else judge_slices(slice_of[~drawn], held, promised, lift),
    )


def everyone(arm: str) -> str:
    """Return the name of the policy that gives everyone an arm.

    Examples
    --------
    >>> everyone("voucher")
    'voucher for everyone'
    """
    return f"{arm} for everyone"


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


def _policies(
    promised: NDArray[np.float64],
    response: NDArray[np.float64],
    lift: NDArray[np.float64],
    own_lift: NDArray[np.float64],
    first: NDArray[np.bool_],
    cost_eur: Sequence[float],
    budget_each: float | None,
) -> dict[str, NDArray[np.float64]]:
    """Choose for each half of the held-out rows with the mean effects and shrinkage that other rows measured."""
    policies: dict[str, NDArray[np.float64]] = {}
    for here in (first, ~first):
        level = np.mean(np.concatenate([own_lift, lift[~here]]), axis=0)
        budget = None if budget_each is None else budget_each * int(here.sum())
        personalised = choose(promised[here], cost_eur, budget)
        chosen = {
            PERSONALISED: personalised,
            **baseline_policies(personalised, response[here], level.tolist(), cost_eur, budget),
        }
        for name, policy in chosen.items():
            policies.setdefault(name, np.empty((len(first), response.shape[1])))[here] = policy
    return policies


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
