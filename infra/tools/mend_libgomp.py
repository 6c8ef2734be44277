"""Give LightGBM the OpenMP library it links to, where the system has none: scikit-learn's wheel brings one.

A copy under the name that LightGBM asks for is loaded at the start of every Python of this environment.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

WANTED = b"libgomp.so.1"
SITE = Path(sysconfig.get_paths()["purelib"])


def lightgbm_loads() -> str:
    """Return "" if LightGBM imports in a new process, else what it said."""
    tried = subprocess.run([sys.executable, "-c", "import lightgbm"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else tried.stderr.strip().splitlines()[-1]


def mend() -> bool:
    """Place the copy and its loader; return whether there was one to copy."""
    bundled = sorted((SITE / "scikit_learn.libs").glob("libgomp-*.so*"))
    if not bundled:
        return False
    # The wheel renamed its library; the linker matches by the name written inside (SONAME), so that goes back too.
    inside = bundled[0].name.encode()
    body = bundled[0].read_bytes().replace(inside + b"\0", WANTED.ljust(len(inside), b"\0") + b"\0")
    copy = SITE / "netlift_libgomp" / WANTED.decode()
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(body)
    loader = f"import ctypes; ctypes.CDLL({str(copy)!r}, mode=ctypes.RTLD_GLOBAL)\n"
    (SITE / "netlift_libgomp.pth").write_text(loader)
    return True


def main() -> int:
    """Mend if there is need; say in one sentence what is missing if it cannot be mended."""
    said = lightgbm_loads()
    if not said:
        return 0
    if sys.platform == "linux" and "libgomp" in said and mend() and not lightgbm_loads():
        sys.stderr.write("install: the system has no libgomp.so.1; LightGBM now uses the one of scikit-learn's wheel\n")
        return 0
    how = "brew install libomp" if sys.platform == "darwin" else "sudo apt-get install libgomp1"
    sys.stderr.write(f"install: LightGBM does not load ({said}): install its OpenMP library with '{how}'\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
