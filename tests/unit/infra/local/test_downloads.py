"""A fetch tries again where that can help, and says in one sentence why it gave up where it cannot."""

import socket
from collections.abc import Iterator

import pytest

from infra.local.downloads import download
from jobs.errors import BadFile, BadRequest, ObjectMissing, StorageUnavailable
from tests.unit.infra.local.http_files import FileServer, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as shared:
        shared.files["a"] = b"0123456789"
        yield shared


def test_a_file_arrives_whole_after_a_busy_server_and_a_broken_connection(server: FileServer) -> None:
    server.failures["a"] = [503, 0, 429]
    assert download(f"{server.address}/a", 10, first_pause_s=0) == b"0123456789"
    assert server.asked == ["a"] * 4


def test_pauses_double(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("infra.local.downloads.time.sleep", pauses.append)
    server.failures["a"] = [500, 500, 500]
    download(f"{server.address}/a", 10, first_pause_s=0.5)
    assert pauses == [0.5, 1.0, 2.0]


def test_a_server_that_stays_broken_is_given_up(server: FileServer) -> None:
    server.failures["a"] = [0] * 9
    with pytest.raises(StorageUnavailable, match=r"/a could not be fetched in 3 tries \(.*5 bytes read"):
        download(f"{server.address}/a", 10, tries=3, first_pause_s=0)
    assert server.asked == ["a"] * 3


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as held:  # bound and not listening: nobody else can take the port
        held.bind(("127.0.0.1", 0))
        with pytest.raises(StorageUnavailable, match="could not be fetched in 2 tries"):
            download(f"http://127.0.0.1:{held.getsockname()[1]}/a", 10, tries=2, first_pause_s=0)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_is_not_there_is_not_asked_for_again(server: FileServer, status: int) -> None:
    server.failures["a"] = [status]
    with pytest.raises(ObjectMissing, match=f"/a answers {status} "):
        download(f"{server.address}/a", 10, first_pause_s=0)
    assert server.asked == ["a"]


def test_a_file_that_is_too_long_is_refused(server: FileServer) -> None:
    with pytest.raises(BadFile, match="is longer than 9 bytes"):
        download(f"{server.address}/a", 9, first_pause_s=0)


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/a", "a.csv"])
def test_only_http_is_fetched(address: str) -> None:
    with pytest.raises(BadRequest, match="is not an address of http or https"):
        download(address, 10)
