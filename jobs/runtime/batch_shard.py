"""AWS Batch: ``python -m jobs.runtime.batch_shard RUN_ID ATTEMPT PHASE`` works the shard whose number the array gives.

In an array job that is ``AWS_BATCH_JOB_ARRAY_INDEX``; a plain job works shard 0. The phase is "work", or "share" or
"part" of a run that fans out. The answer, or the error's name and
sentence, is the last line on stdout, as JSON; the exit code is that of the named error.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.errors import BadRequest, NetliftError
from jobs.runtime.logs import to_stderr
from jobs.runtime.planned import share_planned_run, work_planned_part, work_planned_shard
from jobs.runtime.sharing import PART, SHARE, WORK, phase_of
from jobs.runtime.stores import Stores, open_stores

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Work a shard, or a phase of a run that fans out.

    Parameters
    ----------
    argv : sequence of str, optional
        ``RUN_ID``, ``ATTEMPT`` and ``PHASE``; the words of the process by default.
    environment : mapping
        Names the home, and in an array job the shard.

    Returns
    -------
    int
        0, or the exit code of the named failure; 1 for a failure that has no name.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    to_stderr(logging.INFO)
    try:
        run_id, attempt, phase, shard = _asked(words, environment)
        answer = _worked(run_id, attempt, phase, shard, open_stores(environment), environment)
    except NetliftError as error:
        _say({"errorType": type(error).__name__, "errorMessage": str(error)})
        return error.exit_code
    except Exception as error:
        log.exception("a failure that has no name")
        _say({"errorType": type(error).__name__, "errorMessage": str(error)})
        return NetliftError.exit_code
    _say({"run_id": run_id, **answer})
    return 0


def _worked(
    run_id: str, attempt: int, phase: str, shard: int, stores: Stores, environment: Mapping[str, str]
) -> dict[str, int]:
    if phase == SHARE:
        return {"parts": share_planned_run(run_id, attempt, stores, environment)}
    if phase == PART:
        return {"part": shard, "bytes": work_planned_part(run_id, attempt, shard, stores, environment)}
    record = work_planned_shard(run_id, attempt, shard, stores, environment)
    return {"shard": shard, "rows": sum(s.rows for s in record.staged)}


def _asked(words: Sequence[str], environment: Mapping[str, str]) -> tuple[str, int, str, int]:
    if len(words) not in {2, 3}:
        raise BadRequest(
            f"{' '.join(words) or 'nothing'!r} was asked for: give RUN_ID ATTEMPT, as the plan named them, and PHASE."
        )
    index = environment.get("AWS_BATCH_JOB_ARRAY_INDEX", "0")
    for name, text in (("ATTEMPT", words[1]), ("AWS_BATCH_JOB_ARRAY_INDEX", index)):
        if not text.isdecimal():
            raise BadRequest(f"{name} is {text!r}: give a whole number.")
    return words[0], int(words[1]), phase_of(words[2] if len(words) == 3 else WORK), int(index)


def _say(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
