"""Anybody's experiment in, a row a unit: were the arms drawn as they should be, what did each do, what now."""

import io
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv

from jobs.errors import BadTrial
from jobs.pages.experiment import experiment_html
from jobs.pages.readout_lines import readout_lines
from jobs.read_trial.asked import asked_of
from jobs.read_trial.evidence import evidence_of, take_trial
from jobs.read_trial.request import ReadTrial
from jobs.runtime.command import guarded, parse
from jobs.runtime.progress import Steps
from jobs.science.experiment.readout import readout
from jobs.science.experiment.readout_form import Readout
from jobs.science.experiment.trial_rows import FAULTS
from jobs.storage.data_file import look_into
from jobs.storage.result_folder import write_results

__all__ = ["ReadTrial", "main", "read_trial"]

STEPS = 4
_OTHERS = (
    "also: --campaign ID reads a campaign's holdout, --experiment ID a declared experiment;\n"
    "      netlift read-experiment --campaign ID --help shows their flags"
)
PAGE, ANSWER, QUARANTINE = "experiment.html", "experiment.json", "experiment_quarantine.csv"


def read_trial(request: ReadTrial, steps: Steps | None = None) -> Readout:
    """Read a trial, say what it found, write page, answer and the rows that were set aside.

    Parameters
    ----------
    request : ReadTrial
        What to read.
    steps : Steps, optional
        Shows the steps while they run.

    Returns
    -------
    Readout
        The document (:mod:`jobs.science.experiment.readout_form`), as ``experiment.json`` holds it. Where the split
        fails it says so, and holds no effect.

    Raises
    ------
    BadRequest, BadFile, BadSchema, BadRows, BadTrial
        If the file, a column or a flag cannot be used; nothing is written then.
    """
    shown = steps or Steps(0, quiet=True)
    asked = asked_of(request)
    file = look_into(request.data)
    with tempfile.TemporaryDirectory(prefix="netlift-") as aside:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{request.memory_mb}MB",
            "threads": request.threads,
            "temp_directory": aside,
        }
        # On disk, so that memory is bounded however long the file is; only the columns that are asked for.
        with duckdb.connect(str(Path(aside) / "trial.duckdb"), config=config) as connection:
            connection.execute("SET enable_progress_bar = false")
            with shown.step("read and check") as at:
                taken = take_trial(connection, request, asked, file)
                at.note = f"{taken.rows_used:,} of {taken.rows:,} rows"
            with shown.step("aggregate") as at:
                evidence = evidence_of(connection, request, asked, taken)
                at.note = f"{len(evidence.rule.metrics)} metrics, {len(taken.arms)} arms"
            with shown.step("estimate"):
                document = readout(evidence)
            with shown.step("write"):
                files = {
                    PAGE: experiment_html(cast("dict[str, Any]", document)).encode(),
                    ANSWER: json.dumps(document, indent=1, allow_nan=False).encode(),
                }
                if taken.at_fault:
                    files[QUARANTINE] = _quarantined(connection)
                write_results(request.out, files)
                if not taken.at_fault:
                    # of an earlier reading into the same folder
                    (request.out / QUARANTINE).unlink(missing_ok=True)
    return document


def _quarantined(connection: duckdb.DuckDBPyConnection) -> bytes:
    rows: pa.Table = connection.sql(f'SELECT * FROM {FAULTS} ORDER BY "row"').to_arrow_table()  # noqa: S608
    sink = io.BytesIO()
    pacsv.write_csv(rows, sink, pacsv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift read-experiment --data``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr. A split that fails is one: the
        answer is printed and written, and no script takes it for a result.
    """
    request = parse(ReadTrial, "netlift read-experiment", sys.argv[1:] if argv is None else argv, _OTHERS)
    steps = Steps(STEPS, quiet=request.json)

    def act() -> None:
        try:
            document = read_trial(request, steps)
        finally:
            steps.close()
        names = [PAGE, ANSWER, *([QUARANTINE] if (request.out / QUARANTINE).exists() else [])]
        files = {name: str(request.out / name) for name in names}
        if request.json:
            said = json.dumps({**document, "files": files}, allow_nan=False)
        else:
            said = readout_lines(cast("dict[str, Any]", document), files)
        sys.stdout.write(said + "\n")
        if not document["split"]["holds"]:
            raise BadTrial(document["split"]["sentence"])

    return guarded(act)
