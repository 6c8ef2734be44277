"""Write pickles as pandas 1.2 and 1.5 wrote them, without either: the names are spelled, nothing is imported."""

import io
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Name:
    """A name that the pickle is to ask for."""

    module: str
    name: str


@dataclass(frozen=True)
class Made:
    """An object that the pickle is to make: by calling `maker`, or by its `__new__`, and then by filling it."""

    maker: Name
    args: tuple[Any, ...] = ()
    state: Any = None
    by_new: bool = False


class _Writer(pickle._Pickler):
    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Name):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Made):
            self.save(obj.maker)
            self.save(obj.args)
            self.write(pickle.NEWOBJ if obj.by_new else pickle.REDUCE)
            if obj.state is not None:
                self.save(obj.state)
                self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


def dumps(thing: Any) -> bytes:
    """Pickle of protocol 4."""
    sink = io.BytesIO()
    _Writer(sink, 4).dump(thing)
    return sink.getvalue()


def array(values: Any) -> Made:
    """A NumPy array."""
    values = np.asarray(values)
    kind = values.dtype
    is_object, is_time = kind.hasobject, kind.kind == "M"
    order = "|" if is_object or kind.itemsize == 1 else "<"
    filled: tuple[Any, ...] = (4 if is_time else 3, order, None, None, None, -1, -1, 63 if is_object else 0)
    if is_time:
        filled = (*filled, ({}, (np.datetime_data(kind)[0].encode(), 1, 1, 1)))
    dtype = Made(Name("numpy", "dtype"), (f"{kind.kind}{kind.itemsize}", False, True), filled)
    is_fortran = values.flags.f_contiguous and not values.flags.c_contiguous
    data = values.ravel().tolist() if is_object else values.tobytes("A")
    return Made(
        Name("numpy.core.multiarray", "_reconstruct"),
        (Name("numpy", "ndarray"), (0,), b"b"),
        (1, values.shape, dtype, is_fortran, data),
    )


def index(kind: str, values: Any) -> Made:
    """An index of pandas."""
    made = Name("pandas.core.indexes.base", "_new_Index")
    module = "base" if kind == "Index" else "numeric"
    return Made(made, (Name(f"pandas.core.indexes.{module}", kind), {"data": array(values), "name": None}))


def old_frame(rows: pa.Table, pandas: str = "1.2", as_objects: tuple[str, ...] = ()) -> bytes:
    """Rows as that version of pandas pickles them: a block of all columns of a type, then the columns' places.

    Columns in `as_objects` are held as Python's own numbers.
    """
    names = rows.column_names
    values = {n: rows[n].to_numpy().astype(object) if n in as_objects else rows[n].to_numpy() for n in names}
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(str(values[name].dtype), []).append(place)
    blocks = []
    for places in groups.values():
        # Filtering and sorting a frame leaves its blocks in either order of memory; one of two shows both.
        block = np.stack([values[names[place]] for place in places])
        block = np.asfortranarray(block) if len(blocks) % 2 else block
        step = places[1] - places[0] if len(places) > 1 else 1
        regular = places == list(range(places[0], places[-1] + 1, step))
        where: Any = Made(Name("builtins", "slice"), (places[0], places[-1] + 1, step)) if regular else array(places)
        blocks.append((array(block), where))
    objects = np.empty(len(names), dtype=object)
    objects[:] = names
    axes = [index("Index", objects), index("Int64Index", np.arange(rows.num_rows))]
    manager = Name("pandas.core.internals.managers", "BlockManager")
    if pandas == "1.2":
        named = {"axes": axes, "blocks": [{"values": v, "mgr_locs": where} for v, where in blocks]}
        held = Made(manager, (), (axes, [v for v, _ in blocks], [axes[0]], {"0.14.1": named}), by_new=True)
    else:
        unpickle = Name("pandas._libs.internals", "_unpickle_block")
        made = tuple(Made(unpickle, (_wrapped(v), where, 2)) for v, where in blocks)
        held = Made(manager, (made, axes))
    state = {
        "_mgr": held,
        "_typ": "dataframe",
        "_metadata": [],
        "attrs": {},
        "_flags": {"allows_duplicate_labels": True},
    }
    return dumps(Made(Name("pandas.core.frame", "DataFrame"), (), state, by_new=True))


def _wrapped(values: Made) -> Made:
    dtype = values.state[2]
    if dtype.args[0] != "M8":
        return values
    made = Name("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked")
    return Made(made, (Name("pandas.core.arrays.datetimes", "DatetimeArray"), 223698104, None), (dtype, values, {}))
