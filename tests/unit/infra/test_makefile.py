"""The targets do what their lines say: read from what make would run, nothing is run."""

import subprocess
import sys

import pytest

from infra.account.sam import ROOT
from tests.unit.infra.templates import NESTED


def _would(target: str, *variables: str) -> str:
    """Every command that make would run for a target if nothing were there yet."""
    words = ["make", "--dry-run", "--always-make", target, *variables]
    ended = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    return ended.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="Lambda's Runtime Interface Emulator runs on Linux only")
@pytest.mark.parametrize("target", ["test", "test-all"])
def test_the_tests_have_the_emulator(target: str) -> None:
    assert "install.sh .venv-tools requirements-tools.lock" in _would(target)


def test_the_check_asks_four_tools_of_every_template_and_state_machine() -> None:
    asked = _would("check")
    templates = ["template.yaml", *(f"infra/{name}.yaml" for name in NESTED.values())]
    for tool in (".venv-tools/bin/cfn-lint", ".venv-checkov/bin/checkov"):
        [line] = [line for line in asked.splitlines() if line.startswith(tool)]
        assert set(templates) <= set(line.split()), tool
    assert ".venv-tools/bin/sam validate --lint" in asked
    [line] = [line for line in asked.splitlines() if line.startswith(".venv/bin/statelint")]
    machines = (ROOT / "infra" / "statemachines").glob("*.json")
    assert {str(machine.relative_to(ROOT)) for machine in machines} <= set(line.split())


def test_what_is_made_is_removed_and_is_in_no_commit() -> None:
    removed = set(_would("clean").split())
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()}
    made = {".venv", ".venv-tools", ".venv-checkov", ".venv-spark", ".aws-sam", "out", "build"}
    assert made <= removed
    assert made <= ignored


def test_a_deployment_is_given_its_stage_its_image_and_parameters() -> None:
    given = ("STAGE=prod", "IMAGE_URI=an.image/of:it", "YES=1", "PARAMETERS=JobSize=large MaxVcpus=64")
    assert (
        'infra.account deploy --stage prod --image-uri "an.image/of:it" --yes -p JobSize=large -p MaxVcpus=64'
        in _would("deploy", *given)
    )
