"""The portable partner scorer: LightGBM text, arrays and a JSON file in, calibrated probabilities and ranks out."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadFile, BadRows, BadSchema
from jobs.science.fraud.calibration import Calibration
from jobs.science.partners.text import TextRisk

BOOSTER_FILE = "booster.txt"
SCORER_FILE = "scorer.json"
TEXT_FILE = "text.npz"
CHUNK_ROWS = 65_536

FEW_PAYMENTS = 5
"""Up to so many payments in 28 days say nothing by their fraud rate: such a partner ranks at most in the middle."""

TOP = 50
"""Nor does it rank among so many first ones, however few the others are."""


@dataclass(frozen=True)
class PartnerScorer:
    """A fitted model of partners' risk that needs LightGBM and numpy only.

    Parameters
    ----------
    booster : lightgbm.Booster
        Gives the margin: log odds that a payment of the coming days is fraud.
    features : tuple of str
        Columns that the booster reads, in its order.
    calibration : Calibration
        From margin to the probability that the partner is risky now.
    review_margin : float
        Partners at or above it are worth the team's time.
    capacity : int
        Partners that the team can look into a day.
    typical : mapping of str to float
        Median of each feature over the training rows; reasons compare with it.
    risky_rate : float
        Share of fraud among the payments of the coming days from which on a partner is called risky.
    horizon_days, label_delay_days : int
        Days that are foretold, and label delay that the features were built with.
    text : TextRisk or None
        How the partners' text becomes numbers; None for a model without text.
    """

    booster: lgb.Booster
    features: tuple[str, ...]
    calibration: Calibration
    review_margin: float
    capacity: int
    typical: Mapping[str, float]
    risky_rate: float
    horizon_days: int
    label_delay_days: int
    text: TextRisk | None = None

    def margin(self, features: pa.Table, threads: int = 1) -> NDArray[np.float64]:
        """Return the log odds of fraud of each row, chunk by chunk.

        Raises
        ------
        BadSchema
            If a feature is missing.
        BadRows
            If a value is infinite.
        """
        return booster_margin(self.booster, features, self.features, threads)

    def probability(self, margin: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated probability that a partner with this margin is risky now, in [0, 1]."""
        return self.calibration.apply(margin)

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files that `load_partner_scorer` reads."""
        card = {
            "features": list(self.features),
            "calibration": {"margin": self.calibration.margin, "probability": self.calibration.probability},
            "review_margin": self.review_margin,
            "capacity": self.capacity,
            "typical": dict(self.typical),
            "risky_rate": self.risky_rate,
            "horizon_days": self.horizon_days,
            "label_delay_days": self.label_delay_days,
        }
        files = {
            BOOSTER_FILE: self.booster.model_to_string().encode(),
            SCORER_FILE: json.dumps(card, indent=1, sort_keys=True, allow_nan=False).encode(),
        }
        if self.text is not None:
            sink = io.BytesIO()
            np.savez(sink, idf=self.text.idf, weight=self.text.weight, usual=np.float64(self.text.usual))
            files[TEXT_FILE] = sink.getvalue()
        return files


def load_partner_scorer(files: Mapping[str, bytes]) -> PartnerScorer:
    """Read a scorer back; the caller has checked the digests of the files.

    Raises
    ------
    BadFile
        If a file is missing or does not say what it must.
    """
    for name in (BOOSTER_FILE, SCORER_FILE):
        if name not in files:
            raise BadFile(f"partner-risk model: {name} is missing among {sorted(files)}; register the model again.")
    try:
        card: dict[str, Any] = json.loads(files[SCORER_FILE])
        scorer = PartnerScorer(
            booster=lgb.Booster(model_str=files[BOOSTER_FILE].decode()),
            features=tuple(card["features"]),
            calibration=Calibration(tuple(card["calibration"]["margin"]), tuple(card["calibration"]["probability"])),
            review_margin=float(card["review_margin"]),
            capacity=int(card["capacity"]),
            typical={name: float(value) for name, value in card["typical"].items()},
            risky_rate=float(card["risky_rate"]),
            horizon_days=int(card["horizon_days"]),
            label_delay_days=int(card["label_delay_days"]),
            text=_read_text(files[TEXT_FILE]) if TEXT_FILE in files else None,
        )
    except (KeyError, TypeError, ValueError, OSError, lgb.basic.LightGBMError) as error:
        raise BadFile(
            f"partner-risk model: one of {sorted(files)} is damaged ({error!r}); register it again."
        ) from None
    if tuple(scorer.booster.feature_name()) != scorer.features:
        raise BadFile(
            f"partner-risk model: {BOOSTER_FILE} reads {scorer.booster.feature_name()}, but {SCORER_FILE} says "
            f"{list(scorer.features)}; register the model again."
        )
    return scorer


def held_back(score: ArrayLike, payments_28d: ArrayLike) -> NDArray[np.float64]:
    """Lower the score of partners with hardly any payment to below the middle one and below `TOP` others.

    One fraud among five payments is a rate of 20%, and an accident.

    Parameters
    ----------
    score : array-like of shape (n_partners,)
        Higher is riskier.
    payments_28d : array-like of shape (n_partners,)
        Payments of the last 28 days, labelled or not.

    Returns
    -------
    ndarray of shape (n_partners,)
        Scores.

    Examples
    --------
    >>> held_back([0.9, 0.3, 0.2, 0.1], [5, 80, 85, 90]).round(9).tolist()
    [0.2, 0.3, 0.2, 0.1]
    """
    values = np.asarray(score, dtype=np.float64)
    few = np.asarray(payments_28d) <= FEW_PAYMENTS
    enough = np.sort(values[~few])
    if not enough.size:
        return values
    level = float(np.median(enough))
    if enough.size >= TOP:
        level = min(level, float(enough[-TOP]))
    # Below it and not beside it: of equal scores the one with more frauds would rank first.
    return np.where(few, np.minimum(values, np.nextafter(level, -np.inf)), values)


def ranks(score: ArrayLike, *ties: ArrayLike) -> NDArray[np.int64]:
    """Return the place of each partner, 1 is the riskiest; of equal scores the one with more of the first tie.

    Examples
    --------
    >>> ranks([0.1, 0.5, 0.1], [1, 2, 3]).tolist()
    [3, 1, 2]
    """
    values = np.asarray(score, dtype=np.float64)
    keys = [-np.asarray(tie, dtype=np.float64) for tie in reversed(ties)]
    order = np.lexsort((*keys, -values))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(1, len(values) + 1)
    return rank


def booster_margin(
    booster: lgb.Booster, features: pa.Table, names: tuple[str, ...], threads: int
) -> NDArray[np.float64]:
    """Return the margin of each row, chunk by chunk; see `PartnerScorer.margin`."""
    out = np.empty(features.num_rows, dtype=np.float64)
    for start in range(0, features.num_rows, CHUNK_ROWS):
        matrix = partner_matrix(features.slice(start, CHUNK_ROWS), names)
        out[start : start + len(matrix)] = booster.predict(matrix, raw_score=True, num_threads=threads)
    return out


def partner_matrix(features: pa.Table, names: tuple[str, ...]) -> NDArray[np.float32]:
    """Return features as a matrix of shape (n_partners, n_features), a missing value as NaN.

    Raises
    ------
    BadSchema
        If a column is missing.
    BadRows
        If a value is infinite.
    """
    matrix = np.empty((features.num_rows, len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        if name not in features.column_names:
            raise BadSchema(
                f"partner features: column {name} is missing, which the model reads; give the column, or train again."
            )
        matrix[:, place] = features[name].cast(pa.float32()).to_numpy()
        infinite = np.flatnonzero(np.isinf(matrix[:, place]))
        if infinite.size:
            raise BadRows(
                f"partner features: {name} of partner {features['partner_id'][int(infinite[0])].as_py()!r} is "
                f"infinite, which cannot be scored; mend the partner's row."
            )
    return matrix


def _read_text(body: bytes) -> TextRisk:
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return TextRisk(idf=arrays["idf"], weight=arrays["weight"], usual=float(arrays["usual"]))
