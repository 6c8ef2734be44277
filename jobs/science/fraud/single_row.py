"""A booster for one row at a time, over LightGBM's C library: no scipy, no scikit-learn, no pandas is loaded.

LightGBM's Python package imports all three where they are there, and takes most of a prediction's time
to prepare it. The library prepares it once here.
"""

import ctypes
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.science.lightgbm_library import done as _done
from jobs.science.lightgbm_library import library as _library

# Names and numbers of LightGBM's C API.
_FLOAT32 = 0
_MARGIN = 1
_CONTRIBUTIONS = 3
_ALL = -1
_PARAMETERS = b"num_threads=1"
_LONGEST_NAME = 256


class SingleRowBooster:
    """A fitted booster that predicts row by row on one thread; it must not be used by two threads at once.

    Parameters
    ----------
    text : str
        The booster as LightGBM writes it.

    Raises
    ------
    ValueError
        If the text is no booster.
    BadEnvironment
        If LightGBM's library is not there, or cannot be loaded.

    References
    ----------
    .. [1] LightGBM's C API, ``LGBM_BoosterPredictForMatSingleRowFast``.
    """

    def __init__(self, text: str) -> None:
        library = _library()
        self._handle = ctypes.c_void_p()
        rounds = ctypes.c_int()
        _done(library.LGBM_BoosterLoadModelFromString(text.encode(), ctypes.byref(rounds), ctypes.byref(self._handle)))
        weakref.finalize(self, library.LGBM_BoosterFree, self._handle)
        self._names = _feature_names(library, self._handle)
        self._margin = self._prepared(library, _MARGIN)
        self._contributions = self._prepared(library, _CONTRIBUTIONS)
        self._predict = library.LGBM_BoosterPredictForMatSingleRowFast
        self._row = np.empty(len(self._names), dtype=np.float32)
        self._row_address = ctypes.c_void_p(self._row.ctypes.data)
        self._out = np.empty(len(self._names) + 1, dtype=np.float64)
        self._out_address = ctypes.c_void_p(self._out.ctypes.data)
        self._length = ctypes.c_int64()
        self._length_address = ctypes.byref(self._length)

    def feature_name(self) -> list[str]:
        """Names of the features, in the order of a row's values."""
        return list(self._names)

    def margin(self, row: NDArray[np.float32]) -> float:
        """Return the log odds of one row of shape (n_features,), NaN where a value is missing."""
        self._row[:] = row
        _done(self._predict(self._margin, self._row_address, self._length_address, self._out_address))
        return float(self._out[0])

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return Shapley values of one row: of each feature, and last what all rows begin with."""
        self._row[:] = row
        _done(self._predict(self._contributions, self._row_address, self._length_address, self._out_address))
        return self._out.copy()

    def predict(
        self, matrix: NDArray[np.float32], *, raw_score: bool = False, pred_contrib: bool = False, num_threads: int = 1
    ) -> NDArray[np.float64]:
        """Return margins, or contributions, row by row: as LightGBM's own booster is asked.

        Raises
        ------
        ValueError
            If probabilities before calibration are asked for, or more than one thread.
        """
        if raw_score == pred_contrib or num_threads != 1:
            raise ValueError("a single-row booster gives margins or contributions, on one thread: ask for one of them.")
        if pred_contrib:
            return np.array([self.contributions(row) for row in matrix])
        return np.array([self.margin(row) for row in matrix])

    def _prepared(self, library: Any, kind: int) -> ctypes.c_void_p:
        prepared = ctypes.c_void_p()
        _done(
            library.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._handle, kind, 0, _ALL, _FLOAT32, len(self._names), _PARAMETERS, ctypes.byref(prepared)
            )
        )
        weakref.finalize(self, library.LGBM_FastConfigFree, prepared)
        return prepared


def _feature_names(library: Any, handle: ctypes.c_void_p) -> tuple[str, ...]:
    count = ctypes.c_int()
    _done(library.LGBM_BoosterGetNumFeature(handle, ctypes.byref(count)))
    texts = [ctypes.create_string_buffer(_LONGEST_NAME) for _ in range(count.value)]
    places = (ctypes.c_char_p * count.value)(*[ctypes.cast(text, ctypes.c_char_p) for text in texts])
    written, longest = ctypes.c_int(), ctypes.c_size_t()
    _done(
        library.LGBM_BoosterGetFeatureNames(
            handle, count, ctypes.byref(written), ctypes.c_size_t(_LONGEST_NAME), ctypes.byref(longest), places
        )
    )
    return tuple(text.value.decode() for text in texts)
