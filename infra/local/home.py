"""Where a local run keeps its objects and tables, and the variables that lead a program there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.local.signature import ACCESS_KEY_ID, SECRET_ACCESS_KEY

HIDDEN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
"""Variables that would lead a client past the local cloud, or to another identity."""


@dataclass(frozen=True)
class LocalHome:
    """A bucket and a table bucket of the local cloud.

    Parameters
    ----------
    region : str
        AWS region of both.
    endpoint_url : str
        Address of AWS.
    catalog_url : str
        Address of the Iceberg REST catalog of S3 Tables.
    bucket : str
        Name of the bucket.
    table_bucket_arn : str
        ARN of the table bucket.
    namespace : str
        Namespace of the table bucket, already created.

    Examples
    --------
    >>> home = LocalHome("eu-west-1", "http://127.0.0.1:1", "http://127.0.0.1:2/iceberg", "b", "arn:x", "netlift")
    >>> home.environment()["NETLIFT_HOME"]
    's3://b/netlift'
    """

    region: str
    endpoint_url: str
    catalog_url: str
    bucket: str
    table_bucket_arn: str
    namespace: str

    @property
    def uri(self) -> str:
        """Address under which objects lie."""
        return f"s3://{self.bucket}/netlift"

    def environment(self) -> dict[str, str]:
        """Return the variables that lead AWS clients, and netlift, here; `HIDDEN` must be unset beside them."""
        past_proxies = ",".join(
            filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost"))
        )
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # the user's own files may name other endpoints and identities
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": past_proxies,
            "no_proxy": past_proxies,
            "NETLIFT_HOME": self.uri,
            "NETLIFT_TABLES": self.table_bucket_arn,
            "NETLIFT_NAMESPACE": self.namespace,
            "NETLIFT_CATALOG_URL": self.catalog_url,
        }

    def process_environment(self) -> dict[str, str]:
        """Return this process's environment led here, for a child process."""
        kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        return {**kept, **self.environment()}

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Lead this process here for a block; what was set before is set again after it."""
        wanted = self.environment()
        before = {name: os.environ.get(name) for name in (*wanted, *HIDDEN)}
        for name in HIDDEN:
            os.environ.pop(name, None)
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
