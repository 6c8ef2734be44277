"""A night on the local cloud that was loaded, trained, run, and run again: once for all tests of whole nights."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import awswrangler
import pytest

from infra.local.cloud import LocalCloud
from infra.local.emulator import why_no_emulator
from infra.local.home import LocalHome
from jobs.nightly import Nightly, nightly
from jobs.runtime.plan import Manifest, read_manifest
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from tests.e2e.command_line import CommandLine, own_logs
from tests.trained import DAY, build_history, folder_of, load, states, train

collect_ignore = ["deaths"]  # a program for processes that shall die, not for this one


@pytest.fixture(scope="module")
def emulated() -> Iterator[LocalCloud]:
    """A local cloud whose functions run on the emulator; it shares what it stores with that of the session."""
    reason = why_no_emulator()
    if reason:
        pytest.skip(f"SKIPPED FOR WANT OF THE EMULATOR: {reason}")
    with LocalCloud(functions="emulator") as cloud:
        yield cloud


@dataclass(frozen=True)
class Night:
    """A night that was run twice, and what was seen of it."""

    home: LocalHome
    world: World
    stores: Stores
    training: tuple[Report, ...]
    reports: tuple[Report, ...]
    read: Counter[str]
    before: dict[str, str]
    again: tuple[Report, ...]
    read_again: Counter[str]
    after: dict[str, str]

    def report(self, verb: str) -> Report:
        [found] = [r for r in self.reports if r.verb == verb]
        return found

    def manifest(self, report: Report) -> Manifest:
        return read_manifest(self.stores, report.run_id)


@pytest.fixture(scope="session")
def ran_night(local_cloud: LocalCloud) -> Night:
    home = local_cloud.fresh_home()
    with home.applied(), pytest.MonkeyPatch.context() as patch:
        stores = open_stores()
        world = load(stores.objects)
        training = (build_history(stores), *train(stores))
        through: list[str] = []
        honest = awswrangler.s3.read_parquet

        def counted(*, path: list[str], **options: object) -> object:
            through.extend(path)
            return honest(path=path, **options)

        patch.setattr(awswrangler.s3, "read_parquet", counted)
        reports = nightly(Nightly(DAY), stores)
        read = Counter(through)
        before = states(stores)
        through.clear()
        again = nightly(Nightly(DAY), stores)
        return Night(home, world, stores, training, reports, read, before, again, Counter(through), states(stores))


@pytest.fixture
def night(ran_night: Night) -> Iterator[Night]:
    """The night, with this process's environment led to its home."""
    with ran_night.home.applied():
        yield ran_night


@pytest.fixture
def netlift(
    trained: Stores, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    """The command line on a trained home in a folder of this test's own."""
    monkeypatch.setenv("NETLIFT_HOME", str(folder_of(trained)))
    monkeypatch.delenv("NETLIFT_TABLES", raising=False)
    with own_logs():
        yield CommandLine(trained, capsys)
