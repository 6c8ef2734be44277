"""The Iceberg REST catalog of Amazon S3 Tables, as a WSGI application: signed requests only."""

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, request
from pydantic import ValidationError
from pyiceberg.catalog.rest import CreateTableRequest
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table import CommitTableRequest
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from infra.local.s3tables_catalog import Design, S3TablesCatalog, TableId, TableState
from infra.local.signature import BadSignature, verify
from infra.local.table_locations import OutsideTable

log = logging.getLogger(__name__)

ROOT = "/iceberg"
_BUCKET = f"{ROOT}/v1/<path:bucket>"
_NAMESPACE = f"{_BUCKET}/namespaces/<namespace>"
_TABLE = f"{_NAMESPACE}/tables/<table>"


class BadDoorRequest(Exception):
    """A request that Amazon S3 Tables refuses."""


_ERRORS: tuple[tuple[type[Exception], int, str], ...] = (
    (BadSignature, 403, "ForbiddenException"),
    (NoSuchTableError, 404, "NoSuchTableException"),
    (NoSuchNamespaceError, 404, "NoSuchNamespaceException"),
    (TableAlreadyExistsError, 409, "AlreadyExistsException"),
    (NamespaceAlreadyExistsError, 409, "AlreadyExistsException"),
    (NamespaceNotEmptyError, 409, "NamespaceNotEmptyException"),
    (CommitFailedException, 409, "CommitFailedException"),
    (OutsideTable, 400, "BadRequestException"),
    (BadDoorRequest, 400, "BadRequestException"),
    (ValidationError, 400, "BadRequestException"),
    (FileNotFoundError, 400, "BadRequestException"),
)


def create_door(catalog: S3TablesCatalog, region: str, client_properties: dict[str, str]) -> Flask:
    """Return the door.

    Parameters
    ----------
    catalog : S3TablesCatalog
        What stands behind.
    region : str
        Region that requests must be signed for, and that table buckets must be of.
    client_properties : dict
        What every client is told at its first question, such as where S3 is.

    References
    ----------
    Apache Iceberg REST Catalog specification; Amazon S3 User Guide, "Accessing tables using the Amazon S3 Tables
    Iceberg REST endpoint", for what is refused: stage-create, drop without purge, namespaces of several levels.
    """
    door = Flask("s3tables")
    door.before_request(_signed_for(region))
    for kind, status, name in _ERRORS:
        door.register_error_handler(kind, _answer_error(status, name))

    @door.get(f"{ROOT}/v1/config")
    def config() -> Response:
        warehouse = request.args.get("warehouse", "")
        if not warehouse.startswith(f"arn:aws:s3tables:{region}:") or not catalog.has_bucket(warehouse):
            raise BadDoorRequest(f"warehouse {warehouse!r} is no table bucket of {region}: create it, or give its ARN.")
        return _json({"defaults": {}, "overrides": {"prefix": quote(warehouse, safe=""), **client_properties}})

    _serve_namespaces(door, catalog)
    _serve_tables(door, catalog)
    return door


def _serve_namespaces(door: Flask, catalog: S3TablesCatalog) -> None:
    @door.get(f"{_BUCKET}/namespaces")
    def namespaces(bucket: str) -> Response:
        return _json({"namespaces": [[name] for name in catalog.namespaces(bucket)]})

    @door.post(f"{_BUCKET}/namespaces")
    def create_namespace(bucket: str) -> Response:
        levels = _body().get("namespace")
        if not isinstance(levels, list) or len(levels) != 1:
            raise BadDoorRequest(f"namespace {levels!r} must have one level.")
        catalog.create_namespace(bucket, levels[0])
        return _json({"namespace": levels, "properties": {}})

    @door.get(_NAMESPACE)  # Flask answers HEAD with it too
    def namespace(bucket: str, namespace: str) -> Response:
        catalog.check_namespace(bucket, namespace)
        return _json({"namespace": [namespace], "properties": {}})

    @door.delete(_NAMESPACE)
    def drop_namespace(bucket: str, namespace: str) -> Response:
        catalog.drop_namespace(bucket, namespace)
        return Response(status=204)


def _serve_tables(door: Flask, catalog: S3TablesCatalog) -> None:
    @door.get(f"{_NAMESPACE}/tables")
    def tables(bucket: str, namespace: str) -> Response:
        names = catalog.table_names(bucket, namespace)
        return _json({"identifiers": [{"namespace": [namespace], "name": name} for name in names]})

    @door.post(f"{_NAMESPACE}/tables")
    def create_table(bucket: str, namespace: str) -> Response:
        empty = {"location": None, "partition-spec": None, "write-order": None}
        wanted = CreateTableRequest.model_validate({**empty, **_body()})
        if wanted.stage_create:
            raise BadDoorRequest("stage-create is not supported by S3 Tables: create the table, then write to it.")
        design = Design(
            schema=wanted.table_schema,
            spec=wanted.partition_spec or UNPARTITIONED_PARTITION_SPEC,
            order=wanted.write_order or UNSORTED_SORT_ORDER,
            properties=wanted.properties,
            location=wanted.location,
        )
        return _json(_described(catalog.create_table(TableId(bucket, namespace, wanted.name), design)))

    @door.get(_TABLE)  # Flask answers HEAD with it too
    def table(bucket: str, namespace: str, table: str) -> Response:
        return _json(_described(catalog.load_table(TableId(bucket, namespace, table))))

    @door.post(_TABLE)
    def commit(bucket: str, namespace: str, table: str) -> Response:
        wanted = CommitTableRequest.model_validate({"identifier": {"namespace": [namespace], "name": table}, **_body()})
        state = catalog.commit(TableId(bucket, namespace, table), wanted.requirements, wanted.updates)
        return _json(_described(state))

    @door.delete(_TABLE)
    def drop_table(bucket: str, namespace: str, table: str) -> Response:
        if request.args.get("purgeRequested", "false").lower() != "true":
            raise BadDoorRequest("a table of S3 Tables can only be dropped with its files: ask for purge.")
        catalog.purge_table(TableId(bucket, namespace, table))
        return Response(status=204)

    @door.post(f"{_BUCKET}/tables/rename")
    def rename(bucket: str) -> Response:
        body = _body()
        source, destination = (
            TableId(bucket, body[side]["namespace"][0], body[side]["name"]) for side in ("source", "destination")
        )
        catalog.rename_table(source, destination)
        return Response(status=204)


def _signed_for(region: str) -> Callable[[], None]:
    def check() -> None:
        # the path as it was sent: WSGI's PATH_INFO has lost the escapes that were signed
        url = request.environ["REQUEST_URI"]
        verify(request.method, url, dict(request.headers), request.get_data(), service="s3tables", region=region)

    return check


def _answer_error(status: int, name: str) -> Callable[[Exception], Response]:
    def answer(error: Exception) -> Response:
        log.debug("answered %s %s: %s", status, name, error)
        return _json({"error": {"message": str(error), "type": name, "code": status}}, status)

    return answer


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadDoorRequest("the body must be a JSON object.")
    return body


def _described(state: TableState) -> dict[str, Any]:
    return {
        "metadata-location": state.metadata_location,
        "metadata": json.loads(state.metadata.model_dump_json(by_alias=True)),
        "config": {},
    }


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, mimetype="application/json")
