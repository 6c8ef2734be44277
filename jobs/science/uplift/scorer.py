"""The portable scorer: text models or numbers, and a JSON card; no EconML, no scikit-learn, no pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadFile
from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.portable import ArmEffect, arm_effect_from_files

CARD = "scorer.json"
"""Name of the file that says how the others fit together."""

FORMAT = "netlift-uplift-2"
"""What this code reads and writes; another format is refused."""


@dataclass(frozen=True)
class PortableScorer:
    """Scores customers as the fitted model would.

    Parameters
    ----------
    arms : tuple of str
        Names of the arms, the control first.
    encoder : FeatureEncoder
        Turns rows into the matrix that the models read.
    effects : tuple of ArmEffect
        One for each arm but the control.
    calibration : tuple of ArmCalibration
        One for each arm but the control.
    """

    arms: tuple[str, ...]
    encoder: FeatureEncoder
    effects: tuple[ArmEffect, ...]
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
        effects = np.empty((len(matrix), len(self.effects)), order="F")
        for i, arm in enumerate(self.effects):
            effects[:, i] = arm.effect(matrix, num_threads)
        return effects

    def standard_error(self, rows: pa.Table) -> NDArray[np.float64]:
        """Return the standard error of every customer's shrunk effect; NaN where an arm's learner has none.

        Parameters
        ----------
        rows : pyarrow.Table
            Rows that hold the features.

        Returns
        -------
        numpy.ndarray of shape (n_rows, n_arms - 1)
            In the outcome's unit (euro). What calibration itself may miss is not in it.
        """
        matrix = self.encoder.transform(rows)
        errors = np.full((len(matrix), len(self.effects)), np.nan)
        for i, (arm, calibration) in enumerate(zip(self.effects, self.calibration, strict=True)):
            learnt = arm.standard_error(matrix)
            if learnt is not None:
                errors[:, i] = calibration.slope * learnt
        return errors

    def to_files(self) -> dict[str, bytes]:
        """Return the scorer as named files; `from_files` reads them back."""
        files: dict[str, bytes] = {}
        said = []
        for i, arm in enumerate(self.effects, start=1):
            of_arm, its_files = arm.to_files(f"arm_{i}")
            said.append(of_arm)
            files |= its_files
        card = {
            "format": FORMAT,
            "arms": list(self.arms),
            "encoder": self.encoder.to_dict(),
            "effects": said,
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
        if CARD not in files:
            raise BadFile(f"the model has no file {CARD!r}, only {sorted(files)}: register the scorer's files together")
        card = json.loads(files[CARD])
        if card.get("format") != FORMAT:
            raise BadFile(
                f"the scorer's card {CARD} has format {card.get('format')!r}, not {FORMAT!r}: train the model again"
            )
        effects = tuple(arm_effect_from_files(of_arm, files) for of_arm in card["effects"])
        calibration = tuple(ArmCalibration(**c) for c in card["calibration"])
        return cls(tuple(card["arms"]), FeatureEncoder.from_dict(card["encoder"]), effects, calibration)
