"""A threshold rounded down to float32 decides every float32 as the threshold itself does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.scorer_format_parts import rounded_down

FINITE = {"allow_nan": False, "allow_infinity": False}


@given(st.floats(-1e30, 1e30, **FINITE), st.integers(-3, 3))
def test_no_value_near_the_threshold_changes_sides(threshold: float, steps: int) -> None:
    value = np.float32(threshold)
    for _ in range(abs(steps)):
        value = np.nextafter(value, np.float32(np.inf if steps > 0 else -np.inf))
    assert (float(value) <= threshold) == (value <= rounded_down(threshold))
