"""Which columns of anybody's trial can tell customers apart, of which type, and why the others are left out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadSchema

FEW_LEVELS = 24
"""Text with no more distinct values than this is a category however few rows there are."""

ROWS_A_LEVEL = 20
"""Rows that a text's distinct values must have on average; with fewer it reads like a name or an id."""

ODD_SHARE = 0.1
"""Text of which no more than this is no number was most likely meant as numbers."""

_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Features:
    """Columns that may serve, and those that may not.

    Parameters
    ----------
    types : dict of str to str
        Name and type, ``"number"`` or ``"category"``, in the order of the columns.
    left_out : dict of str to str
        Name and the reason in words.
    """

    types: dict[str, str]
    left_out: dict[str, str]


def plain_columns(rows: pa.Table) -> pa.Table:
    """Bring columns to the few types that features are read from.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows as a file holds them.

    Returns
    -------
    pyarrow.Table
        Dictionaries are decoded, text is string, decimals are float64, dates and moments are days since 1970; a
        column of any other type (lists, bytes, durations) stays as it is.

    Examples
    --------
    >>> from datetime import date
    >>> plain_columns(pa.table({"since": [date(1970, 1, 3)]}))["since"].to_pylist()
    [2.0]
    """
    return pa.table([_plain(rows.column(name)) for name in rows.column_names], names=rows.column_names)


def infer_features(rows: pa.Table, without: Collection[str] = ()) -> Features:
    """Infer which columns can be features.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows from `plain_columns`.
    without : collection of str
        Columns with another task (arm, outcome, id) or that were excluded: neither taken nor reported.

    Returns
    -------
    Features
        Numbers, booleans and days are numbers, text is a category. Left out are columns that never vary, ids (whole
        numbers or text that hardly ever repeat), and types that hold no single value.

    Examples
    --------
    >>> found = infer_features(pa.table({"age": [30, 40, 40], "plan": ["a", "b", "a"], "land": ["NL"] * 3}))
    >>> found.types, found.left_out
    ({'age': 'number', 'plan': 'category'}, {'land': "is 'NL' in every row"})
    """
    types: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name in rows.column_names:
        if name in without:
            continue
        kind, why_not = _judge(rows.column(name))
        if why_not:
            left_out[name] = why_not
        else:
            types[name] = kind
    return Features(types, left_out)


def require_features(rows: pa.Table, types: Mapping[str, str], file: str) -> None:
    """Refuse rows that cannot be scored with these features.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows from `plain_columns`.
    types : mapping of str to str
        Name and type of each feature.
    file : str
        Where the rows are from, for the message.

    Raises
    ------
    BadSchema
        If a feature is missing, or holds text where the trial had numbers.
    """
    for name, kind in types.items():
        if name not in rows.column_names:
            raise BadSchema(
                f"{file} has no column {name!r}, which the trial's customers are told apart by: "
                f"add it, or leave it out of the trial too (--exclude {name!r})"
            )
        found = rows.schema.field(name).type
        fits = _is_number(found) if kind == "number" else pa.types.is_string(found) or _is_number(found)
        if not fits and not pa.types.is_null(found):
            raise BadSchema(f"{file}, column {name!r}: holds {found} where the trial has a {kind}: mend the column")


def odd_cells(rows: pa.Table) -> list[str]:
    """Say which columns hold cells that do not fit the rest of their column.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows from `plain_columns`.

    Returns
    -------
    list of str
        A sentence a column at most.

    Examples
    --------
    >>> odd_cells(pa.table({"age": ["31"] * 30 + ["n/a"]}))
    ["feature 'age' is no number because of 1 of 31 cells ('n/a' first): mend them."]
    """
    said = []
    for name in rows.column_names:
        column = rows.column(name)
        if pa.types.is_string(column.type):
            present = column.drop_null()
            odd = present.filter(pc.invert(pc.match_substring_regex(present, _NUMBER)))
            if 0 < len(odd) <= ODD_SHARE * len(present):
                said.append(
                    f"feature {name!r} is no number because of {len(odd):,} of {len(present):,} cells "
                    f"({odd[0].as_py()!r} first): mend them."
                )
        elif pa.types.is_floating(column.type):
            endless = pc.sum(pc.invert(pc.is_finite(column.drop_null()))).as_py() or 0
            if endless:
                said.append(f"feature {name!r} is NaN or infinite in {endless:,} rows: these are read as missing.")
    return said


def _judge(column: pa.ChunkedArray) -> tuple[str, str]:
    """Return the type of a feature, or why it can be none."""
    found = column.type
    if pa.types.is_null(found):
        return "", "is empty in every row"
    if not (_is_number(found) or pa.types.is_string(found)):
        return "", f"holds {found}, neither numbers nor text"
    if pa.types.is_floating(found):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, found))
    present = column.drop_null()
    distinct = pc.count_distinct(present).as_py()
    if distinct == 0:
        return "", "is empty in every row"
    if distinct == 1 and present.length() == len(column):
        return "", f"is {present[0].as_py()!r} in every row"
    if pa.types.is_string(found):
        if distinct > max(FEW_LEVELS, present.length() / ROWS_A_LEVEL):
            return "", f"has {distinct:,} different values, as an id or a free text has"
        return "category", ""
    if pa.types.is_integer(found) and distinct == present.length() > FEW_LEVELS:
        return "", "is another whole number in every row, as an id is"
    return "number", ""


def _is_number(found: pa.DataType) -> bool:
    return bool(pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_boolean(found))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    found = column.type
    if pa.types.is_date(found) or pa.types.is_timestamp(found):
        moments = column.cast(pa.timestamp("us", tz=getattr(found, "tz", None)), safe=False)
        return pc.divide(moments.cast(pa.int64()).cast(pa.float64()), float(_DAY_US))
    if pa.types.is_decimal(found):
        return column.cast(pa.float64())
    if pa.types.is_large_string(found) or pa.types.is_string_view(found):
        return column.cast(pa.string())
    return column
