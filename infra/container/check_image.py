"""Run inside the image: is it what it promises? Prints one line; ends with 1 and a sentence where it is not."""

import importlib
import os
import shutil
import sys
from pathlib import Path

TASK = Path("/var/task")
COMPILERS = ("as", "cc", "clang", "g++", "gcc", "ld", "make")


def faults() -> list[str]:
    """Return what is wrong with the image."""
    found = []
    if os.getuid() == 0:
        found.append("it runs as root")
    found += [f"it holds the compiler {name}" for name in COMPILERS if shutil.which(name)]
    sources = {source for source in TASK.rglob("*.py") if "__pycache__" not in source.parts}
    compiled = {code.parent.parent / f"{code.name.partition('.')[0]}.py" for code in TASK.rglob("__pycache__/*.pyc")}
    found += [f"{source} is not compiled" for source in sorted(sources - compiled)[:3]]
    if not Path(importlib.import_module("boto3").__file__ or "").is_relative_to(TASK):
        found.append("boto3 is not the locked one")
    return found


def main() -> int:
    """Import all that the functions and the jobs of AWS Batch import, then look for faults."""
    from jobs.runtime.chain import NIGHT  # noqa: PLC0415  of the image, not of the machine that this is checked on

    functions = ("functions.run_shard", "functions.finish_run", "functions.write_page")
    for name in (*functions, "jobs.cli", *(step.module for step in NIGHT)):
        importlib.import_module(name)
    found = faults()
    good = f"user {os.getuid()}, Python {sys.version.split()[0]}, all compiled, no compiler, every step imports"
    sys.stderr.write(f"check-image: {'; '.join(found) or good}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
