"""What the README and CONTRIBUTING tell a newcomer to type or open exists."""

import re
from pathlib import Path

import pytest

from jobs.cli import ABOUT

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_that_is_named_can_be_run(page):
    text = (ROOT / page).read_text()
    named = set(re.findall(r"^(?:\.venv/bin/)?netlift ([a-z]+(?: nightly|-[a-z-]+)?)", text, re.MULTILINE))
    assert named <= set(ABOUT)


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / page).read_text(), re.MULTILINE))
    assert named
    assert named <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        assert (ROOT / target).exists(), target
