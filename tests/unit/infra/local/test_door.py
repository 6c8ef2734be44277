"""The door is the Iceberg REST catalog of S3 Tables: what it serves, and what it refuses as AWS does."""

import json
import urllib.error
import urllib.request
from urllib.parse import quote

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    BadRequestError,
    CommitFailedException,
    ForbiddenError,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table
from pyiceberg.table.update import AssertRefSnapshotId, SetPropertiesUpdate

from infra.local.home import LocalHome
from tests.unit.infra.local.catalogs import SCHEMA, rest_catalog, rows


@pytest.fixture
def catalog(local_home: LocalHome) -> Catalog:
    return rest_catalog(local_home)


@pytest.fixture
def table(catalog: Catalog, local_home: LocalHome) -> Table:
    return catalog.create_table((local_home.namespace, "t"), SCHEMA)


def test_pyiceberg_writes_and_reads_with_the_properties_that_aws_documents(catalog: Catalog, table: Table) -> None:
    table.append(rows(1, 2))
    table.overwrite(rows(3), overwrite_filter="writer == 1")
    found = catalog.load_table(table.name()).scan().to_arrow()
    assert sorted(found["writer"].to_pylist()) == [2, 3]
    assert [row["operation"] for row in table.inspect.snapshots().to_pylist()] == ["append", "overwrite", "append"]


def test_awswrangler_writes_and_reads(local_home: LocalHome) -> None:
    with_url = {"table_bucket_arn": local_home.table_bucket_arn, "namespace": local_home.namespace}
    before = wr.config.s3tables_catalog_endpoint_url
    wr.config.s3tables_catalog_endpoint_url = local_home.catalog_url
    try:
        frame = pd.DataFrame({"customer_id": ["a", "b"], "effect_eur": [0.5, -1.0]})
        wr.s3.to_iceberg(df=frame, table_name="effects", **with_url)
        back = wr.s3.from_iceberg(table_name="effects", **with_url)
    finally:
        wr.config.s3tables_catalog_endpoint_url = before
    assert back.to_dict("list") == frame.to_dict("list")


def test_namespaces(catalog: Catalog, local_home: LocalHome) -> None:
    catalog.create_namespace("another")
    assert sorted(catalog.list_namespaces()) == [("another",), (local_home.namespace,)]
    assert catalog.namespace_exists("another")
    assert catalog.load_namespace_properties("another") == {}
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace("another")
    with pytest.raises(BadRequestError, match="one level"):
        catalog.create_namespace(("a", "b"))
    catalog.drop_namespace("another")
    assert not catalog.namespace_exists("another")
    with pytest.raises(NoSuchNamespaceError):
        catalog.list_tables("another")


def test_tables_are_listed_renamed_and_purged(catalog: Catalog, table: Table, local_home: LocalHome) -> None:
    namespace = local_home.namespace
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table((namespace, "t"), SCHEMA)
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(namespace)
    catalog.rename_table((namespace, "t"), (namespace, "u"))
    assert catalog.list_tables(namespace) == [(namespace, "u")]
    catalog.purge_table((namespace, "u"))
    with pytest.raises(NoSuchTableError):
        catalog.load_table((namespace, "u"))


def test_a_table_can_only_be_dropped_with_its_files(catalog: Catalog, table: Table) -> None:
    with pytest.raises(BadRequestError, match="ask for purge"):
        catalog.drop_table(table.name())
    assert catalog.table_exists(table.name())


def test_staged_creation_is_refused(catalog: Catalog, local_home: LocalHome) -> None:
    with pytest.raises(BadRequestError, match="stage-create is not supported"):
        catalog.create_table_transaction((local_home.namespace, "staged"), SCHEMA)


def test_a_commit_on_a_table_that_has_moved_on_is_a_conflict(catalog: Catalog, table: Table) -> None:
    empty = AssertRefSnapshotId(ref="main", snapshot_id=None)
    change = SetPropertiesUpdate(updates={"owner": "a"})
    catalog.commit_table(table, (empty,), (change,))
    table.append(rows(1))
    with pytest.raises(CommitFailedException):
        catalog.commit_table(table, (empty,), (SetPropertiesUpdate(updates={"owner": "b"}),))
    assert table.refresh().properties["owner"] == "a"


def test_a_commit_that_changes_nothing_writes_nothing(catalog: Catalog, table: Table) -> None:
    assert catalog.commit_table(table, (), ()).metadata_location == table.metadata_location


@pytest.mark.parametrize("location", ["s3://somewhere-else", "s3://somewhere-else/t"])
def test_a_location_of_ones_own_choice_is_refused(catalog: Catalog, local_home: LocalHome, location: str) -> None:
    name = (local_home.namespace, "placed")
    with pytest.raises(BadRequestError, match="cannot be chosen"):
        catalog.create_table(name, SCHEMA, location=location)
    assert not catalog.table_exists(name), "no half of it is left"


def test_a_property_that_sends_files_elsewhere_is_refused(catalog: Catalog, table: Table) -> None:
    outside = {"write.data.path": "s3://somewhere-else/data"}
    with pytest.raises(BadRequestError, match=r"property write\.data\.path"):
        table.transaction().set_properties(outside).commit_transaction()
    with pytest.raises(BadRequestError, match=r"property write\.data\.path"):
        catalog.create_table((table.name()[0], "other"), SCHEMA, properties=outside)


def test_a_data_file_outside_the_table_is_refused(table: Table, local_home: LocalHome) -> None:
    outside = f"s3://{local_home.bucket}/data/file.parquet"
    with table.io.new_output(outside).create() as stream:
        pq.write_table(rows(1), stream)
    with pytest.raises(BadRequestError, match=rf"data file {outside} lies outside"):
        table.add_files([outside])
    assert len(table.refresh().scan().to_arrow()) == 0


def test_a_data_file_under_the_table_is_taken(table: Table) -> None:
    inside = f"{table.location()}/data/file.parquet"
    with table.io.new_output(inside).create(overwrite=True) as stream:  # a look first would list, and is refused
        pq.write_table(rows(7), stream)
    table.add_files([inside])
    assert table.scan().to_arrow()["writer"].to_pylist() == [7]


def test_an_unsigned_request_is_refused(local_home: LocalHome) -> None:
    for path in ("v1/config?warehouse=x", f"v1/{quote(local_home.table_bucket_arn, safe='')}/namespaces"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{local_home.catalog_url}/{path}")
        assert refused.value.code == 403
        assert json.load(refused.value)["error"]["type"] == "ForbiddenException"


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_SECRET_ACCESS_KEY", "wrong"), ("AWS_ACCESS_KEY_ID", "nobody")],
)
def test_a_wrongly_signed_request_is_refused(
    local_home: LocalHome, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ForbiddenError):
        rest_catalog(local_home)


def test_a_table_bucket_that_is_not_there_is_named(local_home: LocalHome) -> None:
    arn = local_home.table_bucket_arn + "-of-nobody"
    other = LocalHome(local_home.region, local_home.endpoint_url, local_home.catalog_url, "", arn, "netlift")
    with pytest.raises(BadRequestError, match="of-nobody' is no table bucket of eu-west-1"):
        rest_catalog(other)


def test_rows_keep_their_types(catalog: Catalog, local_home: LocalHome) -> None:
    schema = pa.schema(
        [
            pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("day", pa.date32()),
            pa.field("amount_eur", pa.float64()),
            pa.field("yes", pa.bool_()),
        ]
    )
    table = catalog.create_table((local_home.namespace, "typed"), schema)
    written = pa.table({"at": [0], "day": [1], "amount_eur": [0.1], "yes": [None]}, schema=schema)
    table.append(written)
    assert table.scan().to_arrow().cast(schema).equals(written)
