"""A reading comes out again a year later, byte for byte, whatever became of tables and inputs; tampering is named."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import jobs.reproduce as module
from jobs.errors import BadRequest, NotReproduced, TamperedReadout
from jobs.read_experiment import ReadExperiment, read_experiment
from jobs.reproduce import Reproduce, main, reproduce
from jobs.runtime.home import Home, open_home
from jobs.runtime.report import Report
from jobs.science.experiment.readout import from_statistics
from tests.unit.experiments import ID, START
from tests.unit.read_experiment.trial_home import EARLY, LATE, drawn_home, measured, write_measurements


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """Read once; afterwards nothing is left but objects: no table, no input, no file of the experiment."""
    folder = tmp_path_factory.mktemp("read")
    stores = drawn_home(folder)
    write_measurements(folder, measured(stores, 3.0))
    read_experiment(ReadExperiment(EARLY, ID), stores)
    report = read_experiment(ReadExperiment(LATE, ID), stores)
    for gone in ("tables", "inputs", "experiments"):
        shutil.rmtree(folder / gone)
    return folder, report


@pytest.fixture
def a_copy(read_once: tuple[Path, Report], tmp_path: Path) -> tuple[Home, Path, Report]:
    folder, report = read_once
    shutil.copytree(folder, tmp_path / "home")
    return open_home({"NETLIFT_HOME": str(tmp_path / "home")}), tmp_path / "home", report


def test_document_and_page_come_out_byte_for_byte_without_tables(
    a_copy: tuple[Home, Path, Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, folder, report = a_copy
    stored = report.details["readout"]
    found = reproduce(Reproduce(report.run_id), home)
    assert found.document == home.objects.get(stored["document"])
    assert found.page == home.objects.get(stored["page"])
    monkeypatch.setenv("NETLIFT_HOME", str(folder))
    out = folder.parent / "out"
    assert main([report.run_id, "--out", str(out)]) == 0
    assert "byte for byte" in capsys.readouterr().out
    assert (out / "experiment.html").read_bytes() == found.page
    assert (out / "experiment.json").read_bytes() == found.document
    assert main([report.run_id, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["page_digest"], said["made_by"]) == (stored["page_digest"], stored["software"])


def test_a_page_that_is_gone_is_made_again(a_copy: tuple[Home, Path, Report]) -> None:
    home, folder, report = a_copy
    page = folder / report.details["readout"]["page"]
    before = page.read_bytes()
    page.unlink()
    assert reproduce(Reproduce(report.run_id), home).page == before


def test_a_figure_that_was_changed_is_refused_by_name(
    a_copy: tuple[Home, Path, Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, folder, report = a_copy
    key = report.details["readout"]["document"]
    body = json.loads((folder / key).read_text())
    body["statistics"]["arms"]["mail"]["mean"][0] += 1e-9
    (folder / key).write_text(json.dumps(body))
    with pytest.raises(TamperedReadout, match=rf"{key} is not what run {report.run_id} published"):
        reproduce(Reproduce(report.run_id), home)
    monkeypatch.setenv("NETLIFT_HOME", str(folder))
    assert main([report.run_id]) == TamperedReadout.exit_code
    assert "bring the original back" in capsys.readouterr().err
    (folder / key).unlink()
    with pytest.raises(TamperedReadout, match="is gone"):
        reproduce(Reproduce(report.run_id), home)


def test_a_later_version_in_new_clothes_gives_the_page_that_was_published(
    a_copy: tuple[Home, Path, Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, folder, report = a_copy
    stored = report.details["readout"]
    before = home.objects.get(stored["page"])
    monkeypatch.setattr(module, "software", lambda: "netlift 9.9.9")
    assert reproduce(Reproduce(report.run_id), home).made_by == stored["software"]
    monkeypatch.setattr(module, "experiment_html", lambda document: "<p>New clothes.</p>")
    monkeypatch.setattr(module, "from_statistics", lambda kept: {**from_statistics(kept), "title": "Autumn mail"})
    with pytest.raises(NotReproduced, match="finds other figures"):
        reproduce(Reproduce(report.run_id), home)
    reworded = {"warnings": ["Said in other words."]}
    monkeypatch.setattr(module, "from_statistics", lambda kept: {**from_statistics(kept), **reworded})
    found = reproduce(Reproduce(report.run_id), home)
    assert (found.document_again, found.page_again) == (False, False)
    assert found.page == before
    assert found.document == home.objects.get(stored["document"])
    monkeypatch.setenv("NETLIFT_HOME", str(folder))
    assert main([report.run_id]) == 0
    assert "every figure comes out as it was published" in capsys.readouterr().out
    (folder / stored["page"]).write_bytes(before + b" ")
    with pytest.raises(TamperedReadout, match="is not what run"):
        reproduce(Reproduce(report.run_id), home)


def test_other_figures_are_no_reproduction(a_copy: tuple[Home, Path, Report], monkeypatch: pytest.MonkeyPatch) -> None:
    home, _, report = a_copy

    def off(kept: Any) -> Any:
        document = json.loads(json.dumps(from_statistics(kept)))
        document["metrics"][0]["lines"][0]["absolute"]["value"] *= 1.0 + 1e-6
        return document

    monkeypatch.setattr(module, "from_statistics", off)
    with pytest.raises(NotReproduced, match="finds other figures in the same statistics"):
        reproduce(Reproduce(report.run_id), home)


def test_what_is_no_finished_reading_is_refused(a_copy: tuple[Home, Path, Report]) -> None:
    home, folder, report = a_copy
    with pytest.raises(BadRequest, match="was never planned"):
        reproduce(Reproduce("read-experiment-nobody"), home)
    drawn = next((folder / "manifests").glob(f"assign-treatment-{ID}-{START}-*.json")).stem
    with pytest.raises(BadRequest, match="only readings"):
        reproduce(Reproduce(drawn), home)
    shutil.rmtree(folder / "ledger")
    with pytest.raises(BadRequest, match="is not finished"):
        reproduce(Reproduce(report.run_id), home)
