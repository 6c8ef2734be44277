"""A trial whose draw nobody logged: propensities estimated, rows that could not have been in every arm left out."""

from dataclasses import dataclass, replace

import numpy as np

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.learners.propensity import estimate_propensity
from jobs.science.uplift.overlap import LEAST_PROPENSITY, Overlap, overlap_of, trim
from jobs.science.uplift.trial import MIN_ARM_ROWS, Trial


@dataclass(frozen=True)
class ObservedTrial:
    """A trial with estimated propensities.

    Parameters
    ----------
    trial : Trial
        The rows that were kept, each with the estimated probability of the arm that it was in.
    overlap : Overlap
        How well each arm stands for all customers, and how many rows were left out.
    """

    trial: Trial
    overlap: Overlap


def with_estimated_propensity(
    trial: Trial, *, limit: float = LEAST_PROPENSITY, seed: int = 0, num_threads: int = 1
) -> ObservedTrial:
    """Estimate the propensities of a trial and trim it.

    Parameters
    ----------
    trial : Trial
        The trial; its own propensities are not looked at.
    limit : float
        Least propensity of any arm that is let through, in (0, 1).
    seed : int
        Seed of the folds and of LightGBM.
    num_threads : int
        Threads of LightGBM.

    Raises
    ------
    BadTrial
        If trimming leaves an arm too few rows.
    """
    matrix = FeatureEncoder.fit(trial.rows, trial.features).transform(trial.rows)
    estimated = estimate_propensity(
        matrix, trial.arm, arms=len(trial.arms), cluster=trial.cluster, seed=seed, num_threads=num_threads
    )
    overlap = overlap_of(trial.arms, trial.arm, estimated, limit, MIN_ARM_ROWS)
    own = estimated[np.arange(len(trial)), trial.arm]
    return ObservedTrial(replace(trial, propensity=own).part(trim(estimated, limit)), overlap)
