"""Learners fitted, timed, and judged side by side on the same untouched rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.uplift.half_samples import RESAMPLES
from jobs.science.uplift.judgement import LearnerJudgement
from jobs.science.uplift.learners.fit import LEARNERS, fit_learner
from jobs.science.uplift.learners.fitted import FittedLearner, Learning
from jobs.science.uplift.portable import ArmEffect
from jobs.science.uplift.score_judgement import judge_scores
from jobs.science.uplift.trial import Trial


@dataclass(frozen=True)
class Fit:
    """A learner fitted to the training rows.

    Parameters
    ----------
    learner : FittedLearner
        The learner.
    portable : tuple of ArmEffect or None
        What a scorer carries of it; None where it only judges.
    fit_cpu_s : float or None
        CPU seconds of the fit.
    """

    learner: FittedLearner
    portable: tuple[ArmEffect, ...] | None
    fit_cpu_s: float | None


def fit_learners(
    names: Sequence[str], learning: Learning, cpu_clock: Callable[[], float] | None = None
) -> dict[str, Fit]:
    """Fit learners one after the other.

    Parameters
    ----------
    names : sequence of str
        Learners, each once.
    learning : Learning
        The training rows.
    cpu_clock : callable, optional
        Gives the CPU seconds of the process so far.

    Returns
    -------
    dict of str to Fit
        By name, in the order given.

    Raises
    ------
    BadRequest
        If a learner is unknown, or named twice, or none of them can be put to work.
    """
    if len(set(names)) < len(names):
        raise BadRequest(f"the learners are {', '.join(names)}: name each once")
    unknown = [name for name in names if name not in LEARNERS]
    if unknown:  # before the first one is fitted
        raise BadRequest(f"no learner is called {unknown[0]!r}: choose from {', '.join(LEARNERS)}")
    fits = {}
    for name in names:
        start = None if cpu_clock is None else cpu_clock()
        learner = fit_learner(name, learning)
        spent = None if cpu_clock is None or start is None else cpu_clock() - start
        fits[name] = Fit(learner, learner.portable(), spent)
    if not any(fit.portable for fit in fits.values()):
        raise BadRequest(f"of the learners {', '.join(names)} none can be put to work: name one that can too")
    return fits


def judge_learners(
    fits: Mapping[str, Fit],
    held: Trial,
    matrix: NDArray[np.float32],
    scores: NDArray[np.float64],
    cost_eur: Sequence[float],
    *,
    budget_eur: float | None = None,
    seed: int = 0,
    num_threads: int = 1,
    resamples: int = RESAMPLES,
    cpu_clock: Callable[[], float] | None = None,
) -> tuple[dict[str, NDArray[np.float64]], tuple[LearnerJudgement, ...]]:
    """Judge every learner by the same rows, the same scores and the same half samples.

    Parameters
    ----------
    fits : mapping of str to Fit
        The learners.
    held : Trial
        Rows that no learner saw.
    matrix : numpy.ndarray of shape (n_held, n_columns)
        Their encoded features.
    scores : numpy.ndarray of shape (n_held, n_arms)
        Their doubly robust scores, in euro.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.
    budget_eur : float, optional
        Most that contacts of these rows may cost, in euro.
    seed : int
        Seed of the half samples.
    num_threads : int
        Threads of scoring.
    resamples : int
        Half samples behind each standard error.
    cpu_clock : callable, optional
        Gives the CPU seconds of the process so far.

    Returns
    -------
    tuple of (dict of str to ndarray of shape (n_held, n_arms - 1), tuple of LearnerJudgement)
        Effects as learnt, by learner, and what the rows say of them.
    """
    propensity = np.zeros((len(held), len(held.arms)))
    propensity[np.arange(len(held)), held.arm] = held.propensity
    effects, judged = {}, []
    for name, fit in fits.items():
        start = None if cpu_clock is None else cpu_clock()
        effects[name] = effect_of(fit, matrix, num_threads)
        spent = None if cpu_clock is None or start is None else cpu_clock() - start
        judged.append(
            LearnerJudgement(
                name,
                fit.portable is not None,
                judge_scores(
                    effects[name],
                    arm=held.arm,
                    outcome=held.outcome,
                    propensity=propensity,
                    scores=scores,
                    cost_eur=cost_eur,
                    cluster=held.cluster,
                    budget_eur=budget_eur,
                    seed=seed,
                    resamples=resamples,
                ),
                fit.fit_cpu_s,
                len(matrix) / spent if spent else None,
            )
        )
    return effects, tuple(judged)


def effect_of(fit: Fit, matrix: NDArray[np.float32], num_threads: int = 1) -> NDArray[np.float64]:
    """Return the effects as a scorer would compute them, or the learner itself where it only judges."""
    if fit.portable is None:
        return fit.learner.effect(matrix)
    return np.column_stack([arm.effect(matrix, num_threads) for arm in fit.portable])
