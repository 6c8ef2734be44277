"""A booster read from LightGBM's text, over its C library: no scipy, no scikit-learn, no pandas is loaded."""

import ctypes
import weakref

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadFile
from jobs.science.lightgbm_library import done, library

# Numbers of LightGBM's C API.
_FLOAT32 = 0
_MEAN = 0
_ALL = -1


class TextBooster:
    """A booster that predicts.

    Parameters
    ----------
    text : str
        The booster as LightGBM writes it.

    Raises
    ------
    BadFile
        If the text is no booster.
    BadEnvironment
        If LightGBM's library is not there, or cannot be loaded.
    """

    def __init__(self, text: str) -> None:
        self._library = library()
        self._text = text
        self._handle = ctypes.c_void_p()
        rounds = ctypes.c_int()
        try:
            done(
                self._library.LGBM_BoosterLoadModelFromString(
                    text.encode(), ctypes.byref(rounds), ctypes.byref(self._handle)
                )
            )
        except ValueError as error:
            raise BadFile(f"a model's text is no booster ({error}): train the model again") from error
        weakref.finalize(self, self._library.LGBM_BoosterFree, self._handle)

    def predict(self, matrix: NDArray[np.float32], num_threads: int) -> NDArray[np.float64]:
        """Predict rows.

        Parameters
        ----------
        matrix : numpy.ndarray of shape (n_rows, n_columns)
            Encoded features, one column a feature of the booster.
        num_threads : int
            Threads of LightGBM.

        Returns
        -------
        numpy.ndarray of shape (n_rows,)
            Predictions, in the unit that the booster was fitted to.

        Raises
        ------
        ValueError
            If the matrix has another number of columns than the booster was fitted to.
        """
        by_column = matrix.flags.f_contiguous and not matrix.flags.c_contiguous
        given = np.asarray(matrix, np.float32, order="F" if by_column else "C")
        predicted = np.empty(len(given))
        length = ctypes.c_int64()
        done(
            self._library.LGBM_BoosterPredictForMat(
                self._handle,
                given.ctypes.data_as(ctypes.c_void_p),
                _FLOAT32,
                ctypes.c_int32(given.shape[0]),
                ctypes.c_int32(given.shape[1]),
                0 if by_column else 1,
                _MEAN,
                0,
                _ALL,
                f"num_threads={num_threads}".encode(),
                ctypes.byref(length),
                predicted.ctypes.data_as(ctypes.c_void_p),
            )
        )
        return predicted

    def model_to_string(self) -> str:
        """Return the text it was read from."""
        return self._text
