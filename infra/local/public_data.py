"""Fetch the public data sets from where they were published, and accept them only if they say what we know they say."""

import argparse
import io
import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from infra.local.content_digest import TYPES, conform, content_sha256
from infra.local.downloads import download
from infra.local.old_frames import read_old_frame
from jobs.errors import BadEnvironment, BadFile, BadSchema
from jobs.runtime.command import guarded
from jobs.runtime.progress import Steps

SOURCES = Path(__file__).parent / "examples" / "sources.toml"
CACHE = ".fetched"  # inside the target: a rename within one file system is all or nothing
STOPPED = 130  # what a shell says of a command that was interrupted


@dataclass(frozen=True)
class Source:
    """A published data set, and how to know it again.

    Parameters
    ----------
    file : str
        Name in the data folder, `.csv` or `.parquet`.
    title, page, licence : str
        What it is, who says so, what it may be used for.
    address : str
        Where it lies; ``{part}`` stands for the name of a part.
    most_bytes : int
        Longest file that is fetched.
    columns : mapping of str to str
        Name and type of every column.
    sha256 : str
        Digest of its content, see `content_sha256`.
    order : tuple of str
        Columns that sort its rows; none where a row's number is its only name.
    parts : mapping of str to str
        Name (a day, as 2018-04-01) and content digest of each pickled part, which `order` puts together; none where
        the file is published as it is used.
    pause_s : float
        Seconds before the second try of a fetch.
    """

    file: str
    title: str
    page: str
    licence: str
    address: str
    most_bytes: int
    columns: Mapping[str, str]
    sha256: str
    order: Sequence[str] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    pause_s: float = 1.0


def read_sources(path: Path = SOURCES) -> list[Source]:
    """Sources in a TOML file, one a table."""
    return [Source(**entry) for entry in tomllib.loads(path.read_text()).values()]


def main(argv: Sequence[str], sources: Path = SOURCES) -> int:
    """Fetch what is not there yet, and verify what is.

    Parameters
    ----------
    argv : sequence of str
        ``--to FOLDER``.
    sources : pathlib.Path
        What to fetch, and from where.

    Returns
    -------
    int
        0, 130 when it was interrupted, or the exit code of the first failure; a failure of one set does not keep the
        others away.
    """
    parser = argparse.ArgumentParser(prog="python -m infra.local data", description="Fetch the public data sets.")
    parser.add_argument("--to", type=Path, default=Path("data"), help="folder they go to (default: data)")
    folder: Path = parser.parse_args(argv).to
    try:
        codes = [guarded(partial(provide, source, folder)) for source in read_sources(sources)]
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from what is already here.")
        return STOPPED
    if not any(codes):
        print(f"Now try: make demo DATA={folder}")
    return next((code for code in codes if code), 0)


def provide(source: Source, folder: Path) -> None:
    """Put one data set into a folder, unless it is already there and whole.

    Raises
    ------
    BadFile, BadSchema
        If what is there, or what was fetched, is not what was published.
    ObjectMissing, StorageUnavailable
        If it cannot be fetched.
    BadEnvironment
        If the folder cannot be read or written.
    """
    target = folder / source.file
    print(f"{source.file}: {source.title}\n  from {source.page}\n  licence: {source.licence}", flush=True)
    try:
        if target.exists():
            rows = _read_file(target.read_bytes(), source, str(target), "move it away")
            print(f"  {target} is there and verified: {_identity(rows, source)}; nothing was fetched.")
            return
        rows = _fetch_parts(source, folder) if source.parts else _fetch_whole(source, folder)
    except OSError as error:
        raise BadEnvironment(f"{folder} cannot be used ({error}): name another folder with --to.") from error
    print(f"  {target}: {_identity(rows, source)}, verified.")


def _fetch_whole(source: Source, folder: Path) -> pa.Table:
    shown = Steps(1)
    try:
        with shown.step(source.file) as at:
            body = download(source.address, source.most_bytes, first_pause_s=source.pause_s)
            rows = _read_file(body, source, source.address, f"look at {source.page}")
            _put(folder, source.file, body)
            at.note = f"{len(body):,} bytes fetched"
    finally:
        shown.close()
    return rows


def _fetch_parts(source: Source, folder: Path) -> pa.Table:
    months = [(month, list(names)) for month, names in groupby(source.parts, key=lambda name: name[:7])]
    kept = folder / CACHE / Path(source.file).stem
    shown = Steps(len(months) + 1)
    tables: list[pa.Table] = []
    try:
        for month, names in months:
            with shown.step(f"{kept.name.partition('_')[0]} {month}") as at:
                had = sum((kept / f"{name}.pkl").exists() for name in names)
                tables += [_part(source, name, folder, kept) for name in names]
                at.note = f"{len(names)} parts, {had} of them were here"
        with shown.step("verify and write") as at:
            rows = pa.concat_tables(tables).sort_by([(name, "ascending") for name in source.order])
            _accepted(rows, source.sha256, source, f"the whole of {source.file}", f"look at {source.page}")
            sink = io.BytesIO()
            pq.write_table(rows, sink, compression="zstd")
            _put(folder, source.file, sink.getvalue())
            shutil.rmtree(folder / CACHE)
            at.note = f"{sink.tell():,} bytes"
    finally:
        shown.close()
    return rows


def _part(source: Source, name: str, folder: Path, kept: Path) -> pa.Table:
    """One part: as kept from an earlier try if that is whole, else fetched, accepted and kept."""
    cached = kept / f"{name}.pkl"
    if cached.exists():
        try:
            return _read_part(cached.read_bytes(), source, name, str(cached))
        except (BadFile, BadSchema):
            cached.unlink()  # damaged since: fetch it again
    address = source.address.format(part=name)
    body = download(address, source.most_bytes, first_pause_s=source.pause_s)
    rows = _read_part(body, source, name, address)
    _put(folder, str(cached.relative_to(folder)), body)
    return rows


def _read_part(body: bytes, source: Source, name: str, where: str) -> pa.Table:
    rows = conform(read_old_frame(body, where), source.columns, where)
    return _accepted(rows, source.parts[name], source, where, f"look at {source.page}")


def _read_file(body: bytes, source: Source, where: str, advice: str) -> pa.Table:
    kind = Path(source.file).suffix[1:]
    try:
        if kind == "csv":
            types = {name: TYPES[of] for name, of in source.columns.items()}
            rows = pacsv.read_csv(io.BytesIO(body), convert_options=pacsv.ConvertOptions(column_types=types))
        else:
            rows = pq.read_table(pa.BufferReader(body))
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise BadFile(f"{where} cannot be read as {kind} ({reason}): {advice} and run this again.") from error
    return _accepted(conform(rows, source.columns, where), source.sha256, source, where, advice)


def _accepted(rows: pa.Table, sha256: str, source: Source, where: str, advice: str) -> pa.Table:
    found = content_sha256(rows, source.order)
    if found != sha256:
        raise BadFile(
            f"{where} holds other rows than the published ones (content SHA-256 {found[:16]}..., expected "
            f"{sha256[:16]}...): {advice} and run this again; nothing of it was used."
        )
    return rows


def _identity(rows: pa.Table, source: Source) -> str:
    return f"{rows.num_rows:,} rows, content SHA-256 {source.sha256}"


def _put(folder: Path, name: str, body: bytes) -> None:
    """Write a file so that under its own name it is whole or not there."""
    half = folder / CACHE / f"{Path(name).name}.{os.getpid()}.half"
    half.parent.mkdir(parents=True, exist_ok=True)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    try:
        with half.open("wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        half.replace(folder / name)
    finally:
        half.unlink(missing_ok=True)
        if not any(half.parent.iterdir()):
            half.parent.rmdir()
