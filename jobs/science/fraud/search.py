"""Search for parameters of the trees on later days, under a time limit and a cap, from a fixed seed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRequest
from jobs.science.fraud.booster import PARAMETERS, Later, grow

SEARCHED = ("num_leaves", "min_data_in_leaf", "lambda_l2", "feature_fraction", "learning_rate")


@dataclass(frozen=True)
class Search:
    """What was found.

    Parameters
    ----------
    parameters : dict
        The best values of `SEARCHED`.
    rounds : int
        Trees that were best with them.
    average_precision, average_precision_of_default : float
        On the later days, of the best trial and of the first one, which takes the default parameters.
    trials : int
        Trials that ended.
    stopped_by : {"cap", "time"}
        What ended the search; where it is the cap, the same seed gives the same result anywhere.
    """

    parameters: dict[str, Any]
    rounds: int
    average_precision: float
    average_precision_of_default: float
    trials: int
    stopped_by: str


def search_parameters(
    matrix: NDArray[np.float32],
    is_fraud: ArrayLike,
    names: Sequence[str],
    later: Later,
    *,
    trials: int,
    limit_s: float,
    rounds: int,
    seed: int = 1,
    threads: int = 1,
) -> Search:
    """Try parameters on rows of later days, the default ones first.

    Parameters
    ----------
    matrix, is_fraud, names
        What is learnt from; see `grow`.
    later : Later
        Rows of days after these, a label delay in between: they choose and stop the growing.
    trials : int
        Most trials, at least 1.
    limit_s : float
        Seconds after which no further trial starts, above 0.
    rounds : int
        Most trees.
    seed : int
        Seed of the search and of LightGBM.
    threads : int
        Threads of LightGBM.

    Returns
    -------
    Search
        The best parameters.

    Raises
    ------
    BadRequest
        If the cap or the limit leaves room for no trial.

    References
    ----------
    .. [1] Bergstra et al. (2011), Algorithms for hyper-parameter optimization, NeurIPS.
    """
    if trials < 1 or not limit_s > 0:
        raise BadRequest(f"trials is {trials}, search_s {limit_s:g}; give at least 1 trial and more than 0 seconds.")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial({name: PARAMETERS[name] for name in SEARCHED})

    def found(trial: optuna.Trial) -> float:
        booster = grow(
            matrix,
            is_fraud,
            names,
            rounds=rounds,
            seed=seed,
            threads=threads,
            parameters=_suggested(trial),
            later=later,
        )
        trial.set_user_attr("rounds", booster.best_iteration)
        return float(booster.best_score["valid_0"]["average_precision"])

    started = time.monotonic()
    study.optimize(found, n_trials=trials, timeout=limit_s)
    late = time.monotonic() - started >= limit_s and len(study.trials) < trials
    best = study.best_trial
    return Search(
        parameters=dict(best.params),
        rounds=int(best.user_attrs["rounds"]),
        average_precision=float(study.best_value),
        average_precision_of_default=float(study.trials[0].value or 0.0),
        trials=len(study.trials),
        stopped_by="time" if late else "cap",
    )


def _suggested(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "num_leaves": trial.suggest_int("num_leaves", 4, 31),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 100, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.5, 50.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 1.0),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
    }
