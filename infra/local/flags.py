"""Flags that commands of the local cloud share, each said and read in one place."""

import argparse
from pathlib import Path

from infra.local.emulator import why_no_emulator
from jobs.errors import BadEnvironment


def add_where(parser: argparse.ArgumentParser) -> None:
    """Add --port, --catalog-port, --region and --env-file: where a cloud that keeps running is found."""
    parser.add_argument("--port", type=port, default=0, help="port of AWS, 0 takes a free one (default 0)")
    parser.add_argument(
        "--catalog-port", type=port, default=0, help="port of the Iceberg REST catalog, 0 takes a free one (default 0)"
    )
    parser.add_argument("--region", default="eu-west-1", help="AWS region to be (default eu-west-1)")
    parser.add_argument("--env-file", type=Path, help="write the lines to this file too, to be sourced by other shells")


def add_stack(parser: argparse.ArgumentParser, of: str) -> None:
    """Add --stage, --functions and --parameter: what is deployed.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of the command.
    of : str
        Which template the last two are for, in words.
    """
    parser.add_argument("--stage", type=stage, default="dev", help="name of the deployment (default dev)")
    parser.add_argument(
        "--functions",
        choices=("emulator", "processes"),
        default="processes" if why_no_emulator() else "emulator",
        help=f"what runs Lambda functions of {of}: AWS's Runtime Interface Emulator, or plain processes "
        f"(default %(default)s{_because(why_no_emulator())})",
    )
    add_parameter(parser, f"a parameter of {of}, such as BatchAboveShards=3")


def _because(reason: str) -> str:
    return f", since {reason}" if reason else ""


def add_customers(parser: argparse.ArgumentParser, default: int, about: str) -> None:
    """Add --customers: the size of a made-up world."""
    parser.add_argument("--customers", type=customers, default=default, help=f"{about} (default {default})")


def add_parameter(parser: argparse.ArgumentParser, about: str) -> None:
    """Add --parameter, which may be given several times."""
    parser.add_argument(
        *("--parameter", "-p"),
        type=parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"{about}; may be given several times",
    )


def parameter(text: str) -> tuple[str, str]:
    """Read a parameter of the template.

    Examples
    --------
    >>> parameter("BatchAboveShards=3")
    ('BatchAboveShards', '3')
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isalnum() or "".join(value.split()) != value:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE, such as BatchAboveShards=3")
    return name, value


def stage(text: str) -> str:
    """Read the name of a deployment."""
    if not (2 <= len(text) <= 10 and text.isascii() and text.isalnum() and text.islower() and text[0].isalpha()):
        raise argparse.ArgumentTypeError(f"{text!r} must be 2 to 10 small letters and digits, a letter first")
    return text


def customers(text: str) -> int:
    """Read the size of a world."""
    if not text.isdecimal() or int(text) < 8_000:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give a whole number of at least 8000, so that there are four files"
        )
    return int(text)


def port(text: str) -> int:
    """Read the number of a port."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"port == {text!r}, must be a whole number from 0 to 65535")
    return int(text)


def write_lines(file: Path, lines: str) -> None:
    """Write what a flag asks to be kept as a file.

    Raises
    ------
    BadEnvironment
        If it cannot be written.
    """
    try:
        file.write_text(lines + "\n")
    except OSError as error:
        raise BadEnvironment(f"{file} cannot be written ({error.strerror}): name another file.") from error
