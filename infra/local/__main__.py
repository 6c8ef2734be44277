"""``python -m infra.local COMMAND``: the local cloud from the command line."""

import importlib
import sys
from collections.abc import Sequence

from jobs.errors import NetliftError

COMMANDS = {
    "up": ("infra.local.up", "keep the local cloud running and print the environment that leads to it"),
    "deploy": ("infra.local.deploy", "deploy template.yaml to the local cloud and keep it running"),
    "run": ("infra.local.deploy_run", "start what a schedule of the template starts, nightly or weekly, and follow it"),
    "demo": ("infra.local.demo", "a whole night on a made-up world, or on real data with --data FOLDER"),
    "data": ("infra.local.public_data", "fetch the public data sets with their digests and licences"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``python -m infra.local``; those of the process by default.

    Returns
    -------
    int
        Exit code: 0, 2 for a wrong word, else the code of the named failure (jobs/errors.py).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_usage())
        return 0
    if words[0] not in COMMANDS:
        print(f"infra.local: {words[0]!r} is not a command\n\n{_usage()}", file=sys.stderr)
        return 2
    # each command imports what it needs, and no other command's
    command = importlib.import_module(COMMANDS[words[0]][0])
    try:
        return int(command.main(words[1:]) or 0)
    except NetliftError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code


def _usage() -> str:
    lines = "\n".join(f"  {name:<8}{about}" for name, (_, about) in COMMANDS.items())
    return (
        "the local cloud: AWS on this machine, for netlift\n\n"
        f"usage: python -m infra.local COMMAND [flags]      COMMAND --help shows every flag\n\n{lines}"
    )


if __name__ == "__main__":
    sys.exit(main())
