"""The effect of one arm as a scorer carries it: boosted trees, or a line with its covariance."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadFile
from jobs.science.uplift.text_booster import TextBooster

_BLOCK = 4_096


class Booster(Protocol):
    """What is asked of a booster, LightGBM's own or one read from its text."""

    def predict(self, matrix: NDArray[np.float32], *, num_threads: int) -> Any:
        """Return predictions, shape (n_rows,)."""

    def model_to_string(self) -> str:
        """Return the booster as LightGBM writes it."""


class ArmEffect(Protocol):
    """Effect of an arm against the control, from the encoded features."""

    def effect(self, matrix: NDArray[np.float32], num_threads: int) -> NDArray[np.float64]:
        """Return the effect as learnt, shape (n_rows,)."""

    def standard_error(self, matrix: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Return its standard error, shape (n_rows,), or None where there is none."""

    def to_files(self, stem: str) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return what the card says of it, and its files, their names beginning with `stem`."""


@dataclass(frozen=True)
class BoostedEffect:
    """A weighted sum of LightGBM boosters.

    Parameters
    ----------
    boosters : tuple of Booster
        One or more.
    weights : tuple of float
        Weight of each.
    """

    boosters: tuple[Booster, ...]
    weights: tuple[float, ...]

    def effect(self, matrix: NDArray[np.float32], num_threads: int) -> NDArray[np.float64]:
        """Return the effect as learnt, shape (n_rows,)."""
        total = np.zeros(len(matrix))
        if len(matrix):  # LightGBM refuses a matrix without rows
            for booster, weight in zip(self.boosters, self.weights, strict=True):
                total += weight * np.asarray(booster.predict(matrix, num_threads=num_threads), np.float64)
        return total

    def standard_error(self, matrix: NDArray[np.float32]) -> None:  # noqa: ARG002  # as every effect
        """Return None: boosted trees say nothing of their error."""
        return

    def to_files(self, stem: str) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return the weights for the card, and a text model for each booster."""
        names = [f"{stem}_{i}.txt" for i in range(1, 1 + len(self.boosters))]
        texts = [b.model_to_string().encode() for b in self.boosters]
        return {"kind": "boosted", "weights": list(self.weights), "files": names}, dict(zip(names, texts, strict=True))

    @classmethod
    def from_files(cls, card: Mapping[str, Any], files: Mapping[str, bytes]) -> Self:
        """Read the boosters back."""
        boosters = tuple(TextBooster(_file(files, name).decode()) for name in card["files"])
        return cls(boosters, tuple(float(w) for w in card["weights"]))


@dataclass(frozen=True)
class LinearEffect:
    """A line in the encoded features, with the covariance of its coefficients.

    Parameters
    ----------
    low, high : numpy.ndarray of float32, shape (n_columns,)
        Range of every column in the trial; values outside count as its end.
    center : numpy.ndarray of shape (n_columns,)
        Where the intercept stands.
    coefficients : numpy.ndarray of shape (n_columns + 1,)
        Slope of every column, then the effect at the center, in units of the outcome.
    covariance : numpy.ndarray of shape (n_columns + 1, n_columns + 1)
        Covariance of the coefficients' estimates.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    center: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def effect(self, matrix: NDArray[np.float32], num_threads: int) -> NDArray[np.float64]:  # noqa: ARG002
        """Return the effect as learnt, shape (n_rows,)."""
        slopes = self.coefficients[:-1]
        at_zero = self.coefficients[-1] - float(self.center @ slopes)
        return np.concatenate([np.empty(0), *(block @ slopes + at_zero for block in self._blocks(matrix))])

    def standard_error(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the standard error of the effect, shape (n_rows,)."""
        slopes, intercept = self.covariance[:-1, :-1], self.covariance[-1, -1]
        errors = [np.empty(0)]
        for block in self._blocks(matrix):
            away = block - self.center
            variance = np.sum((away @ slopes + 2.0 * self.covariance[:-1, -1]) * away, axis=1) + intercept
            errors.append(np.sqrt(np.maximum(variance, 0.0)))
        return np.concatenate(errors)

    def to_files(self, stem: str) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return the name of its file for the card, and the numbers as JSON, which keeps every digit."""
        name = f"{stem}_line.json"
        numbers = {field.name: getattr(self, field.name).tolist() for field in fields(self)}
        return {"kind": "linear", "file": name}, {name: json.dumps(numbers).encode()}

    @classmethod
    def from_files(cls, card: Mapping[str, Any], files: Mapping[str, bytes]) -> Self:
        """Read the numbers back."""
        numbers = json.loads(_file(files, card["file"]))
        low, high = (np.array(numbers[name], np.float32) for name in ("low", "high"))
        center, coefficients, covariance = (np.array(numbers[n]) for n in ("center", "coefficients", "covariance"))
        return cls(low, high, center, coefficients, covariance)

    def _blocks(self, matrix: NDArray[np.float32]) -> Iterator[NDArray[np.float64]]:
        """Yield the matrix within the trial's range, a few rows at a time, so that a copy stays in the cache."""
        for start in range(0, len(matrix), _BLOCK):
            yield np.clip(matrix[start : start + _BLOCK], self.low, self.high).astype(np.float64)


def arm_effect_from_files(card: Mapping[str, Any], files: Mapping[str, bytes]) -> ArmEffect:
    """Read an arm's effect from what the card says of it and from its files.

    Raises
    ------
    BadFile
        If a file is missing, or the card names a kind of effect that nothing here reads.
    """
    if card["kind"] == "boosted":
        return BoostedEffect.from_files(card, files)
    if card["kind"] == "linear":
        return LinearEffect.from_files(card, files)
    raise BadFile(f"the scorer's card has an effect of kind {card['kind']!r}: train the model again")


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise BadFile(f"the model has no file {name!r}, only {sorted(files)}: register the scorer's files together")
    return files[name]
