"""Libraries of a package from its lock: every file with its hash, nothing compiled, and OpenMP's where it is needed."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.packages.declared import ROOT, RUNTIME_PYTHON
from jobs.errors import BadEnvironment

_OPENMP_FROM = "scikit-learn"
_PLATFORM = "x86_64-manylinux_2_28"
"""Amazon Linux 2023, on which Lambda's Python runs, has this C library, and later ones to 2.34."""

_NOT_NEEDED = ("bin", "numpy/f2py", "numpy/_core/include", "numpy/_core/lib")


def install(lock: Path, *options: str) -> None:
    """Install what a lock names, each file held to its hash.

    Parameters
    ----------
    lock : Path
        The lock.
    *options : str
        Where to, and for which Python, as ``uv pip install`` takes them.

    Raises
    ------
    BadEnvironment
        If a file cannot be had, or has another hash.
    """
    run(_uv(), "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(lock), *options)


def install_for_runtime(lock: Path, folder: Path) -> None:
    """Install a lock for Lambda's own Python and system into a folder, less what no function needs."""
    python = ".".join(map(str, RUNTIME_PYTHON))
    target = ("--target", str(folder), "--python-version", python, "--python-platform", _PLATFORM)
    install(lock, *target, "--only-binary", ":all:")
    for name in _NOT_NEEDED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for tests in [found for found in folder.rglob("tests") if found.is_dir()]:
        shutil.rmtree(tests, ignore_errors=True)
    for stub in folder.rglob("*.pyi"):
        stub.unlink()


def place_openmp(folder: Path) -> Path:
    """Place the OpenMP library that LightGBM's links to in a folder; return it.

    It comes out of scikit-learn's wheel, of the version and hashes of requirements.lock: no package declares it.

    Raises
    ------
    BadEnvironment
        If the wheel cannot be had, or holds no such library.
    """
    with tempfile.TemporaryDirectory(prefix="netlift-openmp-") as temporary:
        lock, site = Path(temporary) / "openmp.lock", Path(temporary) / "site"
        lock.write_text(_lines_of(_OPENMP_FROM))
        python = ".".join(map(str, RUNTIME_PYTHON))
        target = ("--target", str(site), "--python-version", python, "--python-platform", _PLATFORM)
        install(lock, *target, "--only-binary", ":all:")
        mending = _mending()
        mending.SITE = site
        if not mending.mend():
            raise BadEnvironment(f"the wheel of {_OPENMP_FROM} holds no OpenMP library: look where it is now.")
        folder.mkdir(exist_ok=True)
        found: str = mending.WANTED.decode()
        return Path(shutil.copy(site / "netlift_libgomp" / found, folder / found))


def run(*words: str) -> str:
    """Run a program and return what it said.

    Raises
    ------
    BadEnvironment
        If it failed; with its last line.
    """
    ended = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603  our own words
    if ended.returncode != 0:
        said = (ended.stderr.strip() or ended.stdout.strip() or "nothing").splitlines()[-1]
        raise BadEnvironment(f"{' '.join(words[:4])} failed and said {said!r}: is a package index reachable?")
    return ended.stdout


def _uv() -> str:
    beside = (Path(sys.executable).with_name("uv"), ROOT / ".venv" / "bin" / "uv")
    found = next((str(file) for file in beside if file.exists()), None) or shutil.which("uv")
    if found is None:
        raise BadEnvironment("uv is not installed: run `make install`, which brings it.")
    return found


def _lines_of(package: str) -> str:
    """Return the lines of a package in requirements.lock: its version and its hashes."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith(f"{package}==")), None)
    if first is None:
        raise BadEnvironment(f"requirements.lock has no {package}: look where the OpenMP library can come from.")
    last = next(n for n in range(first, len(lines)) if not lines[n].endswith("\\"))
    return "\n".join(lines[first : last + 1]) + "\n"


def _mending() -> Any:
    # a script of its own, which the image's build copies and runs without this repository
    spec = importlib.util.spec_from_file_location("mend_libgomp", ROOT / "infra" / "tools" / "mend_libgomp.py")
    if spec is None or spec.loader is None:
        raise BadEnvironment("infra/tools/mend_libgomp.py is not there: check out the whole repository.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
