"""A declared table in Iceberg's terms: field ids, partitions, properties, filters."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyiceberg import types as ice
from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThanOrEqual,
    In,
    LessThanOrEqual,
    Reference,
)
from pyiceberg.expressions.literals import Literal, literal
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform

from jobs.errors import BadRequest, BadSchema
from jobs.tables.declare import TIMESTAMP, Column, Table

PROPERTIES = {
    # Full bounds, not 16 characters of them: whoever deletes or filters by a long campaign id, be it another
    # program, then sees from the metadata alone that a file lies wholly inside it.
    "write.metadata.metrics.default": "full",
    "write.parquet.compression-codec": "zstd",
    "commit.retry.num-retries": "20",
}

_TYPES: dict[pa.DataType, ice.PrimitiveType] = {
    pa.string(): ice.StringType(),
    pa.bool_(): ice.BooleanType(),
    pa.int32(): ice.IntegerType(),
    pa.int64(): ice.LongType(),
    pa.float32(): ice.FloatType(),
    pa.float64(): ice.DoubleType(),
    pa.date32(): ice.DateType(),
    TIMESTAMP: ice.TimestamptzType(),
}
_FIRST_PARTITION_FIELD = 1000


def iceberg_type(table: Table, column: Column) -> ice.PrimitiveType:
    """Return a column's type in Iceberg.

    Raises
    ------
    BadSchema
        If Iceberg has none for it.
    """
    if column.type not in _TYPES:
        raise BadSchema(
            f"table {table.name}, column {column.name}: type {column.type} cannot be kept, "
            f"declare one of {', '.join(map(str, _TYPES))}."
        )
    return _TYPES[column.type]


def iceberg_schema(table: Table) -> Schema:
    """Return the schema of a declared table, ids in the order of its columns."""
    return Schema(
        *(
            ice.NestedField(i, c.name, iceberg_type(table, c), required=not c.nullable, doc=_doc(c))
            for i, c in enumerate(table.columns, 1)
        )
    )


def iceberg_partition(table: Table) -> PartitionSpec:
    """Return the partition of a declared table: the values themselves."""
    ids = {c.name: i for i, c in enumerate(table.columns, 1)}
    return PartitionSpec(
        *(
            PartitionField(ids[name], _FIRST_PARTITION_FIELD + i, IdentityTransform(), name)
            for i, name in enumerate(table.partition)
        )
    )


def file_schema(table: Table, kept: Schema) -> pa.Schema:
    """Return the Arrow schema of a data file: the declared types with the ids of the table as it is kept."""
    return pa.schema(
        [
            pa.field(
                c.name,
                c.type,
                nullable=c.nullable,
                metadata={b"PARQUET:field_id": str(kept.find_field(c.name).field_id).encode()},
            )
            for c in table.columns
        ]
    )


def iceberg_filter(table: Table, where: Mapping[str, Any] | None) -> BooleanExpression:
    """Return the filter for values, (lowest, highest) tuples and lists of values.

    Raises
    ------
    BadRequest
        If a column is not declared, or a value is not of its type.
    """
    out: BooleanExpression = AlwaysTrue()
    for name, wanted in (where or {}).items():
        if name not in table.names:
            raise BadRequest(
                f"table {table.name} has no column {name!r} to filter on: it has {', '.join(table.names)}."
            )
        column, at = table.column(name), Reference(name)
        if isinstance(wanted, tuple):
            low, high = (_literal(column, value) for value in wanted)
            out = And(out, GreaterThanOrEqual(term=at, value=low), LessThanOrEqual(term=at, value=high))
        elif isinstance(wanted, list):
            out = And(out, In(term=at, values={_literal(column, value) for value in wanted}))
        else:
            out = And(out, EqualTo(term=at, value=_literal(column, wanted)))
    return out


def within(value: Any, wanted: Any) -> bool:
    """Whether a value satisfies one entry of a filter."""
    if isinstance(wanted, tuple):
        return bool(wanted[0] <= value <= wanted[1])
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _literal(column: Column, value: Any) -> Literal[Any]:
    try:
        scalar = pa.scalar(value, column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise BadRequest(f"column {column.name} == {value!r}, must be of type {column.type}.") from error
    if not scalar.is_valid:
        raise BadRequest(f"column {column.name} == {value!r}, must be a value of type {column.type}.")
    return literal(scalar.as_py())


def _doc(column: Column) -> str:
    return f"{column.doc} [{column.unit}]" if column.unit else column.doc
