"""The portable scorer: LightGBM text models and a JSON card; no EconML, no scikit-learn, no pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadFile
from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder

CARD = "scorer.json"
"""Name of the file that says how the others fit together."""

FORMAT = "netlift-uplift-1"
"""What this code reads and writes; another format is refused."""


@dataclass(frozen=True)
class ArmModels:
    """The two effect models of an arm.

    Parameters
    ----------
    from_control : lightgbm.Booster
        Learnt from the control's rows.
    from_arm : lightgbm.Booster
        Learnt from the arm's rows.
    control_weight : float
        Weight of the former, in [0, 1]; the latter has the rest.
    """

    from_control: lgb.Booster
    from_arm: lgb.Booster
    control_weight: float

    def effect(self, matrix: NDArray[np.float32], num_threads: int) -> NDArray[np.float64]:
        """Return the effect as learnt, shape (n_rows,)."""
        effect = np.asarray(self.from_control.predict(matrix, num_threads=num_threads), np.float64)
        effect *= self.control_weight
        from_arm = np.asarray(self.from_arm.predict(matrix, num_threads=num_threads), np.float64)
        from_arm *= 1.0 - self.control_weight
        effect += from_arm
        return effect


@dataclass(frozen=True)
class PortableScorer:
    """Scores customers as the fitted model would.

    Parameters
    ----------
    arms : tuple of str
        Names of the arms, the control first.
    encoder : FeatureEncoder
        Turns rows into the matrix that the models read.
    models : tuple of ArmModels
        One for each arm but the control.
    calibration : tuple of ArmCalibration
        One for each arm but the control.
    """

    arms: tuple[str, ...]
    encoder: FeatureEncoder
    models: tuple[ArmModels, ...]
    calibration: tuple[ArmCalibration, ...]

    def effect(self, rows: pa.Table, num_threads: int = 1) -> NDArray[np.float64]:
        """Return every customer's effect of every arm, shrunk by calibration.

        Parameters
        ----------
        rows : pyarrow.Table
            Rows that hold the features.
        num_threads : int
            Threads of LightGBM.

        Returns
        -------
        numpy.ndarray of shape (n_rows, n_arms - 1)
            Effect against the control, in the outcome's unit (euro), in the order of ``arms[1:]``.

        Raises
        ------
        BadSchema
            If a feature is missing from `rows` or of another type.
        """
        learnt = self.learnt_effect(self.encoder.transform(rows), num_threads)
        for i, calibration in enumerate(self.calibration):
            learnt[:, i] = calibration.apply(learnt[:, i])
        return learnt

    def learnt_effect(self, matrix: NDArray[np.float32], num_threads: int = 1) -> NDArray[np.float64]:
        """Return the effects as learnt, before calibration: what EconML's ``const_marginal_effect`` returns.

        Parameters
        ----------
        matrix : numpy.ndarray of shape (n_rows, n_columns)
            What the encoder made of the rows.
        num_threads : int
            Threads of LightGBM.
        """
        effects = np.empty((len(matrix), len(self.models)), order="F")
        if len(matrix):  # LightGBM refuses a matrix without rows
            for i, models in enumerate(self.models):
                effects[:, i] = models.effect(matrix, num_threads)
        return effects

    def to_files(self) -> dict[str, bytes]:
        """Return the scorer as named files; `from_files` reads them back."""
        files: dict[str, bytes] = {}
        for i, models in enumerate(self.models, start=1):
            files[f"arm_{i}_from_control.txt"] = models.from_control.model_to_string().encode()
            files[f"arm_{i}_from_arm.txt"] = models.from_arm.model_to_string().encode()
        card = {
            "format": FORMAT,
            "arms": list(self.arms),
            "encoder": self.encoder.to_dict(),
            "control_weights": [m.control_weight for m in self.models],
            "calibration": [asdict(c) for c in self.calibration],
        }
        files[CARD] = json.dumps(card, indent=1).encode()
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Read a scorer from the files of a registered model.

        Parameters
        ----------
        files : mapping of str to bytes
            File names and contents, their digests already verified by the model store.

        Raises
        ------
        BadFile
            If a file is missing or the card is of another format.
        """
        card = json.loads(_file(files, CARD))
        if card.get("format") != FORMAT:
            raise BadFile(
                f"the scorer's card {CARD} has format {card.get('format')!r}, not {FORMAT!r}: train the model again"
            )
        models = tuple(
            ArmModels(
                lgb.Booster(model_str=_file(files, f"arm_{i}_from_control.txt").decode()),
                lgb.Booster(model_str=_file(files, f"arm_{i}_from_arm.txt").decode()),
                float(weight),
            )
            for i, weight in enumerate(card["control_weights"], start=1)
        )
        calibration = tuple(ArmCalibration(**c) for c in card["calibration"])
        return cls(tuple(card["arms"]), FeatureEncoder.from_dict(card["encoder"]), models, calibration)


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise BadFile(f"the model has no file {name!r}, only {sorted(files)}: register the scorer's files together")
    return files[name]
