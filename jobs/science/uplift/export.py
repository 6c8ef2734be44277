"""From the fitted model to the portable scorer, refused when the two do not agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ExportRefused
from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.learners.fitted import FittedLearner
from jobs.science.uplift.scorer import PortableScorer

MAX_DIFF_SD = 1e-5
"""Largest difference that is let through, in standard deviations of the effect."""


@dataclass(frozen=True)
class FittedUplift:
    """All that a scorer is made from.

    Parameters
    ----------
    arms : tuple of str
        Names of the arms, the control first.
    encoder : FeatureEncoder
        Turns rows into the matrix that the learner read.
    learner : FittedLearner
        The fitted model.
    calibration : tuple of ArmCalibration
        One for each arm but the control.
    """

    arms: tuple[str, ...]
    encoder: FeatureEncoder
    learner: FittedLearner
    calibration: tuple[ArmCalibration, ...]


@dataclass(frozen=True)
class Export:
    """A scorer that predicts what the fitted model predicts.

    Parameters
    ----------
    files : dict of str to bytes
        What to register; `PortableScorer.from_files` reads it.
    max_diff_sd : float
        Largest difference found, in standard deviations of the effect.
    """

    files: dict[str, bytes]
    max_diff_sd: float


def export_scorer(fitted: FittedUplift, matrix: NDArray[np.float32]) -> Export:
    """Write the fitted model as a portable scorer, read it back and hold the two against each other.

    Parameters
    ----------
    fitted : FittedUplift
        The fitted model.
    matrix : numpy.ndarray of shape (n_rows, n_columns)
        Encoded rows to compare on; the trial's own will do.

    Returns
    -------
    Export
        The files and the difference.

    Raises
    ------
    ExportRefused
        If the learner has no portable form, or any row's effects differ by more than `MAX_DIFF_SD` standard deviations.
    """
    effects = fitted.learner.portable()
    if effects is None:
        raise ExportRefused(f"the {fitted.learner.name} only judges: put another learner to work")
    files = PortableScorer(fitted.arms, fitted.encoder, effects, fitted.calibration).to_files()
    portable = PortableScorer.from_files(files)
    diff = max_diff_sd(fitted.learner.effect(matrix), portable.learnt_effect(matrix))
    if not diff <= MAX_DIFF_SD:
        raise ExportRefused(
            f"the portable scorer of {', '.join(fitted.arms[1:])} is off by {diff:.2g} standard deviations of "
            f"the effect, more than {MAX_DIFF_SD:g}: keep the champion and report the versions of EconML and LightGBM"
        )
    return Export(files, diff)


def max_diff_sd(expected: NDArray[np.float64], got: NDArray[np.float64]) -> float:
    """Return the largest difference of two effect matrices in standard deviations of the expected one, arm by arm.

    An arm whose expected effect does not vary is measured in units of the effect itself.
    """
    spread = np.std(expected, axis=0)
    flat = spread <= 1e-12 * (1.0 + np.max(np.abs(expected), axis=0))
    scale = np.where(flat, 1.0 + np.max(np.abs(expected), axis=0), spread)
    return float(np.max(np.max(np.abs(expected - got), axis=0) / scale))
