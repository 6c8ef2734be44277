"""Appends from many writers at once all survive: a commit replaces the state it was made from, or is made again."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.home import LocalHome
from tests.unit.infra.local.catalogs import SCHEMA, rest_catalog, rows

RETRIES = {
    "commit.retry.num-retries": "40",
    "commit.retry.min-wait-ms": "5",
    "commit.retry.max-wait-ms": "200",
}


@pytest.mark.parametrize("appends", [12, pytest.param(40, marks=pytest.mark.long)])
def test_appends_from_8_threads_survive(local_home: LocalHome, appends: int) -> None:
    name = (local_home.namespace, "t")
    rest_catalog(local_home).create_table(name, SCHEMA, properties=RETRIES)

    def write(writer: int) -> None:
        rest_catalog(local_home).load_table(name).append(rows(writer))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(appends)))
    table = rest_catalog(local_home).load_table(name)
    assert sorted(table.scan().to_arrow()["writer"].to_pylist()) == list(range(appends))
    assert len(table.metadata.snapshots) == appends


@pytest.mark.long
def test_appends_from_two_processes_survive(local_home: LocalHome) -> None:
    name = (local_home.namespace, "t")
    rest_catalog(local_home).create_table(name, SCHEMA, properties=RETRIES)
    program = (
        "import sys\n"
        "from infra.local.home import LocalHome\n"
        "from tests.unit.infra.local.catalogs import rest_catalog, rows\n"
        f"table = rest_catalog({local_home!r}).load_table({name!r})\n"
        "for i in range(5):\n"
        "    table.append(rows(int(sys.argv[1]) * 5 + i))\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(n)], env=local_home.process_environment())
        for n in range(2)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    found = rest_catalog(local_home).load_table(name).scan().to_arrow()["writer"].to_pylist()
    assert sorted(found) == list(range(10))


def test_of_8_creators_of_a_table_one_wins_and_nobody_sees_half_of_it(local_home: LocalHome) -> None:
    name = (local_home.namespace, "t")

    def create(_: int) -> str:
        return str(rest_catalog(local_home).create_table_if_not_exists(name, SCHEMA).metadata.table_uuid)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(8)))) == 1
