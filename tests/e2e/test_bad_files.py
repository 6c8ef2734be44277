"""Files that cannot be read: one sentence with file, column, value and what to do; what was committed stays."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import BadFile, BadSchema, NetliftError
from jobs.tables.outputs import UPLIFT_SCORES
from tests.e2e.command_line import CommandLine
from tests.trained import CAMPAIGN, DAY, rows_of, states

SCORE = ("score-uplift", "--run-date", str(DAY), "--campaign", CAMPAIGN)
FILE = "inputs/customers/part-00001.parquet"

Break = Callable[[Path], None]


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-500])


def _torn(file: Path) -> None:
    """The footer is whole, a page before it is not."""
    body = bytearray(file.read_bytes())
    body[4:4_000] = bytes(len(body[4:4_000]))
    file.write_bytes(body)


def _text(file: Path) -> None:
    file.write_text("customer_id,consent\nc1,yes\n")


def _rewritten(change: Callable[[pa.Table], pa.Table]) -> Break:
    return lambda file: pq.write_table(change(pq.read_table(file)), file)


def _with(column: str, value: object) -> Break:
    def change(rows: pa.Table) -> pa.Table:
        place = rows.column_names.index(column)
        return rows.set_column(place, column, pa.array([value] * rows.num_rows))

    return _rewritten(change)


@pytest.mark.parametrize(
    ("break_it", "error", "said"),
    [
        (_empty, BadFile, ("is empty (0 bytes)", "write it again, or remove it")),
        (_truncated, BadFile, ("is no whole Parquet file", "write it again, or remove it")),
        (_torn, BadFile, ("is no whole Parquet file", "write it again, or remove it")),
        (_text, BadFile, ("is no whole Parquet file", "write it again, or remove it")),
        (_rewritten(lambda rows: rows.drop_columns(["consent"])), BadSchema, ("no column 'consent'", "add it")),
        (_rewritten(lambda rows: rows.drop_columns(["as_of"])), BadSchema, ("no column 'as_of'", "add it")),
        (_with("consent", "yes"), BadSchema, ("column 'consent'", "'yes'", "write the column as bool")),
        (_with("age_years", "old"), BadSchema, ("column 'age_years'", "'old'", "write the column as double")),
        (_with("as_of", "today"), BadSchema, ("column 'as_of'", "'today'", "write the column as timestamp")),
        (
            _with("as_of", 1_790_000_000),
            BadSchema,
            ("column 'as_of'", "1790000000 in row 0", "write the column"),
        ),
        (_with("customer_id", 1.5), BadSchema, ("column 'customer_id'", "1.5", "write the column as string")),
        (_with("customer_id", ["c1"]), BadSchema, ("column 'customer_id'", "['c1']", "write the column as string")),
        (_with("region", 3.5), BadSchema, ("column 'region'", "3.5", "write the column as string")),
        (_with("recency_days", datetime(2026, 1, 1, tzinfo=UTC)), BadSchema, ("column 'recency_days'", "2026-01-01")),
    ],
    ids=lambda value: getattr(value, "__name__", None) or (value[0] if isinstance(value, tuple) else None),
)
def test_a_bad_file_stops_the_run_and_nothing_committed_is_lost(
    netlift: CommandLine, break_it: Break, error: type[NetliftError], said: tuple[str, ...]
) -> None:
    assert netlift(*SCORE).code == 0
    before, rows = states(netlift.stores), rows_of(netlift.stores, UPLIFT_SCORES)
    good = (netlift.folder / FILE).read_bytes()

    break_it(netlift.folder / FILE)
    answer = netlift(*SCORE)
    assert answer.code == error.exit_code
    for words in (FILE, *said):
        assert words in answer.sentence, answer.sentence
    assert states(netlift.stores) == before
    assert rows_of(netlift.stores, UPLIFT_SCORES).equals(rows)

    (netlift.folder / FILE).write_bytes(good)
    assert netlift(*SCORE).report["state"] == "finished", "once the file is good again, nothing stands in its way"


def test_a_file_of_no_rows_adds_none(netlift: CommandLine) -> None:
    _rewritten(lambda rows: rows.slice(0, 0))(netlift.folder / FILE)
    report = netlift(*SCORE).report
    assert (report["rows_in"], report["rows_quarantined"]) == (2_000, 0)


def test_a_folder_without_files_is_named_with_what_to_put_there(netlift: CommandLine) -> None:
    for file in netlift.folder.glob("inputs/customers/*"):
        file.unlink()
    answer = netlift(*SCORE)
    assert answer.code == 17
    assert "inputs/customers/ has no Parquet file for 2026-11-21: put the customers there" in answer.sentence


def test_a_file_that_grows_while_it_is_read_stops_the_run(
    netlift: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = netlift.folder / FILE
    from jobs.science.uplift.scorer import PortableScorer

    honest = PortableScorer.effect

    def while_somebody_writes(*args: object) -> object:
        pq.write_table(pq.read_table(file).slice(0, 7), file)
        return honest(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(PortableScorer, "effect", while_somebody_writes)
    answer = netlift(*SCORE)
    assert answer.code == BadFile.exit_code
    assert FILE in answer.sentence
    assert "has changed since the plan" in answer.sentence
    assert netlift.stores.tables.count(UPLIFT_SCORES) == 0
