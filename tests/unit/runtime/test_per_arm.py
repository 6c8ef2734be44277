"""One number serves all arms; an arm's own goes before it."""

import pytest

from jobs.errors import BadRequest
from jobs.runtime.per_arm import cost_of_each_arm, named_value

ARMS = ("none", "mail", "post = dear")


@pytest.mark.parametrize(
    ("given", "costs"),
    [
        (["0.02"], [0.02, 0.02]),
        (["0"], [0.0, 0.0]),
        (["mail=0.02", "post = dear=1.2"], [0.02, 1.2]),
        (["1.5", "mail=0.02"], [0.02, 1.5]),
        (["mail=0.02", "1.5"], [0.02, 1.5]),
    ],
)
def test_costs_of_all_arms_and_of_one(given: list[str], costs: list[float]) -> None:
    assert cost_of_each_arm(given, ARMS) == costs


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["mail=0.02"], "says nothing of 'post = dear': add --contact-cost \"post = dear=EUR\""),
        (["fax=1"], "names 'fax', the arms are 'mail', 'post = dear'"),
        (["none=1", "2"], "names 'none'"),
        (["-1"], "is '-1': a contact costs 0 euro or more"),
        (["mail=-1", "2"], "costs 0 euro or more"),
        (["nan"], "costs 0 euro or more"),
        (["inf"], "costs 0 euro or more"),
        (["cheap"], "is 'cheap', which is no number and not ARM=NUMBER"),
        (["mail=cheap"], "no number"),
        (["=3"], "no number and not ARM=NUMBER"),
        ([], "says nothing of 'mail'"),
    ],
)
def test_what_makes_no_sense_is_refused(given: list[str], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        cost_of_each_arm(given, ARMS)


def test_a_name_may_hold_the_sign() -> None:
    assert named_value("a=b=1e-1", "--share") == ("a=b", 0.1)
