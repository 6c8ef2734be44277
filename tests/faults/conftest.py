"""Homes of either sort for jobs that die."""

from collections.abc import Mapping
from pathlib import Path

import pytest


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Mapping[str, str]:
    """Variables that lead a process to an empty home: a folder, or the local cloud."""
    if request.param == "cloud":
        return request.getfixturevalue("local_home").environment()
    return {"NETLIFT_HOME": str(tmp_path / "home")}
