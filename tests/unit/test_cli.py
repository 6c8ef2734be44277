"""The console command."""

import subprocess
import sys

import pytest

from jobs.cli import ABOUT, main
from jobs.errors import BadFile, BadRequest
from jobs.runtime.chain import NIGHT, TRAINING
from tests.unit.runtime.worlds import DAY, small_home


def test_every_verb_of_the_chain_is_listed():
    assert {s.verb for s in NIGHT + TRAINING} < set(ABOUT)


@pytest.mark.parametrize("verb", sorted(ABOUT))
def test_help_of_every_verb_shows_its_flags(verb, capsys):
    with pytest.raises(SystemExit) as end:
        main([*verb.split(), "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert f"netlift {verb}" in shown
    assert "example:" in shown
    for flag in (line for line in shown.splitlines() if line.startswith("  --")):
        assert flag.strip()


def test_an_unknown_verb_is_named(capsys):
    assert main(["fly"]) == 2
    assert "'fly' is not a verb" in capsys.readouterr().err


def test_listing_verbs_loads_nothing_heavy():
    code = "import sys, jobs.cli; jobs.cli.main([]); print({'pandas','econml','lightgbm','pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")


def test_a_night_that_fails_shows_what_was_done_and_which_step_failed(tmp_path, monkeypatch, capsys):
    small_home(tmp_path)  # its champion is no scorer
    monkeypatch.setenv("NETLIFT_HOME", str(tmp_path))
    assert main(["run", "nightly", "--run-date", str(DAY)]) == BadFile.exit_code
    said = capsys.readouterr()
    rows = {line.split()[0]: line for line in said.out.splitlines()}
    assert "no input" in rows["build-fraud-features"]
    assert "score-uplift (spring) failed: no later step was run" in said.out
    assert "allocate-offers" not in said.out
    assert "page:" not in said.out
    assert "scorer.json" in said.err


def test_a_night_without_input_ends_quietly(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NETLIFT_HOME", str(tmp_path))
    page = tmp_path / "night.html"
    assert main(["run", "nightly", "--run-date", str(DAY), "--page", str(page)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no new data: nothing was run"
    assert not page.exists()
    assert not (tmp_path / "published").exists()


def test_a_page_that_has_no_place_is_refused_before_the_night(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NETLIFT_HOME", str(tmp_path / "home"))
    absent = tmp_path / "absent" / "night.html"
    assert main(["run", "nightly", "--run-date", str(DAY), "--page", str(absent)]) == BadRequest.exit_code
    assert "there is no folder" in capsys.readouterr().err
