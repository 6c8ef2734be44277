"""All metrics of one ranking of rows by predicted effect."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.auuc import auuc_causalml, qini_causalml, uplift_auc_score
from jobs.science.uplift.calibration import Decile, decile_table
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.half_samples import RESAMPLES
from jobs.science.uplift.negative_share import NegativeShare, negative_share
from jobs.science.uplift.qini import qini_auc_score
from jobs.science.uplift.rate import Rate, rate
from jobs.science.uplift.uplift_at_k import UpliftAtK, uplift_at_shares


@dataclass(frozen=True)
class RankingScores:
    """What the untouched rows say of one ranking: one arm's, or that of every row's own best arm.

    Parameters
    ----------
    qini_sklift : float
        Qini coefficient in scikit-uplift's form: 1 the best order, 0 a random one.
    uplift_auc_sklift : float or None
        Area under the uplift curve in scikit-uplift's form; none for outcomes other than 0 and 1.
    qini_causalml : float
        Qini score in CausalML's form: 0 a random order.
    auuc_causalml : float
        Area under the uplift curve in CausalML's form: .5 a random order of a helpful treatment.
    rate : Rate
        AUTOC and QINI with standard errors, in euro.
    blp : Estimate
        Calibration slope: 1 where predicted differences are true, 0 where they are noise.
    uplift_at_k : tuple of UpliftAtK
        One for each of its SHARES.
    deciles : tuple of Decile
        Predicted against measured, tenth by tenth.
    negative : NegativeShare
        Predicted harm, and harm beyond doubt.
    """

    qini_sklift: float
    uplift_auc_sklift: float | None
    qini_causalml: float
    auuc_causalml: float
    rate: Rate
    blp: Estimate
    uplift_at_k: tuple[UpliftAtK, ...]
    deciles: tuple[Decile, ...]
    negative: NegativeShare


def score_ranking(
    priority: NDArray[np.float64],
    effect: NDArray[np.float64],
    lift: NDArray[np.float64],
    *,
    gain: NDArray[np.float64] | None = None,
    standard_error: NDArray[np.float64] | None = None,
    in_group: NDArray[np.bool_],
    treatment: NDArray[np.int64],
    outcome: NDArray[np.float64],
    blp: Estimate,
    cluster: NDArray[np.int64] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> RankingScores:
    """Judge one ranking by untouched rows.

    Parameters
    ----------
    priority : numpy.ndarray of shape (n_rows,)
        What ranks the rows, the highest first.
    effect : numpy.ndarray of shape (n_rows,)
        Predicted effect, before cost, in euro.
    lift : numpy.ndarray of shape (n_rows,)
        Doubly robust score of the same arm less that of the control, in euro.
    gain : numpy.ndarray of shape (n_rows,), optional
        `lift` less the arm's cost, where costs differ between rows; AUTOC and QINI measure it.
    standard_error : numpy.ndarray of shape (n_rows,), optional
        Standard error of each predicted effect, from a learner that gives one.
    in_group : numpy.ndarray of bool, shape (n_rows,)
        Rows of the two groups that Qini, AUUC and uplift at k compare.
    treatment : numpy.ndarray of int64, shape (n_rows,)
        1 for treated, 0 for control.
    outcome : numpy.ndarray of shape (n_rows,)
        Outcome, in euro.
    blp : Estimate
        Calibration slope, handed through.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    seed : int
        Seed of the half samples.
    resamples : int
        Half samples behind each standard error.
    """
    y, u, t = outcome[in_group], priority[in_group], treatment[in_group]
    group = None if cluster is None else cluster[in_group]

    return RankingScores(
        qini_sklift=qini_auc_score(y, u, t),
        uplift_auc_sklift=uplift_auc_score(y, u, t) if np.all((y == 0) | (y == 1)) else None,
        qini_causalml=qini_causalml(y, u, t),
        auuc_causalml=auuc_causalml(y, u, t),
        rate=rate(priority, lift if gain is None else gain, cluster=cluster, resamples=resamples, seed=seed),
        blp=blp,
        uplift_at_k=uplift_at_shares(y, u, t, cluster=group, resamples=resamples, seed=seed),
        deciles=decile_table(effect, lift, cluster),
        negative=negative_share(effect, lift, cluster, standard_error=standard_error),
    )
