"""A trial whose draw nobody logged: propensities estimated, rows that could not have been in every arm left out."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.intake import Intake
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
    kept : numpy.ndarray of bool, shape (n_rows,)
        Which rows of the trial that was given they are.
    overlap : Overlap
        How well each arm stands for all customers, and how many rows were left out.
    """

    trial: Trial
    kept: NDArray[np.bool_]
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
    kept = trim(estimated, limit)
    return ObservedTrial(replace(trial, propensity=own).part(kept), kept, overlap)


def take_in_observed(intake: Intake, *, seed: int = 0, num_threads: int = 1) -> Intake:
    """Return what was taken in with estimated propensities, its trimmed rows set aside and told.

    Parameters
    ----------
    intake : Intake
        The trial as it was taken in, without propensities.
    seed : int
        Seed of the folds and of LightGBM.
    num_threads : int
        Threads of LightGBM.

    Raises
    ------
    BadTrial
        If trimming leaves an arm too few rows.
    """
    observed = with_estimated_propensity(intake.trial, seed=seed, num_threads=num_threads)
    overlap = observed.overlap
    trimmed = {f"a propensity below {overlap.limit:g}": overlap.trimmed_rows} if overlap.trimmed_rows else {}
    return replace(
        intake,
        trial=observed.trial,
        unit=intake.unit.filter(pa.array(observed.kept)),
        set_aside=intake.set_aside | trimmed,
        propensity_known=True,
        warnings=(
            *intake.warnings,
            "Nobody drew these arms: the answer holds only if all that decided who was in which arm is among the "
            f"features. Propensities were estimated: {overlap.sentence}.",
        ),
    )
