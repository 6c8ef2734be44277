"""A menu that cannot be is refused in a sentence that names what and by how much."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.offers.menu import Menu, Resource


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        (Resource("cap", "customers", (3,), 1), "cap names arm 3"),
        (Resource("cap", "people", (0,), 1), "unit 'people'"),
        (Resource("cap", "customers", (0,), -1), "most == -1"),
        (Resource("cap", "customers", (0,), float("nan")), "most == nan"),
        (Resource("cap", "customers", (0,), 5, -1), "least == -1"),
        (Resource("budget", "eur", (0,), 5, 1), "a minimum is a number of customers"),
        (Resource("cap", "customers", (0,), 5, 8), "at least 8 customers and at most 5: lower the minimum by 3"),
    ],
)
def test_a_resource_that_cannot_be_is_refused(resource, sentence):
    with pytest.raises(BadRequest, match=sentence):
        Menu(("a", "b"), (0, 0), (resource,))


@pytest.mark.parametrize(("arms", "campaign"), [((), ()), (("a",), (0, 1)), (("a", "b"), (0, 2))])
def test_arms_and_campaigns_must_fit(arms, campaign):
    with pytest.raises(BadRequest):
        Menu(arms, campaign, ())


def test_resources_without_a_common_arm_share_a_family():
    """Caps of single arms are one family; a window over two of them is another; euro and customers never mix."""
    resources = (
        *(Resource(f"cap {j}", "customers", (j,), 5) for j in range(3)),
        Resource("window", "customers", (0, 2), 5),
        Resource("budget", "eur", (1,), 5.0),
    )
    menu = Menu(("a", "b", "c"), (0, 1, 0), resources)
    assert menu.families.tolist() == [[0, 1, 2], [3, -1, 3], [-1, 4, -1]]
    assert menu.family_in_eur == (False, False, True)


def test_customers_are_whole():
    menu = Menu(("a",), (0,), (Resource("cap", "customers", (0,), 5.9, 1.2),))
    assert (menu.most.tolist(), menu.least.tolist()) == ([5.0], [2.0])
    left = menu.with_limits(np.array([3.0]), np.array([0.0]))
    assert (left.most.tolist(), left.least.tolist()) == ([3.0], [0.0])
