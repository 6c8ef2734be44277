"""The portable fraud scorer: LightGBM text and a JSON file in, calibrated probabilities out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadFile, BadRequest, BadRows, BadSchema
from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.decision import DecisionPolicy, policy_from

if TYPE_CHECKING:
    # What scores one transaction at a time brings its own reader of boosters, and holds no Arrow.
    import lightgbm as lgb
    import pyarrow as pa

BOOSTER_FILE = "booster.txt"
SCORER_FILE = "scorer.json"
CHUNK_ROWS = 65_536
NEVER_MISSING = ("amount",)


@dataclass(frozen=True)
class FraudScorer:
    """A fitted fraud model that needs LightGBM and numpy only.

    Parameters
    ----------
    booster : lightgbm.Booster
        Gives the margin, the log odds of fraud.
    features : tuple of str
        Columns that the booster reads, in its order.
    calibration : Calibration
        From margin to probability.
    policy : DecisionPolicy
        Which outcome a probability and an amount get.
    typical : mapping of str to float
        Median of each feature over the training rows; reasons compare with it.
    fraud_rate : float
        Share of fraud among the training rows, in (0, 1).
    label_delay_days : int
        Label delay that the features were built with.
    risk_calibration : Calibration or None
        From the log odds of a customer's averaged probabilities to the probability that his purchase of the
        next day is fraud; None where training saw too few frauds to learn it.
    """

    booster: "lgb.Booster"
    features: tuple[str, ...]
    calibration: Calibration
    policy: DecisionPolicy
    typical: Mapping[str, float]
    fraud_rate: float
    label_delay_days: int
    risk_calibration: Calibration | None = None

    def margin(self, features: "pa.Table", threads: int = 1) -> NDArray[np.float64]:
        """Return the log odds of fraud, before calibration.

        Parameters
        ----------
        features : pyarrow.Table
            Columns `features` at least; a missing value is allowed in all but the amount.
        threads : int
            Threads of LightGBM.

        Returns
        -------
        ndarray of shape (n_transactions,)
            Margins.

        Raises
        ------
        BadSchema
            If a feature is missing.
        BadRows
            If a value is infinite, or an amount is missing.
        """
        return booster_margin(self.booster, features, self.features, threads)

    def calibrated(self, margin: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated probability of each margin."""
        return self.calibration.apply(margin)

    def probability(self, features: "pa.Table", threads: int = 1) -> NDArray[np.float64]:
        """Return the calibrated probability of fraud of each row; see `margin` for what is refused."""
        return self.calibrated(self.margin(features, threads))

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files that `load_scorer` reads."""
        card = {
            "features": list(self.features),
            "calibration": _points(self.calibration),
            "risk_calibration": _points(self.risk_calibration) if self.risk_calibration else None,
            "policy": self.policy.to_dict(),
            "typical": dict(self.typical),
            "fraud_rate": self.fraud_rate,
            "label_delay_days": self.label_delay_days,
        }
        return {
            BOOSTER_FILE: self.booster.model_to_string().encode(),
            SCORER_FILE: json.dumps(card, indent=1, sort_keys=True, allow_nan=False).encode(),
        }


def lightgbm_booster(text: str) -> "lgb.Booster":
    """Read a booster from its text.

    Raises
    ------
    ValueError
        If the text is no booster.
    """
    import lightgbm  # noqa: PLC0415  not where another reader is given

    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(str(error)) from error


def load_scorer(
    files: Mapping[str, bytes], read_booster: Callable[[str], "lgb.Booster"] = lightgbm_booster
) -> FraudScorer:
    """Read a scorer back; the caller has checked the digests of the files.

    Parameters
    ----------
    files : mapping of str to bytes
        What `FraudScorer.to_files` gave.
    read_booster : callable
        Reads the booster from its text, and raises ValueError where it is none.

    Returns
    -------
    FraudScorer
        With the same predictions, to the last digit.

    Raises
    ------
    BadFile
        If a file is missing or does not say what it must.
    """
    for name in (BOOSTER_FILE, SCORER_FILE):
        if name not in files:
            raise BadFile(f"fraud model: {name} is missing among {sorted(files)}; register the model again.")
    try:
        card: dict[str, Any] = json.loads(files[SCORER_FILE])
        scorer = FraudScorer(
            booster=read_booster(files[BOOSTER_FILE].decode()),
            features=tuple(card["features"]),
            calibration=_calibration(card["calibration"]),
            policy=policy_from(card["policy"]),
            typical={name: float(value) for name, value in card["typical"].items()},
            fraud_rate=float(card["fraud_rate"]),
            label_delay_days=int(card["label_delay_days"]),
            risk_calibration=_calibration(points) if (points := card.get("risk_calibration")) else None,
        )
    except (KeyError, TypeError, ValueError, BadRequest) as error:
        raise BadFile(
            f"fraud model: {SCORER_FILE} or {BOOSTER_FILE} is damaged ({error!r}); register it again."
        ) from None
    if tuple(scorer.booster.feature_name()) != scorer.features:
        raise BadFile(
            f"fraud model: {BOOSTER_FILE} reads {scorer.booster.feature_name()}, but {SCORER_FILE} says "
            f"{list(scorer.features)}; register the model again."
        )
    return scorer


def _points(calibration: Calibration) -> dict[str, list[float]]:
    return {"margin": list(calibration.margin), "probability": list(calibration.probability)}


def _calibration(points: Mapping[str, Any]) -> Calibration:
    return Calibration(tuple(points["margin"]), tuple(points["probability"]))


def booster_margin(
    booster: "lgb.Booster", features: "pa.Table", names: tuple[str, ...], threads: int
) -> NDArray[np.float64]:
    """Return the margin of each row, chunk by chunk; see `FraudScorer.margin`."""
    out = np.empty(features.num_rows, dtype=np.float64)
    for start in range(0, features.num_rows, CHUNK_ROWS):
        matrix = feature_matrix(features.slice(start, CHUNK_ROWS), names)
        out[start : start + len(matrix)] = booster.predict(matrix, raw_score=True, num_threads=threads)
    return out


def feature_matrix(features: "pa.Table", names: tuple[str, ...]) -> NDArray[np.float32]:
    """Return features as a matrix, a missing value as NaN.

    Parameters
    ----------
    features : pyarrow.Table
        Columns `names` at least.
    names : tuple of str
        Columns to take, in order.

    Returns
    -------
    ndarray of shape (n_transactions, n_features)
        Values in single precision, as the features are stored.

    Raises
    ------
    BadSchema
        If a column is missing.
    BadRows
        If a value is infinite, or missing where it must not be.
    """
    matrix = np.empty((features.num_rows, len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        if name not in features.column_names:
            raise BadSchema(f"fraud_features: column {name} is missing; build the features that this model reads.")
        matrix[:, place] = features[name].cast("float32").to_numpy()
        values = matrix[:, place]
        bad = np.isinf(values) | (np.isnan(values) if name in NEVER_MISSING else False)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise BadRows(
                f"fraud_features: {name} of row {row} is {values[row]}, which cannot be scored; set the row aside."
            )
    return matrix
