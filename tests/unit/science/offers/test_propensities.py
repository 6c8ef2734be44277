"""What is logged is read back to the last bit, and what is no distribution is refused."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadRows
from jobs.science.offers.propensities import log_propensities, read_propensities

NAMES = ["none", 'mail "now"', "post, later"]


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda r: sum(r) > 1e-300), max_size=5))
def test_a_logged_row_is_read_back_to_the_last_bit(rows: list[list[float]]) -> None:
    weight = np.array(rows).reshape(-1, 3)
    propensity = weight / weight.sum(axis=1, keepdims=True)
    assert np.array_equal(read_propensities(log_propensities(NAMES, propensity), NAMES, "log"), propensity)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('{"none": 0.5}', r"log, row 2: probabilities sum to 0\.5"),
        ('{"none": 1.5, "post, later": -0.5}', "the least is -0.5"),
        ('{"none": NaN}', "probabilities sum to nan"),
        ('{"fax": 1.0}', "names 'fax', the arms are 'none'"),
        ("none", "'none' is no JSON object"),
        ('["none"]', "is no JSON object"),
        ('{"none": "x"}', "is no JSON object"),
        (None, "'None' is no JSON object"),
    ],
)
def test_a_row_that_is_no_distribution_is_named(row: str | None, says: str) -> None:
    with pytest.raises(BadRows, match=says):
        read_propensities(pa.array(['{"none": 1.0}', row]), NAMES, "log")
