"""How a partner model is trained: lengths, horizon and threshold, and which days each part takes."""

import dataclasses
import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadRows
from jobs.science.partners.features import EPOCH

FEWEST_FRAUDS = 2
"""A partner is risky in the days ahead from so many frauds on: one is an accident."""

IS_RISKY = "is_risky"
"""Column of the truth that a plan makes of what became known."""

Span = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class PartnerPlan:
    """How a partner model is trained.

    Parameters
    ----------
    train_days, calibration_days, test_days : int
        Lengths in days of what is learnt from, calibrated on and judged on.
    horizon_days : int
        Days ahead whose fraud is foretold.
    label_delay_days : int
        Days until a label is known.
    risky_rate : float
        Share of fraud among a partner's payments of the days ahead from which on it is risky, in (0, 1).
    capacity : int
        Partners that the team can look into a day.
    rounds : int
        Trees.
    seed, threads : int
        Of LightGBM.

    Raises
    ------
    BadRequest
        If a value is not allowed.
    """

    train_days: int = 70
    calibration_days: int = 10
    test_days: int = 7
    horizon_days: int = 7
    label_delay_days: int = 7
    risky_rate: float = 0.1
    capacity: int = 50
    rounds: int = 200
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be trained by."""
        for f in dataclasses.fields(self):
            if f.name not in {"risky_rate", "seed"} and getattr(self, f.name) < 1:
                raise BadRequest(f"{f.name} is {getattr(self, f.name)}; give at least 1.")
        if not 0 < self.risky_rate < 1:
            raise BadRequest(f"risky_rate is {self.risky_rate}; give a share between 0 and 1, without both.")

    @property
    def last_row_days(self) -> int:
        """Days before the run's date at which the last row lies whose days ahead are known."""
        return self.horizon_days + self.label_delay_days

    @property
    def row_days(self) -> int:
        """Days of rows that training, calibration, judging and the gaps between them take."""
        return self.train_days + self.last_row_days + self.calibration_days + self.horizon_days + self.test_days

    @property
    def says(self) -> str:
        """What the probability of a model of this plan is the probability of."""
        return (
            f"probability that at least {self.risky_rate:.0%} of the partner's payments of the next "
            f"{self.horizon_days} days, and {FEWEST_FRAUDS} of them, will become known as fraud"
        )

    def judged(self, rows: pa.Table) -> pa.Table:
        """Return rows with the column `IS_RISKY`, made of ``next_frauds`` and ``next_transactions``."""
        frauds, count = rows["next_frauds"].to_numpy(), rows["next_transactions"].to_numpy()
        risky = (frauds >= FEWEST_FRAUDS) & (frauds >= self.risky_rate * count)
        return rows.append_column(IS_RISKY, pa.array(np.asarray(risky)))

    def spans(self, rows: pa.Table) -> dict[str, Span]:
        """Return first and last day of ``train``, ``calibration``, ``test`` and ``all``.

        Between training and calibration lie the days ahead of the last row and the label delay: on the first
        day of calibration all that was learnt from was known. Between calibration and test lie the days ahead.

        Raises
        ------
        BadRows
            If the days of the rows do not suffice.
        """
        days = day_numbers(rows)
        if not days.size:
            raise BadRows(
                "partner features: there is no partner-day with a known label; read more days of transactions."
            )
        first, last = int(days.min()), int(days.max())
        test = last - self.test_days + 1
        calibration_end = test - self.horizon_days
        calibration = calibration_end - self.calibration_days
        train_end = calibration - self.last_row_days
        if first >= train_end:
            raise BadRows(
                f"partner features: known labels cover {last - first + 1} days, and more than "
                f"{self.row_days - self.train_days} are needed (calibration {self.calibration_days}, "
                f"test {self.test_days}, gaps {self.last_row_days} and {self.horizon_days}); "
                f"read more days, or plan shorter parts."
            )
        edges = {
            "train": (max(first, train_end - self.train_days), train_end),
            "calibration": (calibration, calibration_end),
            "test": (test, last + 1),
            "all": (first, last + 1),
        }
        return {name: (_date(a), _date(b - 1)) for name, (a, b) in edges.items()}


def part_of(rows: pa.Table, name: str, span: Span) -> pa.Table:
    """Return the rows of one part; both kinds of partner-days must be among them.

    Raises
    ------
    BadRows
        If no partner-day of the part became risky, or all did.
    """
    day = day_numbers(rows)
    part = rows.filter(pa.array((day >= (span[0] - EPOCH).days) & (day <= (span[1] - EPOCH).days)))
    risky = int(labels(part).sum())
    if not 0 < risky < part.num_rows:
        raise BadRows(
            f"partners: {risky} of {part.num_rows} partner-days of {name}, {span[0]} to {span[1]}, became risky, and "
            f"both kinds are needed; plan more days, or lower risky_rate."
        )
    return part


def labels(rows: pa.Table) -> NDArray[np.bool_]:
    """Return whether each partner-day became risky."""
    return np.asarray(rows[IS_RISKY].to_numpy(), dtype=bool)


def day_numbers(rows: pa.Table) -> NDArray[np.int32]:
    """Return the day of each row, counted from 1970."""
    days: NDArray[np.int32] = rows["day"].cast(pa.int32()).to_numpy()
    return days


def _date(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)
