"""moto has no maintenance of tables of S3 Tables: keep what is configured and give it back, nothing more."""

import json
from functools import cache
from typing import Any
from urllib.parse import unquote

from moto.s3tables.responses import S3TablesResponse
from moto.s3tables.urls import url_paths

from infra.local.mends.pinned import expect_moto

_TABLE = "{0}/tables/(?P<tableBucketARN>.+)/(?P<namespace>[^/]+)/(?P<name>[^/]+)/maintenance"


@cache
def apply() -> None:
    """Answer Put- and GetTableMaintenanceConfiguration.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or answers them by itself.
    """
    expect_moto(__name__, not hasattr(S3TablesResponse, "put_table_maintenance_configuration"))
    S3TablesResponse.put_table_maintenance_configuration = _put
    S3TablesResponse.get_table_maintenance_configuration = _get
    url_paths[f"{_TABLE}$"] = S3TablesResponse.dispatch
    url_paths[f"{_TABLE}/(?P<type>[^/]+)$"] = S3TablesResponse.dispatch


def _put(self: S3TablesResponse) -> Any:
    *path, kind = self.raw_path.lstrip("/").split("/")
    _, table = _asked(self, path)
    table.maintenance = {**getattr(table, "maintenance", {}), kind: json.loads(self.body)["value"]}
    return 204, self.default_response_headers, ""


def _get(self: S3TablesResponse) -> Any:
    arn, table = _asked(self, self.raw_path.lstrip("/").split("/"))
    answer = {"tableARN": f"{arn}/table/{table.name}", "configuration": getattr(table, "maintenance", {})}
    return 200, self.default_response_headers, json.dumps(answer)


def _asked(response: S3TablesResponse, path: list[str]) -> tuple[str, Any]:
    """The table bucket and the table of tables/ARN/NAMESPACE/NAME/maintenance."""
    _, arn, namespace, name, _ = path
    return unquote(arn), response.s3tables_backend.get_table(unquote(arn), namespace, name)
