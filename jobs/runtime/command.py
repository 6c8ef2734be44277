"""A command line from a request: every field is a flag with its unit, its default and an example."""

import argparse
import dataclasses
import json
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jobs.errors import BadRequest, NetliftError
from jobs.runtime.logs import to_stderr
from jobs.runtime.report import Report

if TYPE_CHECKING:
    from jobs.runtime.chain import Step
    from jobs.runtime.run import Job

RequestT = TypeVar("RequestT")


def flag(
    help: str,  # noqa: A002  it is the help of the flag
    *,
    example: str,
    unit: str = "",
    default: Any = dataclasses.MISSING,
    low: float | None = None,
    high: float | None = None,
    shown: bool = False,
) -> Any:
    """Declare a field of a request that is a flag.

    Parameters
    ----------
    help : str
        What the value decides.
    example : str
        A value as one would type it.
    unit : str
        Unit of a number, or the form of a text.
    default : object, optional
        Value when the flag is not given; without one the flag must be given.
    low, high : float, optional
        Smallest and largest number that is allowed.
    shown : bool
        Whether the verb's example shows a flag that may be left out, because one of several must be given.
    """
    metadata = {"help": help, "example": example, "unit": unit, "low": low, "high": high, "shown": shown}
    return dataclasses.field(default=default, metadata=metadata)


def parser(request: type, prog: str, reads: str = "") -> argparse.ArgumentParser:
    """Build the parser of a request's flags.

    Parameters
    ----------
    request : type
        A dataclass whose fields were declared with :func:`flag`.
    prog : str
        Command as it is typed.
    reads : str
        What the verb reads and from where, in words.
    """
    described = argparse.ArgumentParser(
        prog=prog, description=_first_line(request), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    hints = typing.get_type_hints(request)
    example = [prog]
    for f in dataclasses.fields(request):
        name = "--" + f.name.replace("_", "-")
        required = f.default is dataclasses.MISSING
        kind, many = _kind(hints[f.name])
        text = _help(f, required)
        if kind is bool:
            described.add_argument(name, action="store_true", help=text)
            continue
        described.add_argument(
            name,
            type=_reader(f, kind),
            required=required,
            default=None if required else [] if many else f.default,
            action="append" if many else "store",
            metavar=(f.metadata["unit"] or kind.__name__).split(" ")[0].upper().replace("%", ""),
            help=text,
        )
        if required or f.metadata["shown"]:
            example.append(f"{name} {f.metadata['example']}")
    described.epilog = f"example:\n  {' '.join(example)}" + (f"\n\n{reads}" if reads else "")
    return described


def parse(request: type[RequestT], prog: str, argv: Sequence[str], reads: str = "") -> RequestT:
    """Read a request from the words of a command line; parameters are those of :func:`parser`."""
    values = vars(parser(request, prog, reads).parse_args(argv))
    return request(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def request_from(request: type[RequestT], values: Mapping[str, Any]) -> RequestT:
    """Build a request from plain values, as an event or a plan holds them.

    Raises
    ------
    BadRequest
        If a value is unknown, missing, or cannot be read as its field's type; the message names it.
    """
    fields = {f.name: f for f in dataclasses.fields(request)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(request)
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise BadRequest(f"{request.__name__} has no {unknown[0]!r}: give only {', '.join(fields)}.")
    missing = [n for n, f in fields.items() if f.default is dataclasses.MISSING and n not in values]
    if missing:
        raise BadRequest(f"{request.__name__} needs {missing[0]!r} ({fields[missing[0]].metadata['help']}): add it.")
    read = {}
    for name, value in values.items():
        kind, many = _kind(hints[name])
        convert = _reader(fields[name], kind)
        try:
            read[name] = tuple(map(convert, value)) if many else None if value is None else convert(value)
        except (TypeError, ValueError, argparse.ArgumentTypeError) as error:
            why = str(error) if isinstance(error, argparse.ArgumentTypeError) else f"{value!r} is not a {kind.__name__}"
            raise BadRequest(f"{request.__name__}, {name!r}: {why}: correct it.") from error
    return request(**read)


def main(job: "Job[Any]", argv: Sequence[str] | None = None) -> int:
    """Run a job from the command line.

    Parameters
    ----------
    job : Job
        The job.
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    from jobs.runtime.run import run_job  # noqa: PLC0415  a verb without a run, such as lift, needs neither
    from jobs.runtime.stores import open_stores  # noqa: PLC0415

    words = sys.argv[1:] if argv is None else argv
    asked = parse(job.request, f"netlift {job.step.verb}", words, _reads(job.step))
    to_stderr()
    return guarded(lambda: print_report(run_job(job, asked, open_stores())))


def guarded(act: Callable[[], object]) -> int:
    """Call `act`; a named failure becomes its sentence on stderr and its exit code."""
    try:
        act()
    except NetliftError as error:
        sys.stderr.write(f"netlift: {error}\n")
        return error.exit_code
    return 0


def print_report(report: Report) -> None:
    """Print a report as one JSON object."""
    sys.stdout.write(json.dumps(report.to_dict(), indent=2, default=str) + "\n")


def _reads(of: "Step") -> str:
    """Say where a verb finds what it reads, for whoever brings files of his own."""
    found = []
    for read in of.reads:
        folder = f"{read.table}/<campaign>" if read.by_campaign else read.table
        needed = f" (with [{read.only_with}])" if read.only_with else " (if any)" if read.optional else ""
        found.append(f"inputs/{folder}/*.parquet{needed}")
    found += [f"what {after.verb} wrote" for after in of.after]
    if not found:
        return ""
    listed = "\n  ".join(found)
    return f"reads, in the folder or s3://bucket/prefix that NETLIFT_HOME names:\n  {listed}"


def _first_line(request: type) -> str:
    return (request.__doc__ or "").strip().splitlines()[0]


def _help(f: "dataclasses.Field[Any]", required: bool) -> str:
    unit = f" [{f.metadata['unit']}]" if f.metadata["unit"] else ""
    if required:
        default = "required"
    elif f.default in {None, (), ""}:
        default = "default: none"
    else:
        default = f"default: {f.default}"
    return f"{f.metadata['help']}{unit} ({default}; example: {f.metadata['example']})".replace("%", "%%")


def _kind(hint: Any) -> tuple[type, bool]:
    """Type of one value of a field, and whether the flag may be given several times."""
    if isinstance(hint, types.UnionType):
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0], True
    return hint, False


def _reader(f: "dataclasses.Field[Any]", kind: type) -> Callable[[Any], Any]:
    """Return what reads a value of a field, given as text or in its type, and holds it to its range."""
    convert = _date if kind is date else _path if kind is Path else kind
    low, high = f.metadata.get("low"), f.metadata.get("high")

    def read(value: Any) -> Any:
        given = convert(value) if isinstance(value, str) else value
        # Written so that NaN is outside too.
        if (low is not None and not given >= low) or (high is not None and not given <= high):
            bounds = f"at least {low:g}" if high is None else f"at most {high:g}" if low is None else ""
            raise argparse.ArgumentTypeError(f"{given} must be {bounds or f'from {low:g} to {high:g}'}")
        return given

    # argparse names the type by this when it says that a word is none.
    read.__name__ = kind.__name__
    return read


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-11-22") from error
