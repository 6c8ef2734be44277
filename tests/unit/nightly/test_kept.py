"""A night's reports come back from the ledger as the night itself returned them."""

from dataclasses import replace

import pytest

from jobs.errors import BadRequest
from jobs.nightly.kept import kept_reports
from jobs.runtime.report import Report
from tests.trained import DAY
from tests.unit.nightly.nights import Night


def _step(report: Report) -> dict[str, object]:
    """What a state machine knows of a step."""
    step = {"verb": report.verb, "kind": report.kind, "state": report.state, "run_id": report.run_id}
    return step if report.run_id else step | {"why": report.details["why"]}


def test_the_ledger_gives_the_reports_of_the_night_with_their_details(night: Night) -> None:
    kept = kept_reports(DAY, [_step(r) for r in night.reports], night.stores)
    assert kept == tuple(replace(r) for r in night.reports)
    assert any(r.details for r in kept)


def test_a_step_without_input_is_told_with_its_reason(night: Night) -> None:
    dry = {"verb": "score-partners", "kind": "partners", "state": "no input", "why": "no file: put one there."}
    [kept] = kept_reports(DAY, [dry], night.stores)
    assert (kept.state, kept.run_id, kept.details) == ("no input", "", {"why": "no file: put one there."})


def test_a_run_that_did_not_finish_is_named(night: Night) -> None:
    strange = {"verb": "score-fraud", "kind": "fraud", "state": "finished", "run_id": "score-fraud-x"}
    with pytest.raises(BadRequest, match="run 'score-fraud-x' of score-fraud is none that finished for 2026-11-21"):
        kept_reports(DAY, [strange], night.stores)
