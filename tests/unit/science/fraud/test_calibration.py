import numpy as np

from jobs.science.fraud.calibration import Calibration


def test_probability_is_linear_between_the_points_and_flat_beyond_them():
    curve = Calibration((-2.0, 0.0, 1.0), (0.0, 0.5, 0.6))
    np.testing.assert_allclose(curve.apply([-9, -2, -1, 0, 0.5, 1, 9]), [0, 0, 0.25, 0.5, 0.55, 0.6, 0.6])
    assert curve.apply(np.array([])).shape == (0,)
