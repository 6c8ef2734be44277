"""How a fraud model is trained: which days, which costs, how many reviewers, how long a search."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadRows
from jobs.science.fraud.decision import Costs
from jobs.science.fraud.features import EPOCH


@dataclass(frozen=True)
class FraudPlan:
    """How a fraud model is trained.

    Parameters
    ----------
    train_days, calibration_days, test_days : int
        Lengths in days of what is learnt from, calibrated on and judged on. They end with the last day
        whose labels are known; between training and calibration lies the label delay.
    label_delay_days : int
        Days until a label is known.
    costs : Costs
        What a review, a missed fraud and a wrong decline cost.
    review_share : float or None
        Share of the transactions that can be reviewed, in (0, 1); None: as many as are worth it.
    review_per_day : int or None
        Transactions that can be reviewed a day; replaces the share.
    rounds : int
        Trees; at most so many where a search is made.
    trials : int
        Most trials of the search for parameters; 0: the default ones are taken. With a search the first
        half of the calibration days decides between parameters, and the rest calibrates.
    search_s : float
        Seconds after which no further trial starts.
    resamples : int
        Samples of customers for the intervals of the figures.
    seed : int
        Seed of LightGBM, of the search and of the samples.
    threads : int
        Threads of LightGBM; the model is the same for any number.
    """

    train_days: int = 28
    calibration_days: int = 14
    test_days: int = 7
    label_delay_days: int = 7
    costs: Costs = field(default_factory=Costs)
    review_share: float | None = 0.01
    review_per_day: int | None = None
    rounds: int = 500
    trials: int = 0
    search_s: float = 120.0
    resamples: int = 100
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse a plan that makes no sense."""
        for name in ("train_days", "calibration_days", "test_days", "label_delay_days", "rounds", "threads"):
            if getattr(self, name) < 1:
                raise BadRequest(f"{name} is {getattr(self, name)}; give at least 1.")
        for name in ("trials", "resamples"):
            if getattr(self, name) < 0:
                raise BadRequest(f"{name} is {getattr(self, name)}; give at least 0.")
        if self.review_share is not None and not 0 < self.review_share < 1:
            raise BadRequest(f"review_share is {self.review_share}; give a share between 0 and 1, without both.")
        if self.review_per_day is not None and self.review_per_day < 0:
            raise BadRequest(f"review_per_day is {self.review_per_day}; give a count of at least 0.")
        if self.trials and self.calibration_days < 2:
            raise BadRequest("calibration_days is 1; a search needs 2, one to choose on and one to calibrate on.")

    def most_reviews(self, rows: int, days: int) -> int | None:
        """Return how many of these rows, of so many days, can be reviewed; None: all that are worth it."""
        if self.review_per_day is not None:
            return self.review_per_day * days
        return None if self.review_share is None else int(self.review_share * rows)


@dataclass(frozen=True)
class Period:
    """A range of days, both ends included.

    Parameters
    ----------
    first, last : datetime.date
        Days.
    """

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    def holds(self, day: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Say for each day, counted from 1970-01-01, whether it lies within."""
        return (day >= (self.first - EPOCH).days) & (day <= (self.last - EPOCH).days)

    def to_dict(self) -> dict[str, str]:
        """Return the days as text."""
        return {"first": str(self.first), "last": str(self.last)}


@dataclass(frozen=True)
class Periods:
    """The parts of a plan on days that are there, in order.

    Parameters
    ----------
    train, calibration, test : Period
        What is learnt from, calibrated on and judged on.
    choice : Period or None
        What decides between parameters; None without a search.
    """

    train: Period
    choice: Period | None
    calibration: Period
    test: Period


def periods(day: NDArray[np.int32], plan: FraudPlan) -> Periods:
    """Lay a plan on the days that are there.

    Parameters
    ----------
    day : ndarray of shape (n_transactions,)
        Days since 1970-01-01 of transactions whose labels are known.
    plan : FraudPlan
        Lengths.

    Returns
    -------
    Periods
        The parts; training is shorter than planned where older days are missing.

    Raises
    ------
    BadRows
        If the days leave none to learn from.
    """
    first, end = int(day.min()), int(day.max()) + 1
    test = end - plan.test_days
    calibration = test - plan.calibration_days
    train_end = calibration - plan.label_delay_days
    if first >= train_end:
        needed = plan.label_delay_days + plan.calibration_days + plan.test_days
        raise BadRows(
            f"fraud_features: known labels cover {end - first} days, and more than {needed} are needed "
            f"(delay {plan.label_delay_days}, calibration {plan.calibration_days}, test {plan.test_days}); "
            f"build the features of more days, or plan shorter parts."
        )
    chosen_end = calibration + plan.calibration_days // 2 if plan.trials else calibration
    return Periods(
        train=period(max(train_end - plan.train_days, first), train_end),
        choice=period(calibration, chosen_end) if plan.trials else None,
        calibration=period(chosen_end, test),
        test=period(test, end),
    )


def period(first: int, end: int) -> Period:
    """Return the days from `first` up to, not with, `end`; both since 1970-01-01.

    Examples
    --------
    >>> period(0, 2).to_dict()
    {'first': '1970-01-01', 'last': '1970-01-02'}
    """
    return Period(EPOCH + dt.timedelta(days=first), EPOCH + dt.timedelta(days=end - 1))
