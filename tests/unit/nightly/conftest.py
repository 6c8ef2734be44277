"""One night of the made-up world, run by the command, for all tests of the page."""

import io
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest

from jobs.cli import main
from jobs.nightly import Nightly, nightly
from jobs.nightly.page import night_page
from jobs.runtime.stores import Stores
from tests.trained import DAY, folder_of
from tests.unit.nightly.nights import SOURCE, Night


@pytest.fixture(scope="module")
def night(copy_home: Callable[[], Stores], tmp_path_factory: pytest.TempPathFactory) -> Night:
    stores = copy_home()
    copy = tmp_path_factory.mktemp("pages") / "night.html"
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setenv("NETLIFT_HOME", str(folder_of(stores)))
        assert main(["run", "nightly", "--run-date", str(DAY), "--page", str(copy)]) == 0
    reports = nightly(Nightly(DAY), stores)
    return Night(stores, reports, night_page(DAY, reports, stores, source=SOURCE), printed.getvalue(), copy)
