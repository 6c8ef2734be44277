"""The list of a judged trial as a CSV file."""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray


def list_csv(
    unit: pa.Array,
    arm: NDArray[np.int8],
    expected_net_eur: NDArray[np.float64],
    *,
    arms: Sequence[str],
    cost_eur: Sequence[float],
) -> bytes:
    """Return the customers who get something as CSV, the highest promise first.

    Parameters
    ----------
    unit : pyarrow.Array of str
        Id of each customer.
    arm : numpy.ndarray of shape (n_customers,)
        Place in `arms` of what each gets, -1 for nothing.
    expected_net_eur : numpy.ndarray of shape (n_customers,)
        Net euro to expect of each.
    arms : sequence of str
        Names of the arms but the control.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.

    Examples
    --------
    >>> made = list_csv(
    ...     pa.array(["a", "b", "c"]), np.array([0, -1, 1]), np.array([1.5, 0.0, 2.0]), arms=["mail", "post"],
    ...     cost_eur=[0.1, 0.9],
    ... )
    >>> made.decode().splitlines()
    ['"unit","arm","expected_net_eur","cost_eur","rank"', '"c","post",2,0.9,1', '"a","mail",1.5,0.1,2']
    """
    chosen = np.flatnonzero(arm >= 0)
    chosen = chosen[np.argsort(-expected_net_eur[chosen], kind="stable")]
    of_arm = pa.array(arm[chosen])
    table = pa.table(
        {
            "unit": unit.take(pa.array(chosen)),
            "arm": pa.array(arms, pa.string()).take(of_arm),
            "expected_net_eur": np.round(expected_net_eur[chosen], 6),
            "cost_eur": pa.array(cost_eur, pa.float64()).take(of_arm),
            "rank": np.arange(1, len(chosen) + 1),
        }
    )
    sink = io.BytesIO()
    pacsv.write_csv(table, sink, pacsv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()
