"""A declared table in Iceberg's terms: every id, type and bound is where a reader looks for it."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import BadSchema
from jobs.storage.catalogs import folder_tables
from jobs.storage.iceberg_shape import iceberg_partition, iceberg_schema
from jobs.tables.declare import Column
from jobs.tables.inputs import INPUTS
from jobs.tables.outputs import OUTPUTS
from tests.contract.scores import CAMPAIGN, DAY, SCORES, rows


@pytest.mark.parametrize("table", [*OUTPUTS.values(), *INPUTS.values(), SCORES], ids=lambda t: t.name)
def test_every_declared_table_has_an_iceberg_schema(table: object) -> None:
    from jobs.tables.declare import Table

    assert isinstance(table, Table)
    schema = iceberg_schema(table)
    assert schema.column_names == table.names
    assert [f.required for f in schema.fields] == [not c.nullable for c in table.columns]
    assert [f.field_id for f in schema.fields] == list(range(1, len(table.names) + 1))
    assert [f.name for f in iceberg_partition(table).fields] == list(table.partition)


@pytest.mark.parametrize("of", [pa.list_(pa.string()), pa.timestamp("ns"), pa.decimal128(10, 2), pa.uint8()])
def test_a_type_that_cannot_be_kept_is_named(of: pa.DataType) -> None:
    table = replace(SCORES, columns=(*SCORES.columns, Column("odd", of, "", "odd")))
    with pytest.raises(BadSchema, match=r"table scores, column odd: type .* cannot be kept"):
        iceberg_schema(table)


def test_a_data_file_bears_field_ids_and_full_bounds(tmp_path: Path) -> None:
    writer = folder_tables(tmp_path, "netlift").open_stage(SCORES, {"run_date": DAY, "campaign_id": CAMPAIGN}, "run")
    writer.write(rows(DAY, CAMPAIGN, 10))
    staged = writer.close()
    assert staged is not None
    assert staged.bytes == Path(staged.path).stat().st_size
    metadata = pq.read_metadata(staged.path)
    schema = pq.read_schema(staged.path)
    assert [f.metadata[b"PARQUET:field_id"] for f in schema] == [b"%d" % i for i in range(1, len(schema) + 1)]
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    bounds = metadata.row_group(0).column(SCORES.names.index("campaign_id")).statistics
    assert (bounds.min, bounds.max) == (CAMPAIGN, CAMPAIGN)
