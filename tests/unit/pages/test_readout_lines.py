"""A readout on a terminal: what now first, no line too long, and no effect where the split is broken."""

from dataclasses import replace

from jobs.pages.readout_lines import readout_lines
from jobs.science.experiment.readout import readout
from tests.unit.science.experiment.readouts import evidence


def test_the_decision_comes_first_and_every_line_fits() -> None:
    said = readout_lines(readout(evidence()), {"experiment.html": "out/experiment.html"}).splitlines()
    assert said[0].startswith("Ship 'mail'.")
    assert max(map(len, said)) <= 100
    assert said[-1].endswith("out/experiment.html")


def test_what_runs_says_what_is_left() -> None:
    said = readout_lines(readout(replace(evidence(planned=12_000), decides=False)))
    assert said.startswith("A reading, no decision")
    assert "6,000 are left" in said
    assert "always-valid" in said


def test_a_broken_split_shows_no_effect() -> None:
    said = readout_lines(readout(evidence(lost=300)))
    assert said.startswith("Nothing is concluded")
    assert "against 'none'" not in said
