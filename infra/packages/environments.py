"""Environments that hold exactly what a package declares, and what Lambda's runtime holds behind it."""

import fcntl
import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.packages.declared import ROOT, RUNTIME_LOCK, SCORING, Package
from infra.packages.libraries import install, place_openmp, run

BUILD = ROOT / "build" / "packages"
_DONE = "made-from"


def python_of(package: Package, build: Path = BUILD) -> Path:
    """Return the Python of a package's environment; the environment is made where it is not there or is stale.

    It is of this Python's version, which need not be the runtime's: `make sam-local` has the runtime's own.
    Several processes may ask at once.

    Parameters
    ----------
    package : Package
        Which one.
    build : Path
        Folder that environments are made in.

    Raises
    ------
    BadEnvironment
        If a lock cannot be installed.
    """
    build.mkdir(parents=True, exist_ok=True)
    environment = build / f"{package.name}-{sys.version_info.major}.{sys.version_info.minor}"
    made_from = _digest(package)
    with _alone(build / f"{environment.name}.lock"):
        mark = environment / _DONE
        if not mark.is_file() or mark.read_text() != made_from:
            _make(package, environment)
            mark.write_text(made_from)
    return environment / "bin" / "python"


def _make(package: Package, environment: Path) -> None:
    shutil.rmtree(environment, ignore_errors=True)
    run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    python = environment / "bin" / "python"
    if package.lock is not None:
        install(package.lock, "--python", str(python))
    runtime = environment / "runtime"
    install(RUNTIME_LOCK, "--python", str(python), "--target", str(runtime), "--compile-bytecode")
    # a .pth puts its folder behind the packages, as /var/runtime is in Lambda
    (_site(python) / "lambda_runtime.pth").write_text(f"{runtime}\n")
    if package == SCORING:
        library = place_openmp(_site(python) / "lib")
        loader = f"import ctypes; ctypes.CDLL({str(library)!r}, mode=ctypes.RTLD_GLOBAL)\n"
        (_site(python) / "netlift_libgomp.pth").write_text(loader)
    elif package.lock is not None:
        run(str(python), str(ROOT / "infra" / "tools" / "mend_libgomp.py"))


def _site(python: Path) -> Path:
    return Path(run(str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())


def _digest(package: Package) -> str:
    locks = [lock for lock in (package.lock, RUNTIME_LOCK) if lock is not None]
    return hashlib.sha256(b"\0".join(lock.read_bytes() for lock in locks) + sys.version.encode()).hexdigest()


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
