"""A segment model at work: arrays and names, read from plain JSON, the nearest centre in numpy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadFile
from jobs.science.segments.behaviour import Window
from jobs.science.segments.kmeans import nearest
from jobs.science.segments.measures import FEATURES, Steadying, measures
from jobs.science.segments.naming import WITHOUT_PAYMENTS
from jobs.science.segments.scaling import Scaling

FILE = "segments.json"
NOBODYS_PAYMENTS = 0
"""Number of the segment of customers who did not pay within the window; clusters are numbered from 1."""


@dataclass(frozen=True)
class Assigned:
    """Segments of some customers.

    Parameters
    ----------
    number : ndarray of shape (n_customers,)
        Number of the segment; 0 where nothing was paid.
    certainty : ndarray of shape (n_customers,)
        How much nearer the segment's centre is than the next, in [0, 1]; 1 where there is no other, NaN where
        nothing was paid.
    """

    number: NDArray[np.int64]
    certainty: NDArray[np.float64]


@dataclass(frozen=True)
class SegmentModel:
    """Centres of segments and what behaviour they are compared by.

    Parameters
    ----------
    window_days : int
        Days of behaviour.
    steadying : Steadying
        Shares that few payments are pulled towards.
    scaling : Scaling
        Median and spread of each feature.
    centres : ndarray of shape (n_segments, n_features)
        In spreads from the median.
    numbers : tuple of int
        Number of each segment, >= 1; a segment that comes again in a later model keeps its number.
    names : tuple of str
        Name of each segment.
    next_number : int
        Number that no segment has had yet.
    """

    window_days: int
    steadying: Steadying
    scaling: Scaling
    centres: NDArray[np.float64]
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    next_number: int

    @property
    def name_of(self) -> dict[int, str]:
        """Names by number, also that of customers without payments."""
        return {NOBODYS_PAYMENTS: WITHOUT_PAYMENTS, **dict(zip(self.numbers, self.names, strict=True))}

    def scaled(self, rows: pa.Table, window: Window) -> NDArray[np.float64]:
        """Return the features of customers in spreads from the median."""
        return self.scaling.transform(measures(rows, window, self.steadying))

    def assign(self, rows: pa.Table, window: Window) -> Assigned:
        """Return the segment of each customer.

        Parameters
        ----------
        rows : pyarrow.Table
            Behaviour of customers; missing counts where nothing was paid.
        window : Window
            The days it is from.
        """
        paid = rows["payments"].is_valid().to_numpy()
        x = self.scaled(rows, window)
        number = np.array(self.numbers)[nearest(x, self.centres)]
        return Assigned(
            np.where(paid, number, NOBODYS_PAYMENTS).astype(np.int64),
            np.where(paid, self._certainty(x), np.nan),
        )

    def _certainty(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(self.centres) == 1:
            return np.ones(len(x))
        away = np.sqrt(((x[:, None, :] - self.centres[None, :, :]) ** 2).sum(axis=2))
        first, second = np.partition(away, 1, axis=1)[:, :2].T
        return np.asarray(np.divide(second - first, second, out=np.zeros(len(x)), where=second > 0), dtype=np.float64)

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files of the model store."""
        values = {
            "window_days": self.window_days,
            "steadying": self.steadying.to_dict(),
            "scaling": self.scaling.to_dict(),
            "centres": self.centres.tolist(),
            "numbers": list(self.numbers),
            "names": list(self.names),
            "next_number": self.next_number,
        }
        return {FILE: json.dumps(values, sort_keys=True, allow_nan=False).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> "SegmentModel":
        """Read a model back.

        Raises
        ------
        BadFile
            If the file is not there or is none of ours, or its features are not those of this version.
        """
        try:
            values: dict[str, Any] = json.loads(files[FILE])
            model = cls(
                int(values["window_days"]),
                Steadying({name: float(share) for name, share in values["steadying"].items()}),
                Scaling.from_dict(values["scaling"]),
                np.array(values["centres"], dtype=np.float64),
                tuple(map(int, values["numbers"])),
                tuple(map(str, values["names"])),
                int(values["next_number"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadFile(
                f"model file {FILE} is no segment model ({error}): run segment-customers --refit to make another."
            ) from error
        if model.scaling.features != FEATURES or model.centres.shape != (len(model.numbers), len(FEATURES)):
            raise BadFile(
                f"model file {FILE} has features {', '.join(model.scaling.features)} and centres of shape "
                f"{model.centres.shape}, must have {', '.join(FEATURES)}: run segment-customers --refit."
            )
        return model
