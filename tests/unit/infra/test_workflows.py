"""The workflows name make targets that exist, may do no more than they must, and hold no secret."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.account.sam import ROOT, config_env

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS: dict[str, dict[Any, Any]] = {file.stem: yaml.safe_load(file.read_text()) for file in FILES}
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
VARIABLES = set(re.findall(r"\$\(([A-Z_]+)\)", (ROOT / "Makefile").read_text())) | {"YES", "KEEP"}
ASKS_AWS = "aws-actions/configure-aws-credentials"
TRUSTED = {"actions/checkout", "actions/setup-python", ASKS_AWS}


def _jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, workflow in WORKFLOWS.items():
        for job, of in workflow["jobs"].items():
            yield name, job, of


JOBS = list(_jobs())
STEPS = [(f"{name}.{job}", step) for name, job, of in JOBS for step in of.get("steps", ())]
RUNS = [(where, step["run"]) for where, step in STEPS if "run" in step]


def test_there_is_one_for_code_and_one_for_models() -> None:
    assert set(WORKFLOWS) == {"code", "deploy", "models"}
    assert len(RUNS) >= 7


@pytest.mark.parametrize(("where", "line"), RUNS, ids=[where for where, _ in RUNS])
def test_every_make_target_exists_and_takes_what_it_is_given(where: str, line: str) -> None:
    called = re.findall(r"make (?:--silent )?([a-z-]+)((?: [A-Z_]+=\S+)*)", line)
    assert called, where
    for target, given in called:
        assert target in TARGETS
        assert set(re.findall(r"([A-Z_]+)=", given)) <= VARIABLES


@pytest.mark.parametrize(("where", "line"), RUNS, ids=[where for where, _ in RUNS])
def test_no_text_from_outside_is_put_into_a_shell(where: str, line: str) -> None:
    """It comes as a variable of the environment: a branch's name could hold a command."""
    assert "${{" not in line, where


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_read_the_code_and_a_job_that_asks_aws_may_ask_for_a_token(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    for of in WORKFLOWS[name]["jobs"].values():
        asks = "uses" in of or any(step.get("uses", "").startswith(ASKS_AWS) for step in of["steps"])
        expected = {"contents": "read", "id-token": "write"} if asks else None
        assert of.get("permissions") == expected
        if asks and "uses" not in of:
            assert of["environment"], "whose rules and role guard it"


def test_prod_comes_after_dev_which_comes_after_checks_and_only_from_main() -> None:
    jobs = WORKFLOWS["code"]["jobs"]
    assert set(jobs["dev"]["needs"]) == {"check", "test", "image"}
    assert "refs/heads/main" in jobs["dev"]["if"]
    assert jobs["prod"]["needs"] == "dev"
    for job in ("dev", "prod"):
        assert jobs[job]["uses"] == "./.github/workflows/deploy.yml"
        assert config_env(jobs[job]["with"]["stage"])
    assert WORKFLOWS["deploy"]["jobs"]["deploy"]["environment"] == "${{ inputs.stage }}"


def test_code_is_tested_on_every_python_that_it_is_for() -> None:
    assert WORKFLOWS["code"]["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text()


def test_who_trains_does_not_promote_and_only_what_passed_is_asked_about() -> None:
    jobs = WORKFLOWS["models"]["jobs"]
    assert jobs["train"]["environment"] != jobs["promote"]["environment"]
    assert jobs["promote"]["needs"] == "train"
    assert "candidates != '[]'" in jobs["promote"]["if"]
    assert jobs["train"]["outputs"]["candidates"] == "${{ steps.gates.outputs.candidates }}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_secret_is_written_down_and_no_pull_request_runs_with_rights(file: Any) -> None:
    text = file.read_text()
    assert "secrets." not in text
    assert not re.search(r"AKIA[0-9A-Z]{16}|ghp_|\b\d{12}\b|BEGIN [A-Z ]*PRIVATE KEY", text)
    assert "pull_request_target" not in text


def test_actions_are_of_a_named_version_and_leave_no_credentials_behind() -> None:
    for where, step in STEPS:
        if "uses" not in step:
            continue
        action, _, version = step["uses"].partition("@")
        assert action in TRUSTED, where
        assert re.fullmatch(r"v\d+(\.\d+\.\d+)?|[0-9a-f]{40}", version), where
        if action == "actions/checkout":
            assert step["with"]["persist-credentials"] is False


def test_every_job_ends() -> None:
    assert [f"{name}.{job}" for name, job, of in JOBS if "uses" not in of and "timeout-minutes" not in of] == []
