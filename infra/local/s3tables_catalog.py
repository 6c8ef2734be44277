"""The operations of an Iceberg catalog over the API of Amazon S3 Tables, which stores one pointer a table."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.io import FileIO, load_file_io
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil, new_table_metadata
from pyiceberg.table.sorting import SortOrder
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata

from infra.local.table_locations import OutsideTable, check_properties, check_updates

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3tables import S3TablesClient

_CACHED_METADATA = 256


class TableId(NamedTuple):
    """Which table: ARN of the table bucket, namespace and name."""

    bucket: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True)
class Design:
    """What a new table shall be.

    Parameters
    ----------
    schema : Schema
        Columns.
    spec : PartitionSpec
        How rows are parted.
    order : SortOrder
        How rows are sorted in a file.
    properties : dict
        Table properties.
    location : str or None
        Location that was asked for, if any.
    """

    schema: Schema
    spec: PartitionSpec
    order: SortOrder
    properties: dict[str, str]
    location: str | None


@dataclass(frozen=True)
class TableState:
    """A table as it stands.

    Parameters
    ----------
    metadata_location : str
        Address of the metadata file.
    metadata : TableMetadata
        What the file says.
    version_token : str
        What an update must show, so that it replaces this state and no later one.
    location : str
        The table's own location.
    """

    metadata_location: str
    metadata: TableMetadata
    version_token: str
    location: str


class S3TablesCatalog:
    """Namespaces and tables of table buckets.

    Parameters
    ----------
    tables : boto3 client of s3tables
        Keeps the pointers.
    objects : boto3 client of s3
        Keeps the metadata files.
    io_properties : dict
        Properties with which PyIceberg reads manifests.
    """

    def __init__(self, tables: "S3TablesClient", objects: "S3Client", io_properties: dict[str, str]) -> None:
        self._tables = tables
        self._objects = objects
        self._io_properties = io_properties
        self._creation = threading.Lock()
        self._parsed: OrderedDict[str, TableMetadata] = OrderedDict()
        self._parsed_lock = threading.Lock()

    def has_bucket(self, bucket: str) -> bool:
        """Whether a table bucket of this ARN exists."""
        try:
            self._tables.get_table_bucket(tableBucketARN=bucket)
        except self._tables.exceptions.NotFoundException:
            return False
        return True

    def namespaces(self, bucket: str) -> list[str]:
        """Names of the bucket's namespaces."""
        pages = self._tables.get_paginator("list_namespaces").paginate(tableBucketARN=bucket)
        return [namespace["namespace"][0] for page in pages for namespace in page["namespaces"]]

    def create_namespace(self, bucket: str, namespace: str) -> None:
        """Make a namespace; NamespaceAlreadyExistsError where there is one."""
        try:
            self._tables.create_namespace(tableBucketARN=bucket, namespace=[namespace])
        except self._tables.exceptions.ConflictException as error:
            raise NamespaceAlreadyExistsError(f"Namespace already exists: {namespace}") from error

    def check_namespace(self, bucket: str, namespace: str) -> None:
        """Raise NoSuchNamespaceError where there is none."""
        try:
            self._tables.get_namespace(tableBucketARN=bucket, namespace=namespace)
        except self._tables.exceptions.NotFoundException as error:
            raise NoSuchNamespaceError(f"Namespace does not exist: {namespace}") from error

    def drop_namespace(self, bucket: str, namespace: str) -> None:
        """Drop an empty namespace."""
        self.check_namespace(bucket, namespace)
        if self.table_names(bucket, namespace):
            raise NamespaceNotEmptyError(f"Namespace is not empty: {namespace}")
        self._tables.delete_namespace(tableBucketARN=bucket, namespace=namespace)

    def table_names(self, bucket: str, namespace: str) -> list[str]:
        """Names of the namespace's tables."""
        self.check_namespace(bucket, namespace)
        pages = self._tables.get_paginator("list_tables").paginate(tableBucketARN=bucket, namespace=namespace)
        return [table["name"] for page in pages for table in page["tables"]]

    def create_table(self, table: TableId, design: Design) -> TableState:
        """Make a table with its first metadata; nobody sees it without."""
        with self._creation:
            try:
                self._tables.create_table(
                    tableBucketARN=table.bucket, namespace=table.namespace, name=table.name, format="ICEBERG"
                )
            except self._tables.exceptions.ConflictException as error:
                raise TableAlreadyExistsError(f"Table already exists: {table}") from error
            except self._tables.exceptions.NotFoundException as error:
                raise NoSuchNamespaceError(f"Namespace does not exist: {table.namespace}") from error
            try:
                return self._first_metadata(table, design)
            except BaseException:
                self._tables.delete_table(**_named(table))
                raise

    def load_table(self, table: TableId) -> TableState:
        """Return the table as it stands; NoSuchTableError where there is none."""
        pointer = self._pointer(table)
        if not pointer.get("metadataLocation"):
            with self._creation:
                pointer = self._pointer(table)
        address = pointer.get("metadataLocation")
        if not address:
            raise NoSuchTableError(f"Table has no Iceberg metadata yet: {table}")
        return TableState(address, self._read(address), pointer["versionToken"], pointer["warehouseLocation"])

    def commit(
        self, table: TableId, requirements: Sequence[TableRequirement], updates: Sequence[TableUpdate]
    ) -> TableState:
        """Apply updates to the table as it stands, or to none.

        Raises
        ------
        NoSuchTableError
            If there is no such table.
        CommitFailedException
            If a requirement does not hold, or another commit came between.
        OutsideTable
            If the commit names a path outside the table's location.
        """
        state = self.load_table(table)
        for requirement in requirements:
            requirement.validate(state.metadata)
        check_updates(state.location, updates, self._io)
        metadata = update_table_metadata(state.metadata, tuple(updates), metadata_location=state.metadata_location)
        if metadata == state.metadata:
            return state
        return self._point(table, state.version_token, _next_address(state), metadata)

    def purge_table(self, table: TableId) -> None:
        """Drop a table and all its files."""
        try:
            self._tables.delete_table(**_named(table))
        except self._tables.exceptions.NotFoundException as error:
            raise NoSuchTableError(f"Table does not exist: {table}") from error

    def rename_table(self, source: TableId, destination: TableId) -> None:
        """Give a table another name, or another namespace of the same bucket."""
        self._pointer(source)
        self.check_namespace(destination.bucket, destination.namespace)
        try:
            self._tables.rename_table(
                **_named(source), newNamespaceName=destination.namespace, newName=destination.name
            )
        except self._tables.exceptions.ConflictException as error:
            raise TableAlreadyExistsError(f"Table already exists: {destination}") from error

    @cached_property
    def _io(self) -> FileIO:
        # it imports Arrow, which takes a second: not before the first commit
        return load_file_io(self._io_properties)

    def _first_metadata(self, table: TableId, design: Design) -> TableState:
        pointer = self._pointer(table)
        own = pointer["warehouseLocation"]
        if design.location is not None and design.location.rstrip("/") != own:
            raise OutsideTable(
                f"location {design.location} cannot be chosen, S3 Tables gives each table its own: leave it out."
            )
        check_properties(own, design.properties)
        metadata = new_table_metadata(design.schema, design.spec, design.order, own, design.properties)
        return self._point(table, pointer["versionToken"], _address(own, 0), metadata)

    def _pointer(self, table: TableId) -> dict[str, Any]:
        try:
            return dict(self._tables.get_table_metadata_location(**_named(table)))
        except self._tables.exceptions.NotFoundException as error:
            raise NoSuchTableError(f"Table does not exist: {table}") from error

    def _point(self, table: TableId, token: str, address: str, metadata: TableMetadata) -> TableState:
        storage, key = _bucket_and_key(address)
        self._objects.put_object(Bucket=storage, Key=key, Body=metadata.model_dump_json(by_alias=True).encode())
        try:
            new = self._tables.update_table_metadata_location(
                **_named(table), versionToken=token, metadataLocation=address
            )
        except self._tables.exceptions.ConflictException as error:
            raise CommitFailedException(f"Another commit to {table} came between: try again") from error
        except self._tables.exceptions.NotFoundException as error:
            raise NoSuchTableError(f"Table does not exist: {table}") from error
        self._remember(address, metadata)
        return TableState(address, metadata, new["versionToken"], f"s3://{storage}")

    def _read(self, address: str) -> TableMetadata:
        known = self._parsed.get(address)
        if known is None:
            storage, key = _bucket_and_key(address)
            body = self._objects.get_object(Bucket=storage, Key=key)["Body"].read()
            known = TableMetadataUtil.parse_raw(body.decode())
            self._remember(address, known)
        return known

    def _remember(self, address: str, metadata: TableMetadata) -> None:
        # a metadata file never changes once it is written
        with self._parsed_lock:
            self._parsed[address] = metadata
            while len(self._parsed) > _CACHED_METADATA:
                self._parsed.popitem(last=False)


def _named(table: TableId) -> dict[str, str]:
    return {"tableBucketARN": table.bucket, "namespace": table.namespace, "name": table.name}


def _address(own: str, version: int) -> str:
    return f"{own}/metadata/{version:05d}-{uuid4()}.metadata.json"


def _next_address(state: TableState) -> str:
    version = int(state.metadata_location.rsplit("/", 1)[1].split("-", 1)[0])
    return _address(state.location, version + 1)


def _bucket_and_key(address: str) -> tuple[str, str]:
    storage, _, key = address.removeprefix("s3://").partition("/")
    return storage, key
