"""One cap for all arms, from all arms' rows."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadSchema, BadTrial
from jobs.science.experiment.capping import pooled_cap


def test_the_cap_is_a_quantile_of_all_rows_with_a_finite_value() -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        spend = [*np.random.default_rng(0).permutation(1000).astype(float), np.nan, np.inf, None]
        connection.register("trial", pa.table({"spend": pa.array(spend, pa.float64()), "who": ["a"] * 1003}))
        assert pooled_cap(connection, "trial", "spend", 0.99) == 989.0
        with pytest.raises(BadTrial, match="is 0"):
            pooled_cap(connection, "(SELECT 0 AS spend FROM trial)", "spend")
        with pytest.raises(BadSchema, match="'who'"):
            pooled_cap(connection, "trial", "who")
        with pytest.raises(BadRequest, match="share == 1"):
            pooled_cap(connection, "trial", "spend", 1.0)
