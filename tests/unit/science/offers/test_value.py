"""Net value takes off the contact and what fraud takes back, and refuses numbers that cannot be."""

import numpy as np
import pytest

from jobs.errors import BadRows
from jobs.science.offers.value import net_value


def test_contact_and_expected_fraud_loss_are_taken_off_every_arm():
    value = net_value([[3.0, 1.0], [2.0, 2.0]], [0.5, 0.2], [0.1, 0.0], [20.0, 99.0])
    assert value.dtype == np.float32
    assert value == pytest.approx(np.array([[0.5, -1.2], [1.5, 1.8]]), abs=1e-6)


def test_the_effects_handed_in_stay_as_they_were():
    effect = np.ones((2, 1), np.float32)
    net_value(effect, [0.5], [0.0, 0.0], 1.0)
    assert (effect == 1).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"effect_eur": [[np.nan]]}, r"effect_eur\[0, 0\] == nan"),
        ({"contact_cost_eur": [-0.1]}, r"contact_cost_eur\[0\] == -0.1"),
        ({"fraud_probability": [1.2]}, r"fraud_probability\[0\] == 1.2"),
        ({"loss_eur": [np.inf]}, r"loss_eur\[0\] == inf"),
    ],
)
def test_a_number_that_cannot_be_is_named_with_its_place(change, sentence):
    good = {"effect_eur": [[1.0]], "contact_cost_eur": [0.1], "fraud_probability": [0.1], "loss_eur": [5.0]}
    with pytest.raises(BadRows, match=sentence):
        net_value(**(good | change))
