"""Read a table of numbers and times that pandas 1.x pickled, running nothing that the pickle names.

A pickle is a program: it names functions and says what to call them with. Here every name it may use stands for a
small class of ours that only collects what it is given; a name outside that list ends the reading. Neither pandas nor
NumPy rebuilds anything from the file, so neither's version matters, and no field of the file reaches their insides.
"""

import io
import pickle
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.errors import BadFile

_NUMBERS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"})


def read_old_frame(body: bytes, name: str) -> pa.Table:
    """Table in a pickle of a DataFrame, without its index.

    Parameters
    ----------
    body : bytes
        A pickle of protocol 4 as pandas 1.0 to 1.5 writes it: columns of numbers, of datetime64, or of Python's own
        integers and floats.
    name : str
        Where it came from, for the message.

    Returns
    -------
    pyarrow.Table
        Columns in the order of the frame.

    Raises
    ------
    BadFile
        If the pickle names anything that such a table does not need, or is no such table.
    """
    try:
        return _table(_Reader(body, name).load())
    except BadFile:
        raise
    except Exception as error:  # bytes of unknown origin can fail in any way, and each means the same to the caller
        reason = (str(error).splitlines() or [""])[0]
        raise BadFile(
            f"{name} cannot be read as a pickled table of numbers and times ({type(error).__name__}: {reason}): "
            "nothing of it was used; look at its address."
        ) from error


def _table(loaded: object) -> pa.Table:
    if not isinstance(loaded, _Frame):
        raise TypeError(f"it holds a {type(loaded).__name__}, not a frame")
    return loaded.table()


class _Reader(pickle.Unpickler):
    def __init__(self, body: bytes, name: str) -> None:
        super().__init__(io.BytesIO(body))
        self._name = name

    def find_class(self, module: str, name: str) -> Any:
        """Give the stand-in for a name of the pickle; there is no way from here to anything real."""
        if (module, name) not in STAND_INS:
            raise BadFile(
                f"{self._name} names {module}.{name}, which a table of numbers and times does not need: it was not "
                "run and nothing of the file was used; do not open it by other means either."
            )
        return STAND_INS[module, name]


class _Dtype:
    """Stands for numpy.dtype."""

    def __init__(self, name: str, *_flags: object) -> None:
        self.is_object = name == "O8"
        self._name = name
        self._order, self._unit = "|", ""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._order = state[1]
        if self._name == "M8":
            unit, count = state[8][1][:2]
            if count != 1:
                raise ValueError(f"times in steps of {count} {unit!r}")
            self._unit = f"[{unit.decode('ascii')}]"

    def real(self) -> "np.dtype[Any]":
        if self._order not in {"<", "|"} or not (self._name in _NUMBERS or self._unit in {"[ns]", "[us]", "[s]"}):
            raise ValueError(f"values of type {self._order}{self._name}{self._unit}")
        return np.dtype(f"{self._order}{self._name}{self._unit}")


class _Array:
    """Stands for numpy.ndarray, made by numpy.core.multiarray._reconstruct(ndarray, (0,), b"b") and then filled."""

    def __init__(self, *_made_from: object) -> None:
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._state = state

    def lines(self) -> list[pa.Array]:
        """Lines of a matrix, or a vector as its only line."""
        _version, shape, dtype, is_fortran, data = self._state
        count, length = shape if len(shape) == 2 else (1, *shape)
        if dtype.is_object:  # a list of its values, last axis fastest whatever the order in memory was
            if len(data) != count * length:
                raise ValueError(f"{len(data)} values in an array of shape {shape}")
            return [pa.array(data[at * length : (at + 1) * length]) for at in range(count)]
        matrix = np.frombuffer(data, dtype.real()).reshape((count, length), order="F" if is_fortran else "C")
        return [pa.array(np.ascontiguousarray(line)) for line in matrix]


def _scalar(dtype: _Dtype, data: bytes) -> object:
    """Stand for numpy.core.multiarray.scalar: one number of NumPy's among Python's."""
    return np.frombuffer(data, dtype.real())[0].item()


class _Times:
    """Stands for DatetimeArray, made by pandas._libs.arrays.__pyx_unpickle_NDArrayBacked and then filled."""

    def __init__(self, *_made_from: object) -> None:
        self._values = _Array()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        (self._values,) = (part for part in state if isinstance(part, _Array))

    def lines(self) -> list[pa.Array]:
        return self._values.lines()


class _Block:
    """Columns of one type, and their places in the frame."""

    def __init__(self, values: "_Array | _Times", places: "slice | _Array", *_dimensions: object) -> None:
        self._values, self._places = values, places

    def columns(self, width: int) -> list[tuple[int, pa.Array]]:
        """Place and values of each column, in a frame of `width` columns."""
        if isinstance(self._places, slice):
            places = list(range(*self._places.indices(width)))
        else:
            places = self._places.lines()[0].to_pylist()
        return list(zip(places, self._values.lines(), strict=True))


class _Partial:
    """Stands for functools.partial(new_block, ndim=2), with which pandas 1.3 makes its blocks."""

    def __init__(self, *_function: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass

    def __call__(self, values: "_Array | _Times", places: "slice | _Array") -> _Block:
        return _Block(values, places)


class _Index:
    """Stands for every class of index: only the names of the columns are read from one."""

    def __init__(self, *_values: object) -> None:
        self.values: dict[str, Any] = {}

    @staticmethod
    def made(_kind: object, values: dict[str, Any]) -> "_Index":
        """Stand for pandas.core.indexes.base._new_Index."""
        index = _Index()
        index.values = values
        return index


class _Manager:
    """Stands for BlockManager: filled by its state up to pandas 1.2, by its arguments from 1.3 on."""

    def __init__(self, blocks: tuple[_Block, ...] = (), axes: list[_Index] | None = None, *_checked: object) -> None:
        self.blocks, self.axes = list(blocks), axes or []

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) == 4:
            named = state[3]["0.14.1"]
            self.axes = named["axes"]
            self.blocks = [_Block(block["values"], block["mgr_locs"]) for block in named["blocks"]]


class _Frame:
    """Stands for DataFrame."""

    def __init__(self) -> None:
        self._manager = _Manager()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._manager = state["_mgr"] if "_mgr" in state else state["_data"]  # pandas 1.0 says _data

    def table(self) -> pa.Table:
        names = self._manager.axes[0].values["data"].lines()[0].to_pylist()
        placed = [found for block in self._manager.blocks for found in block.columns(len(names))]
        if sorted(place for place, _ in placed) != list(range(len(names))):
            raise ValueError(f"its blocks do not fill its {len(names)} columns")
        by_place = dict(placed)
        return pa.table([by_place[place] for place in range(len(names))], names=names)


STAND_INS: dict[tuple[str, str], Any] = {
    ("builtins", "slice"): slice,  # three numbers: it can stand for itself
    ("functools", "partial"): _Partial,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"): _Times,
    ("pandas._libs.internals", "_unpickle_block"): _Block,
    ("pandas.core.arrays.datetimes", "DatetimeArray"): _Times,
    ("pandas.core.frame", "DataFrame"): _Frame,
    ("pandas.core.indexes.base", "Index"): _Index,
    ("pandas.core.indexes.base", "_new_Index"): _Index.made,
    ("pandas.core.indexes.numeric", "Int64Index"): _Index,
    ("pandas.core.indexes.range", "RangeIndex"): _Index,
    ("pandas.core.internals.blocks", "new_block"): _Block,
    ("pandas.core.internals.managers", "BlockManager"): _Manager,
}
