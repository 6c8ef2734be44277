"""A pickled table is read without pandas, and nothing that a pickle names is ever run."""

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.old_frames import STAND_INS, read_old_frame
from jobs.errors import BadFile
from tests.unit.infra.local.old_pickles import Made, Name, array, dumps, index, old_frame

GENUINE = Path(__file__).parent / "pickles" / "two_days.pkl"

TWO_DAYS = pa.table(
    {
        "TRANSACTION_ID": [3, 2, 1, 0],
        "TX_DATETIME": pa.array(
            ["2018-04-02T00:00:05", "2018-04-01T00:07:56", "2018-04-01T00:02:10", "2018-04-01T00:00:31"]
        ).cast(pa.timestamp("ns")),
        "CUSTOMER_ID": [3, 2, 4961, 596],
        "TERMINAL_ID": [7, 1365, 3412, 3156],
        "TX_AMOUNT": [2.5 * 1.1, 146.0, 81.51, 57.16],
        "TX_TIME_SECONDS": [86405, 476, 130, 31],
        "TX_TIME_DAYS": [1, 0, 0, 0],
        "TX_FRAUD": [1, 0, 1, 0],
        "TX_FRAUD_SCENARIO": [3, 0, 1, 0],
    }
)
OBJECTS = ("CUSTOMER_ID", "TERMINAL_ID", "TX_TIME_SECONDS", "TX_TIME_DAYS")


class Recorder(pickle.Unpickler):
    """Notes the names that a pickle asks for."""

    def __init__(self, body: bytes) -> None:
        super().__init__(io.BytesIO(body))
        self.names: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str) -> object:
        self.names.add((module, name))
        return STAND_INS[module, name]


def names_in(body: bytes) -> set[tuple[str, str]]:
    recorder = Recorder(body)
    recorder.load()
    return recorder.names


def test_a_genuine_pickle_of_pandas_1_2_gives_its_rows() -> None:
    assert read_old_frame(GENUINE.read_bytes(), "two_days.pkl") == TWO_DAYS


def test_the_tests_own_writer_asks_for_the_names_that_pandas_asked_for() -> None:
    assert names_in(old_frame(TWO_DAYS, as_objects=OBJECTS)) == names_in(GENUINE.read_bytes())


@pytest.mark.parametrize("pandas", ["1.2", "1.5"])
@pytest.mark.parametrize("as_objects", [(), OBJECTS])
def test_both_layouts_give_the_rows_back(pandas: str, as_objects: tuple[str, ...]) -> None:
    assert read_old_frame(old_frame(TWO_DAYS, pandas, as_objects), "day") == TWO_DAYS


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 3, st.floats(allow_nan=False)), min_size=1, max_size=9),
    st.sets(st.sampled_from("abcd")),
    st.permutations("abcd"),
)
def test_any_numbers_in_any_order_of_columns_come_back(rows: list, as_objects: set, order: list) -> None:
    columns = dict(zip("abcd", map(list, zip(*rows, strict=True)), strict=True))
    table = pa.table({name: columns[name] for name in order})
    assert read_old_frame(old_frame(table, "1.2", tuple(as_objects)), "x") == table


def test_a_pickle_that_calls_the_shell_is_refused_and_does_not(tmp_path: Path) -> None:
    trace = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple:
            return os.system, (f"touch {trace}",)

    body = pickle.dumps(Evil(), 4)
    with pytest.raises(BadFile, match=rf"2018-04-01\.pkl names {os.system.__module__}\.system, which"):
        read_old_frame(body, "2018-04-01.pkl")
    assert not trace.exists()
    pickle.loads(body)  # the same bytes do harm where they are trusted
    assert trace.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("builtins", "slice.__init__"),
        ("functools", "reduce"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "_reconstruct.__globals__"),
        ("pandas.core.frame", "DataFrame.eval"),
        ("pandas.io.pickle", "read_pickle"),
        ("infra.local.old_frames", "_Frame"),
    ],
)
def test_a_name_outside_the_list_is_refused_even_deep_in_a_table(module: str, name: str) -> None:
    held = Made(Name(module, name), ("1",))
    frame = Made(Name("pandas.core.frame", "DataFrame"), (), {"_mgr": held}, by_new=True)
    with pytest.raises(BadFile, match=f"names {module}.{name}, which a table of numbers and times does not need"):
        read_old_frame(dumps(frame), "day.pkl")


def _frame_of(values: object, names: list[str]) -> bytes:
    place = Made(Name("builtins", "slice"), (0, len(names), 1))
    held = np.empty(len(names), dtype=object)
    held[:] = names
    axes = [index("Index", held), index("Int64Index", np.arange(2))]
    state = (axes, [], [], {"0.14.1": {"axes": axes, "blocks": [{"values": values, "mgr_locs": place}]}})
    manager = Made(Name("pandas.core.internals.managers", "BlockManager"), (), state, by_new=True)
    return dumps(Made(Name("pandas.core.frame", "DataFrame"), (), {"_mgr": manager}, by_new=True))


def test_a_number_of_numpys_own_among_objects_is_read_as_a_number() -> None:
    number = Made(Name("numpy.core.multiarray", "scalar"), (array(np.zeros(1, "<i8")).state[2], b"\7" + b"\0" * 7))
    values = array(np.array([[1, 2]], dtype=object))
    body = _frame_of(Made(values.maker, values.args, (*values.state[:4], [number, 8])), ["a"])
    assert read_old_frame(body, "x").to_pydict() == {"a": [7, 8]}


def _truncated() -> bytes:
    return GENUINE.read_bytes()[:-40]


def _short_data() -> bytes:
    values = array(np.zeros((1, 2)))
    return _frame_of(Made(values.maker, values.args, (*values.state[:4], b"\0" * 8)), ["a"])


def _other_type() -> bytes:
    values = array(np.zeros((1, 2)))
    dtype = Made(Name("numpy", "dtype"), ("V8", False, True), (3, "|", None, None, None, 8, 1, 0))
    return _frame_of(Made(values.maker, values.args, (1, (1, 2), dtype, False, b"\0" * 16)), ["a"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>404</html>",
        _truncated(),
        dumps([1, 2]),
        dumps(Made(Name("pandas.core.frame", "DataFrame"), (), None, by_new=True))[:-1] + b"}b.",
        _short_data(),
        _other_type(),
        _frame_of(array(np.zeros((1, 2))), ["a", "b"]),
        _frame_of(array(np.array([[object.__name__, 1]], dtype=object)), ["a"]),
    ],
    ids=["empty", "a page", "cut off", "a list", "no manager", "too short", "a type", "too few columns", "mixed"],
)
def test_what_is_no_table_is_named_in_one_sentence(body: bytes) -> None:
    with pytest.raises(BadFile) as caught:
        read_old_frame(body, "day.pkl")
    message = str(caught.value)
    assert message.startswith("day.pkl cannot be read as a pickled table of numbers and times (")
    assert "\n" not in message


def test_reading_needs_no_pandas(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise ImportError('no pandas here')")
    code = (
        "import sys; from pathlib import Path; from infra.local.old_frames import read_old_frame; "
        "print(read_old_frame(Path(sys.argv[1]).read_bytes(), 'x').num_rows)"
    )
    root = Path(__file__).parents[4]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"}
    command = [sys.executable, "-c", code, GENUINE]
    shown = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert (shown.stdout.strip(), shown.stderr) == ("4", "")
