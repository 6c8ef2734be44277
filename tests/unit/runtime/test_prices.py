"""Costs are sums of what was billed; what is not known makes the sum unknown."""

import pytest

from jobs.errors import BadEnvironment
from jobs.runtime.prices import Prices, prices

LAMBDA = {"gb_seconds": 1000.0, "vcpu_seconds": None}
BATCH = {"gb_seconds": 7200.0, "vcpu_seconds": 3600.0}


def test_lambda_is_billed_by_memory_and_fargate_by_memory_and_processors() -> None:
    at = Prices(lambda_gb_second_usd=0.001, fargate_vcpu_hour_usd=2.0, fargate_gb_hour_usd=0.5)
    assert at.usd({"lambda": LAMBDA}) == 1.0
    assert at.usd({"batch": BATCH}) == 3.0
    assert at.usd({"lambda": LAMBDA, "batch": BATCH}) == 4.0


def test_what_is_not_known_costs_nobody_knows_what() -> None:
    assert Prices().usd({}) is None
    assert Prices().usd({"lambda": LAMBDA, "batch": {**BATCH, "vcpu_seconds": None}}) is None
    assert Prices().usd({"lambda": {**LAMBDA, "gb_seconds": None}}) is None


def test_prices_of_the_environment_go_over_those_on_record() -> None:
    assert prices({}) == Prices()
    own = prices({"NETLIFT_PRICES": '{"lambda_gb_second_usd": 0.5}'})
    assert (own.lambda_gb_second_usd, own.fargate_gb_hour_usd) == (0.5, Prices().fargate_gb_hour_usd)


@pytest.mark.parametrize(
    "text", ["cheap", "[]", '{"lambda": 1}', '{"lambda_gb_second_usd": -1}', '{"lambda_gb_second_usd": "x"}']
)
def test_prices_that_are_none_are_named(text: str) -> None:
    with pytest.raises(BadEnvironment, match="NETLIFT_PRICES is"):
        prices({"NETLIFT_PRICES": text})
