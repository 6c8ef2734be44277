"""A handful of broken rows, one of each kind, so that one can watch them being set aside."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.science.synthetic.draws import DAY_US, timestamps


def plant_transactions(rows: pa.Table, end_us: int) -> pa.Table:
    """Append four broken payments: no amount, a negative amount, an id seen before, a moment in the future.

    Parameters
    ----------
    rows : pyarrow.Table
        Payments, at least one.
    end_us : int
        End of the run's date, microseconds since 1970.
    """
    model = rows.slice(0, 1)
    return pa.concat_tables(
        [
            rows,
            _replace(_replace(model, "transaction_id", "t-no-amount"), "amount_eur", float("nan")),
            _replace(_replace(model, "transaction_id", "t-negative"), "amount_eur", -20.0),
            model,
            _replace(
                _replace(model, "transaction_id", "t-future"),
                "occurred_at",
                timestamps(np.array([end_us + 3 * DAY_US]))[0],
            ),
        ]
    )


def plant_trial(rows: pa.Table) -> pa.Table:
    """Append three broken units: an arm nobody declared, a propensity of 0, an outcome that is not a number.

    Parameters
    ----------
    rows : pyarrow.Table
        Units of the trial, at least one.
    """
    model = rows.slice(0, 1)
    return pa.concat_tables(
        [
            rows,
            _replace(_replace(model, "customer_id", "c-unknown-arm"), "arm", "cashback-midnight"),
            _replace(_replace(model, "customer_id", "c-no-propensity"), "propensity", 0.0),
            _replace(_replace(model, "customer_id", "c-no-outcome"), "net_margin_eur", float("nan")),
        ]
    )


def _replace(row: pa.Table, column: str, value: object) -> pa.Table:
    place = row.schema.get_field_index(column)
    field = row.schema.field(place)
    scalar = value if isinstance(value, pa.Scalar) else pa.scalar(value, field.type)
    return row.set_column(place, field, pc.cast(pa.array([scalar.as_py()], field.type), field.type))
