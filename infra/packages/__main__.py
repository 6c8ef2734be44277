"""``python -m infra.packages FOLDER [scoring]``: a package into a folder, as ``sam build`` asks for it."""

import sys
from pathlib import Path

from infra.packages.code import copy_code
from infra.packages.declared import LIGHT, SCORING
from infra.packages.libraries import install_for_runtime, place_openmp
from jobs.errors import NetliftError

_PACKAGES = {package.name: package for package in (LIGHT, SCORING)}


def main(words: list[str]) -> int:
    """Fill the folder: the libraries first, then the code.

    Returns
    -------
    int
        0; 2 where the words are no existing folder and package; the code of a failure that has a name.
    """
    name = words[1] if len(words) == 2 else LIGHT.name
    if len(words) not in {1, 2} or not Path(words[0]).is_dir() or name not in _PACKAGES:
        names = " or ".join(_PACKAGES)
        sys.stderr.write(
            f"usage: python -m infra.packages FOLDER [{names}], an existing one; sam build gives its own\n"
        )
        return 2
    folder, package = Path(words[0]), _PACKAGES[name]
    try:
        if package.lock is not None:
            install_for_runtime(package.lock, folder)
            # the folder of a zip that Lambda's linker looks into
            place_openmp(folder / "lib")
        copy_code(folder)
    except NetliftError as error:
        sys.stderr.write(f"infra.packages: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
