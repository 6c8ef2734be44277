"""A trained home in a folder, named by the environment as a function's is."""

import pytest

from jobs.runtime.stores import Stores
from tests.trained import folder_of


@pytest.fixture
def stores(trained: Stores, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """The home that the handlers of this test find in their environment."""
    monkeypatch.setenv("NETLIFT_HOME", str(folder_of(trained)))
    monkeypatch.delenv("NETLIFT_TABLES", raising=False)
    return trained
