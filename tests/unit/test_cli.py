"""The console command."""

import subprocess
import sys

import pytest

from jobs.cli import ABOUT, main
from jobs.runtime.chain import NIGHT, TRAINING


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
