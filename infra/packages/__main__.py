"""``python -m infra.packages FOLDER``: the light package's code into a folder, as ``sam build`` asks for it."""

import sys
from pathlib import Path

from infra.packages.code import copy_code


def main(words: list[str]) -> int:
    """Copy the code; return 0, or 2 where the words are not one existing folder."""
    if len(words) != 1 or not Path(words[0]).is_dir():
        sys.stderr.write("usage: python -m infra.packages FOLDER, an existing one; sam build gives its own\n")
        return 2
    copy_code(Path(words[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
