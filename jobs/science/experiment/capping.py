"""One cap for the revenue of all arms together: a cap of each arm's own would hide or make an effect."""

import math

import duckdb

from jobs.errors import BadRequest, BadSchema, BadTrial
from jobs.science.experiment.statement import quoted


def pooled_cap(connection: duckdb.DuckDBPyConnection, relation: str, column: str, share: float = 0.999) -> float:
    """Return the value that this share of all rows, whatever their arm, does not exceed.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the relation is.
    relation : str
        Table or view, or what may stand after FROM.
    column : str
        Revenue; rows without a finite value are left out.
    share : float
        In (0, 1).

    Returns
    -------
    float
        A value of the column.

    Raises
    ------
    BadRequest
        If the share is not in (0, 1).
    BadSchema
        If there is no such column, or it holds no numbers.
    BadTrial
        If the cap is not above 0: so many rows have no revenue that a cap would leave none.
    """
    if not 0.0 < share < 1.0:
        raise BadRequest(f"share == {share}, must be between 0 and 1, both excluded; 0.999 is usual.")
    value = f"CAST({quoted(column)} AS DOUBLE)"
    sql = f"SELECT quantile_disc({value}, {share!r}) FILTER (isfinite({value})) FROM {relation}"  # noqa: S608  quoted
    try:
        found = connection.execute(sql).fetchall()[0][0]
    except (duckdb.BinderException, duckdb.ConversionException) as wrong:
        raise BadSchema(f"column {column!r} cannot be capped: {str(wrong).splitlines()[0]}") from wrong
    cap = math.nan if found is None else float(found)
    if not cap > 0.0:
        raise BadTrial(f"the {share:g} quantile of column {column!r} is {cap}: choose a larger share, or no cap.")
    return cap
