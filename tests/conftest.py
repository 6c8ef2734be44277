"""What every test may ask for: the local cloud, an empty home in it, the real data."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from tests.aws_models import share_aws_models
from tests.trained import copy_home, trained, trained_folder

__all__ = ["copy_home", "trained", "trained_folder"]

share_aws_models()

# How long an example takes is the machine's affair: it may be at other work.
settings.register_profile("netlift", deadline=None)
settings.load_profile("netlift")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """What a test leads elsewhere, in whatever order its fixtures undo it, the next test finds as it was."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def local_cloud() -> Iterator[LocalCloud]:
    """One local cloud for the session; a test takes `local_home`, or `local_cloud.fresh_home()`, to itself."""
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def local_home(local_cloud: LocalCloud) -> Iterator[LocalHome]:
    """An empty bucket and table bucket for this test, and the environment of this process led to them."""
    home = local_cloud.fresh_home()
    with home.applied():
        yield home


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("NETLIFT_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"SKIPPED FOR WANT OF REAL DATA: {folder} is not there; name the folder in NETLIFT_DATA.")
    return folder
