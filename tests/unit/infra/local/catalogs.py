"""Clients of the door, as a user of Amazon S3 Tables makes them."""

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog

from infra.local.home import LocalHome

SCHEMA = pa.schema([pa.field("writer", pa.int64(), nullable=False), pa.field("name", pa.string())])


def rest_catalog(home: LocalHome) -> RestCatalog:
    """PyIceberg's catalog with the properties that AWS documents for S3 Tables, and nothing else."""
    properties = {
        "type": "rest",
        "uri": home.catalog_url,
        "warehouse": home.table_bucket_arn,
        "rest.sigv4-enabled": "true",
        "rest.signing-name": "s3tables",
        "rest.signing-region": home.region,
    }
    return RestCatalog("s3tables", **properties)


def rows(*writers: int) -> pa.Table:
    """A table with a row for each writer."""
    return pa.table({"writer": list(writers), "name": [f"w{w}" for w in writers]}, schema=SCHEMA)
