"""The page on campaign files shows every field, and its examples are good files."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from jobs.runtime.campaign import Campaign, Source, parse_campaign
from jobs.runtime.campaign_candidates import CandidateRule
from jobs.runtime.campaign_limits import parse
from jobs.runtime.house_rules import HouseRules
from jobs.tables.inputs import CATALOGUE as CATALOGUE_TABLE

PAGE = Path(__file__).parents[3] / "docs/campaigns.md"
CAMPAIGN, CATALOGUE, RULES = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def fields(model: type[BaseModel], values: Any) -> set[str]:
    """Names of fields that values leave out, as in "arms.cap"."""
    missing = set(model.model_fields) - set(values) - {"source", "candidates"}
    for name, value in values.items():
        kinds = re.findall(r"jobs\.runtime\.\w+\.(\w+)", str(model.model_fields[name].annotation))
        inner = value[0] if isinstance(value, list) and value else value
        if kinds and isinstance(inner, dict):
            [section] = [k for k in _sections() if k.__name__ == kinds[0]]
            missing |= {f"{name}.{left}" for left in fields(section, inner)}
    return missing


def _sections() -> list[type[BaseModel]]:
    found, seen = [BaseModel], []
    while found:
        found = [below for above in found for below in above.__subclasses__() if below.__module__.startswith("jobs.")]
        seen += found
    return seen


@pytest.mark.parametrize(("model", "text"), [(Campaign, CAMPAIGN), (HouseRules, RULES)])
def test_the_example_leaves_no_field_out(model: type[BaseModel], text: str) -> None:
    assert fields(model, tomllib.loads(text)) == set()


def test_the_examples_are_good_files() -> None:
    assert parse_campaign(CAMPAIGN, "spring.toml").arms[0].minimum == 200
    of_many = tomllib.loads(CATALOGUE)
    assert parse_campaign(CATALOGUE, "partners.toml").candidates == CandidateRule(**of_many["candidates"])
    assert set(of_many["candidates"]) == set(CandidateRule.model_fields)
    rules = parse(HouseRules, RULES, "night.toml")
    assert rules.contacts is not None
    assert rules.contacts.days == 7


def test_every_column_of_the_catalogue_is_named() -> None:
    assert all(f"`{name}`" in PAGE.read_text() for name in CATALOGUE_TABLE.names)


def test_the_fields_of_a_team_s_own_file_are_named() -> None:
    assert all(f"`{name}`" in PAGE.read_text() for name in Source.model_fields)
