"""A home leads a process to the local cloud for a block, and back."""

import os

import pytest

from infra.local.home import HIDDEN, LocalHome

HOME = LocalHome("eu-west-1", "http://127.0.0.1:1", "http://127.0.0.1:2/iceberg", "b", "arn:x", "netlift")


def test_what_was_set_before_is_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.delenv("NETLIFT_HOME", raising=False)
    before = dict(os.environ)
    with HOME.applied():
        assert os.environ["AWS_REGION"] == "eu-west-1"
        assert os.environ["NETLIFT_HOME"] == "s3://b/netlift"
        assert not set(HIDDEN) & set(os.environ)
    assert dict(os.environ) == before


def test_it_is_set_again_after_a_failure_too() -> None:
    before = dict(os.environ)
    with pytest.raises(KeyError), HOME.applied():
        _ = os.environ["NOT_SET_BY_ANYBODY"]
    assert dict(os.environ) == before


def test_hosts_that_were_kept_from_the_proxy_stay_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    assert HOME.environment()["NO_PROXY"] == "internal.example,127.0.0.1,localhost"


def test_a_child_process_sees_no_other_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another")
    child = HOME.process_environment()
    assert "AWS_SESSION_TOKEN" not in child
    assert child["AWS_ACCESS_KEY_ID"] == "netlift-local"
    assert child["PATH"] == os.environ["PATH"]
