"""Public data are fetched once, accepted only with the content on record, and never left half there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tomli_w

from infra.local.content_digest import content_sha256
from infra.local.public_data import CACHE, STOPPED, main, provide, read_sources
from jobs.errors import BadEnvironment, BadFile, BadSchema, ObjectMissing, StorageUnavailable
from tests.unit.infra.local.http_files import FileServer, serving
from tests.unit.infra.local.old_pickles import old_frame

TRIAL = b'n,arm,spend\r\n1,"a, b",0\r\n2,none,1.5\r\n'
TRIAL_ROWS = pa.table({"n": [1, 2], "arm": ["a, b", "none"], "spend": [0.0, 1.5]})
DAYS = ("2018-04-29", "2018-04-30", "2018-05-01")
PAID = pa.table(
    {
        "ID": list(range(30)),
        "AT": pa.array(np.arange(30) * 3_600_000_000_000, pa.timestamp("ns")),
        "EUR": np.arange(30) * 1.1,
        "FRAUD": [int(n % 7 == 0) for n in range(30)],
    }
)
TRIAL_ADDRESS, DAY_ADDRESS = "trial.csv", "days/{}.pkl"


def day(number: int) -> pa.Table:
    """A day's rows, latest first: a day need not come in the order in which it is kept."""
    return PAID.slice(number * 10, 10).take(list(range(9, -1, -1)))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as shared:
        shared.files[TRIAL_ADDRESS] = TRIAL
        for number, name in enumerate(DAYS):
            shared.files[DAY_ADDRESS.format(name)] = old_frame(day(number), as_objects=("ID",))
        yield shared


@pytest.fixture
def sources(server: FileServer, tmp_path: Path) -> Path:
    said = {"title": "a title", "page": "https://example.com/page", "licence": "none stated"}
    told = {**said, "most_bytes": 100_000, "pause_s": 0.0}
    path = tmp_path / "sources.toml"
    path.write_text(
        tomli_w.dumps(
            {
                "trial": {
                    **told,
                    "file": "trial.csv",
                    "address": f"{server.address}/{TRIAL_ADDRESS}",
                    "columns": {"n": "int64", "arm": "string", "spend": "float64"},
                    "sha256": content_sha256(TRIAL_ROWS),
                },
                "paid": {
                    **told,
                    "file": "paid.parquet",
                    "address": f"{server.address}/{DAY_ADDRESS.format('{part}')}",
                    "columns": {"ID": "int64", "AT": "timestamp[ns]", "EUR": "float64", "FRAUD": "int64"},
                    "order": ["ID"],
                    "sha256": content_sha256(PAID, ["ID"]),
                    "parts": {name: content_sha256(day(n), ["ID"]) for n, name in enumerate(DAYS)},
                },
            }
        )
    )
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def left_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def run(sources: Path, folder: Path) -> int:
    return main(["--to", str(folder)], sources)


def test_both_files_come_and_nothing_else(sources: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(sources, folder) == 0
    assert left_in(folder) == {"trial.csv", "paid.parquet"}
    assert {path.name for path in folder.iterdir()} == {"trial.csv", "paid.parquet"}
    assert (folder / "trial.csv").read_bytes() == TRIAL
    assert pq.read_table(folder / "paid.parquet") == PAID
    shown = capsys.readouterr()
    assert shown.out.count("licence: none stated") == 2
    assert f"2 rows, content SHA-256 {content_sha256(TRIAL_ROWS)}, verified." in shown.out
    assert shown.out.endswith(f"Now try: make demo DATA={folder}\n")
    assert "paid 2018-04" in shown.err
    assert "2 parts, 0 of them were here" in shown.err


def test_the_second_run_fetches_nothing(
    sources: Path, folder: Path, server: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run(sources, folder)
    server.asked.clear()
    capsys.readouterr()
    assert run(sources, folder) == 0
    assert server.asked == []
    assert capsys.readouterr().out.count("is there and verified: ") == 2


def test_an_interrupted_fetch_goes_on_where_it_stopped(sources: Path, folder: Path, server: FileServer) -> None:
    last = DAY_ADDRESS.format(DAYS[-1])
    server.failures[last] = [503] * 4
    assert run(sources, folder) == StorageUnavailable.exit_code
    assert left_in(folder) == {"trial.csv", *(f"{CACHE}/paid/{name}.pkl" for name in DAYS[:2])}
    server.asked.clear()
    assert run(sources, folder) == 0
    assert server.asked == [last]
    assert left_in(folder) == {"trial.csv", "paid.parquet"}


@pytest.mark.parametrize("damage", [lambda body: body[:-9], lambda body: old_frame(day(1))], ids=["cut", "another day"])
def test_a_kept_day_that_was_damaged_since_is_fetched_again(
    sources: Path, folder: Path, server: FileServer, damage: Callable[[bytes], bytes]
) -> None:
    first, last = DAY_ADDRESS.format(DAYS[0]), DAY_ADDRESS.format(DAYS[-1])
    server.failures[last] = [503] * 4
    run(sources, folder)
    kept = folder / CACHE / "paid" / f"{DAYS[0]}.pkl"
    kept.write_bytes(damage(kept.read_bytes()))
    server.asked.clear()
    assert run(sources, folder) == 0
    assert server.asked == [first, last]
    assert pq.read_table(folder / "paid.parquet") == PAID


def test_one_that_fails_does_not_keep_the_other_away(
    sources: Path, folder: Path, server: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    del server.files[TRIAL_ADDRESS]
    assert run(sources, folder) == ObjectMissing.exit_code
    assert left_in(folder) == {"paid.parquet"}
    shown = capsys.readouterr()
    assert f"netlift: {server.address}/trial.csv answers 404" in shown.err
    assert "Now try" not in shown.out


@pytest.mark.parametrize(
    ("body", "error", "sentence"),
    [
        (TRIAL.replace(b"1.5", b"1.6"), BadFile, "holds other rows than the published ones (content SHA-256 "),
        (b"\r\n".join(TRIAL.split(b"\r\n")[i] for i in (0, 2, 1, 3)), BadFile, "holds other rows than the published"),
        (TRIAL.replace(b"spend", b"spent"), BadSchema, "has the columns n, arm, spent, not n, arm, spend"),
        (TRIAL.replace(b"1.5", b"much"), BadFile, "/trial.csv cannot be read as csv ("),
        (TRIAL.replace(b"\n2,", b"\n,"), BadFile, "has 1 rows without n"),
        (b"", BadFile, "cannot be read as csv ("),
    ],
    ids=["a value", "order of rows", "a column", "no number", "missing", "empty"],
)
def test_a_file_that_says_something_else_is_refused_and_not_kept(
    sources: Path,
    folder: Path,
    server: FileServer,
    body: bytes,
    error: type[BadFile],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.files[TRIAL_ADDRESS] = body
    assert run(sources, folder) == error.exit_code
    assert left_in(folder) == {"paid.parquet"}
    assert {path.name for path in folder.iterdir()} == {"paid.parquet"}
    (said,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("netlift: "))
    assert sentence in said


def test_the_same_rows_with_other_line_ends_are_the_same_data(sources: Path, folder: Path, server: FileServer) -> None:
    server.files[TRIAL_ADDRESS] = TRIAL.replace(b"\r\n", b"\n")
    assert run(sources, folder) == 0


def test_a_day_that_says_something_else_is_named_and_not_kept(
    sources: Path, folder: Path, server: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.files[DAY_ADDRESS.format(DAYS[1])] = old_frame(day(2))
    assert run(sources, folder) == BadFile.exit_code
    assert left_in(folder) == {"trial.csv", f"{CACHE}/paid/{DAYS[0]}.pkl"}
    assert f"{server.address}/days/{DAYS[1]}.pkl holds other rows than the published ones" in capsys.readouterr().err


def test_days_that_make_another_whole_are_refused(sources: Path, folder: Path) -> None:
    sources.write_text(sources.read_text().replace(content_sha256(PAID, ["ID"]), "0" * 64))
    assert run(sources, folder) == BadFile.exit_code
    assert not (folder / "paid.parquet").exists()


@pytest.mark.parametrize("name", ["trial.csv", "paid.parquet"])
def test_a_users_own_file_of_that_name_is_refused_and_left_alone(
    sources: Path, folder: Path, server: FileServer, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(sources, folder)
    if name == "trial.csv":
        mine = TRIAL + b"3,mine,2\r\n"
    else:
        pq.write_table(PAID.slice(1), folder / name)
        mine = (folder / name).read_bytes()
    (folder / name).write_bytes(mine)
    server.asked.clear()
    assert run(sources, folder) == BadFile.exit_code
    assert (folder / name).read_bytes() == mine
    assert server.asked == []
    assert f"{folder / name} holds other rows than the published ones" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(sources: Path, folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(BadEnvironment, match="name another folder with --to"):
        provide(read_sources(sources)[0], folder)


def test_an_interruption_is_no_traceback(
    sources: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_args: object, **_named: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.local.public_data.download", interrupted)
    assert run(sources, folder) == STOPPED
    assert "the same command goes on" in capsys.readouterr().out


def test_the_real_files_are_those_on_record(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert all((data_dir / source.file).is_file() for source in read_sources())  # so that nothing is fetched here
    assert main(["--to", str(data_dir)]) == 0
    assert capsys.readouterr().out.count("is there and verified: ") == 2


@pytest.mark.parametrize("pandas", ["1.2", "1.5"])
def test_the_books_days_are_rebuilt_from_pickles_of_its_kind(
    data_dir: Path, folder: Path, tmp_path: Path, server: FileServer, pandas: str
) -> None:
    """Days of the real data, pickled as they were published, pass the digests on record and give the real rows."""
    real = pq.read_table(data_dir / "handbook_transactions.parquet").replace_schema_metadata(None)
    book = next(source for source in read_sources() if source.parts)
    numbers = real["TX_TIME_DAYS"].to_numpy()
    names = list(book.parts)
    chosen = {names[n]: real.slice(*_where(numbers, n)) for n in (0, 91, 182)}
    as_objects = ("CUSTOMER_ID", "TERMINAL_ID", "TX_TIME_SECONDS", "TX_TIME_DAYS")
    for name, rows in chosen.items():
        server.files[f"data/{name}.pkl"] = old_frame(rows.sort_by("TX_TIME_SECONDS"), pandas, as_objects)
    whole = pa.concat_tables(chosen.values())
    some = {
        **{key: value for key, value in vars(book).items() if key != "parts"},
        "address": server.address + "/data/{part}.pkl",
        "sha256": content_sha256(whole, book.order),
        "parts": {name: book.parts[name] for name in chosen},
    }
    sources = tmp_path / "book.toml"
    sources.write_text(tomli_w.dumps({"book": some}))
    assert run(sources, folder) == 0
    assert pq.read_table(folder / book.file) == whole


def _where(days: np.ndarray, number: int) -> tuple[int, int]:
    first, end = np.searchsorted(days, [number, number + 1])
    return int(first), int(end - first)


def test_every_day_on_record_has_a_digest_of_its_own() -> None:
    trial, book = read_sources()
    assert (trial.file, book.file) == ("hillstrom.csv", "handbook_transactions.parquet")
    days = np.arange("2018-04-01", "2018-10-01", dtype="datetime64[D]").astype(str).tolist()
    assert list(book.parts) == days
    assert len({trial.sha256, book.sha256, *book.parts.values()}) == 185
    for source in (trial, book):
        assert source.page.startswith("https://")
        assert source.licence
