"""Whether a request bears a valid AWS Signature Version 4 of the one local identity."""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY_ID = "netlift-local"
SECRET_ACCESS_KEY = "netlift-local-test"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<day>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;_-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_CLOCK_SKEW = timedelta(minutes=15)


class BadSignature(Exception):
    """A request that is not signed as it must be; the message says what is wrong."""


def verify(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    service: str,
    region: str,
    now: datetime | None = None,
) -> None:
    """Check the signature of a request.

    Parameters
    ----------
    method : str
        HTTP method.
    url : str
        The address as it came over the wire, escapes and query included.
    headers : mapping
        Headers of the request; names in any case.
    body : bytes
        Body of the request.
    service, region : str
        What the signature must be for.
    now : datetime, optional
        Moment of the check, with a time zone; the clock's if not given.

    Raises
    ------
    BadSignature
        If the request is unsigned, for another service or region, from an unknown key, stale, or altered.

    References
    ----------
    AWS General Reference, "Create a signed AWS API request".
    """
    given = {name.lower(): value for name, value in headers.items()}
    authorization = given.get("authorization", "")
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise BadSignature("the request is not signed with AWS Signature Version 4")
    if (match["service"], match["region"]) != (service, region):
        raise BadSignature(
            f"the request is signed for {match['service']} in {match['region']}, must be {service} in {region}"
        )
    if match["key"] != ACCESS_KEY_ID:
        raise BadSignature(f"the access key {match['key']!r} is unknown, the local one is {ACCESS_KEY_ID!r}")
    signed = match["headers"].split(";")
    if "host" not in signed or "x-amz-date" not in signed or not all(name in given for name in signed):
        raise BadSignature("the signature must cover Host, X-Amz-Date and only headers that are there")
    _check_moment(given["x-amz-date"], match["day"], now or datetime.now(UTC))
    digest = sha256(body).hexdigest()
    if given.get("x-amz-content-sha256", digest) != digest:
        raise BadSignature("the body is not the one whose digest X-Amz-Content-SHA256 gives")
    signer = SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), service, region)
    expected = _signature(signer, method, url, {name: given[name] for name in signed}, body)
    if not hmac.compare_digest(expected, match["signature"]):
        raise BadSignature("the signature does not match: wrong secret key, or the request was altered")


def _check_moment(stamp: str, day: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadSignature(f"X-Amz-Date is {stamp!r}, must look like 20261122T143000Z") from None
    if stamp[:8] != day:
        raise BadSignature(f"the credential is of {day} and X-Amz-Date of {stamp[:8]}")
    if abs(now - signed_at) > _CLOCK_SKEW:
        raise BadSignature(f"the request was signed at {stamp}, more than 15 minutes from now")


def _signature(signer: SigV4Auth, method: str, url: str, headers: dict[str, str], body: bytes) -> str:
    parts = urlsplit(url)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    request = AWSRequest(method=method, url=f"http://local{parts.path}", params=params, data=body, headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))
