"""S3Objects: who wins when answers get lost, and what a refusal is called."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from jobs.errors import BadEnvironment, NetliftError, NoCredentials, NotDeployed, NotPermitted, StorageUnavailable
from jobs.storage.s3_objects import S3Objects, s3_client

Answer = Callable[[Any], AWSResponse | None]


class _Raw(io.BytesIO):
    """A body as botocore reads it from the wire."""

    def stream(self, amount: int = 1024, **_: object) -> Iterator[bytes]:
        while part := self.read(amount):
            yield part


def answer(status: int, code: str = "") -> AWSResponse:
    body = f"<Error><Code>{code}</Code><Message>said the test</Message></Error>".encode()
    return AWSResponse("http://s3", status, {"content-type": "application/xml"}, _Raw(body))


class Wire:
    """An S3 of one dictionary, with a say over each answer; it counts what was asked."""

    def __init__(self, *, tries: int = 3) -> None:
        self.bodies: dict[str, tuple[bytes, str]] = {}
        self.asked: list[str] = []
        self.script: list[Answer] = []
        self.client = boto3.client(
            "s3",
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"mode": "standard", "total_max_attempts": tries}),
        )
        self.client.meta.events.register("before-send.s3", self._send)

    def _send(self, request: Any, **_: object) -> AWSResponse:
        self.asked.append(request.method)
        if self.script:
            scripted = self.script.pop(0)(request)
            if scripted is not None:
                return scripted
        return self.serve(request)

    def serve(self, request: Any) -> AWSResponse:
        key = request.url.rpartition("/")[2]
        if request.method == "PUT":
            if key in self.bodies:
                return answer(412, "PreconditionFailed")
            token = request.headers["x-amz-meta-netlift-put"]
            body = request.body.read() if hasattr(request.body, "read") else request.body
            self.bodies[key] = (body, token.decode() if isinstance(token, bytes) else token)
            return AWSResponse("http://s3", 200, {}, _Raw(b""))
        if key not in self.bodies:
            return answer(404, "NoSuchKey")
        headers = {"x-amz-meta-netlift-put": self.bodies[key][1], "content-length": str(len(self.bodies[key][0]))}
        body = b"" if request.method == "HEAD" else self.bodies[key][0]
        return AWSResponse("http://s3", 200, headers, _Raw(body))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_a_put_whose_answer_was_lost_is_still_ours() -> None:
    """The object is written, the answer is a 500, botocore tries again and meets its own object."""
    wire = Wire()

    def writes_and_loses(request: Any) -> AWSResponse:
        wire.serve(request)
        return answer(500, "InternalError")

    wire.script = [writes_and_loses]
    assert S3Objects("bucket", "", wire.client).put_if_absent("key", b"mine") is True
    assert b"mine" in wire.bodies["key"][0]
    assert wire.asked == ["PUT", "PUT", "HEAD"]


def test_a_put_that_another_won_while_we_tried_again_is_not_ours() -> None:
    wire = Wire()

    def another_writes(_: Any) -> AWSResponse:
        wire.bodies["key"] = (b"mine", "token of another")
        return answer(503, "SlowDown")

    wire.script = [another_writes]
    assert S3Objects("bucket", "", wire.client).put_if_absent("key", b"mine") is False


def test_a_plain_loss_costs_no_second_request() -> None:
    wire = Wire()
    wire.bodies["key"] = (b"theirs", "token")
    assert S3Objects("bucket", "", wire.client).put_if_absent("key", b"mine") is False
    assert wire.asked == ["PUT"]


def test_a_conflict_is_tried_again() -> None:
    wire = Wire()
    wire.script = [lambda _: answer(409, "ConditionalRequestConflict")] * 3
    assert S3Objects("bucket", "", wire.client).put_if_absent("key", b"1") is True
    wire.script = [lambda _: answer(409, "ConditionalRequestConflict")] * 10
    with pytest.raises(StorageUnavailable, match="10 conflicts"):
        S3Objects("bucket", "", wire.client).put_if_absent("other", b"1")


@pytest.mark.parametrize(
    ("status", "code", "error", "says"),
    [
        (403, "AccessDenied", NotPermitted, "AWS refused s3:(GetObject|PutObject|ListBucket) .AccessDenied."),
        (400, "ExpiredToken", NoCredentials, "refused the credentials .ExpiredToken."),
        (404, "NoSuchBucket", NotDeployed, "the bucket does not exist"),
        (301, "PermanentRedirect", BadEnvironment, "check the bucket, the region"),
        (500, "InternalError", StorageUnavailable, "cannot do it now .InternalError."),
        (503, "SlowDown", StorageUnavailable, "cannot do it now .SlowDown."),
    ],
)
@pytest.mark.parametrize(
    "act",
    [
        lambda o: o.get("key"),
        lambda o: o.put_if_absent("key", b""),
        lambda o: o.list("key"),
        lambda o: o.open("key", "1"),
        lambda o: o.presign("key", 60),
    ],
)
def test_a_refusal_is_named(
    act: Callable[[S3Objects], object], status: int, code: str, error: type[NetliftError], says: str
) -> None:
    wire = Wire()

    def refuses(request: Any) -> AWSResponse:
        # to a HEAD S3 answers without a body, so only the status is known
        return AWSResponse("", status, {}, _Raw(b"")) if request.method == "HEAD" else answer(status, code)

    wire.script = [refuses] * 8
    with pytest.raises(NetliftError) as raised:
        act(S3Objects("bucket", "prefix", wire.client))
    if "HEAD" not in wire.asked:
        assert isinstance(raised.value, error)
        raised.match(says)
    elif status >= 500 or status == 403:
        assert isinstance(raised.value, error)
    raised.match("s3://bucket/prefix/key")
    assert raised.value.args[0].endswith(".")


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    client = s3_client("eu-west-1", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable, match="no answer"):
        S3Objects("bucket", "", client).get("key")


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(BadEnvironment, match="set the AWS credentials"):
        S3Objects("bucket", "", s3_client("eu-west-1", "http://127.0.0.1:9")).get("key")


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this-profile")
    with pytest.raises(BadEnvironment, match="nobody-has-this-profile"):
        s3_client("eu-west-1")


def test_the_client_tries_ten_times() -> None:
    client = s3_client("eu-west-1", "http://127.0.0.1:9")
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 10}  # type: ignore[attr-defined]


def test_bodies_are_compared_by_token_not_by_contents() -> None:
    """Two writers of equal bytes, one of whose answers was lost: one winner."""
    wire = Wire()
    first = S3Objects("bucket", "", wire.client)
    assert first.put_if_absent("key", json.dumps({}).encode()) is True
    wire.script = [lambda _: answer(500, "InternalError")]
    assert first.put_if_absent("key", json.dumps({}).encode()) is False
