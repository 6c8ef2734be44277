"""The version that readings keep is the one of the project."""

import tomllib

from jobs.runtime.software import software
from tests.conftest import ROOT


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert software() == f"{project['name']} {project['version']}"
