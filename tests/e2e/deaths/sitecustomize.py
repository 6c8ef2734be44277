"""Kills a child of an array job as it begins, as often as the file of its index says: a machine that is taken away."""

import os
import signal
from pathlib import Path

_index = os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX", "none")
_file = Path(os.environ["NETLIFT_TEST_DEATHS"]) / _index
if _file.exists():
    _left = int(_file.read_text())
    if _left:
        _file.write_text(str(_left - 1))
        os.kill(os.getpid(), signal.SIGKILL)
