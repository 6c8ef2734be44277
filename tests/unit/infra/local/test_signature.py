"""Only a request that the local identity signed, for this service and region, now, and unaltered, is let through."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.signature import ACCESS_KEY_ID, SECRET_ACCESS_KEY, BadSignature, verify

URL = "http://127.0.0.1:9/iceberg/v1/arn%3Aaws%3As3tables/namespaces?warehouse=a%2Fb&page=2"


def _signed(
    body: bytes = b"{}", key: str = ACCESS_KEY_ID, secret: str = SECRET_ACCESS_KEY, service: str = "s3tables"
) -> dict[str, str]:
    request = AWSRequest("POST", URL, data=body, headers={"Content-Type": "application/json", "Host": "127.0.0.1:9"})
    SigV4Auth(Credentials(key, secret), service, "eu-west-1").add_auth(request)
    return dict(request.headers.items())


def _verify(headers: dict[str, str], **changed: Any) -> None:
    sent = {"method": "POST", "url": URL, "headers": headers, "body": b"{}", **changed}
    verify(**sent, service="s3tables", region="eu-west-1")


def test_a_signed_request_is_let_through() -> None:
    _verify(_signed())


def test_names_of_headers_may_come_in_any_case() -> None:
    _verify({name.upper(): value for name, value in _signed().items()})


def test_headers_that_were_not_signed_may_be_added_on_the_way() -> None:
    _verify({**_signed(), "Via": "proxy"})


@pytest.mark.parametrize(
    ("signed", "sentence"),
    [
        # Signed when the test runs, not when it is collected: a signature lasts 15 minutes.
        (dict, "not signed"),
        (lambda: {"Authorization": "Bearer token"}, "not signed"),
        (lambda: _signed(service="execute-api"), "signed for execute-api in eu-west-1, must be s3tables"),
        (lambda: _signed(key="AKIDEXAMPLE"), "access key 'AKIDEXAMPLE' is unknown"),
        (lambda: _signed(secret="another"), "signature does not match"),
    ],
)
def test_another_signature_is_refused(signed: Callable[[], dict[str, str]], sentence: str) -> None:
    with pytest.raises(BadSignature, match=sentence):
        _verify(signed())


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "DELETE"},
        {"url": URL.replace("namespaces", "tables")},
        {"url": URL.replace("page=2", "page=3")},
        {"url": URL + "&purgeRequested=true"},
        {"body": b"{ }"},
    ],
)
def test_an_altered_request_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadSignature, match="does not match"):
        _verify(_signed(), **changed)


def test_an_altered_header_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not match"):
        _verify({**_signed(), "Content-Type": "text/plain"})


def test_a_body_of_another_digest_is_refused() -> None:
    with pytest.raises(BadSignature, match="X-Amz-Content-SHA256"):
        _verify({**_signed(), "X-Amz-Content-SHA256": "0" * 64})


def test_a_signature_of_another_region_is_refused() -> None:
    with pytest.raises(BadSignature, match="must be s3tables in us-east-1"):
        verify("POST", URL, _signed(), b"{}", service="s3tables", region="us-east-1")


@pytest.mark.parametrize(("minutes", "passes"), [(14, True), (-14, True), (16, False), (-16, False)])
def test_a_signature_lasts_15_minutes(minutes: int, passes: bool) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    headers = _signed()
    if passes:
        verify("POST", URL, headers, b"{}", service="s3tables", region="eu-west-1", now=then)
    else:
        with pytest.raises(BadSignature, match="15 minutes"):
            verify("POST", URL, headers, b"{}", service="s3tables", region="eu-west-1", now=then)


def test_a_signature_that_leaves_out_the_host_is_refused() -> None:
    headers = _signed()
    headers["Authorization"] = headers["Authorization"].replace("content-type;host;", "content-type;")
    with pytest.raises(BadSignature, match="must cover Host"):
        _verify(headers)
