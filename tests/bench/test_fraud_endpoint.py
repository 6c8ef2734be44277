"""The benchmark of the endpoint gives the figures that it promises, and leaves the handler as it was."""

from functions import fraud_api
from tests.bench.fraud_endpoint import cold, latency, payments
from tests.unit.functions.online_worlds import small_model


def test_the_figures_are_there_and_each_is_a_part_of_another() -> None:
    door = fraud_api.door
    found = latency(small_model().to_files(), payments(50), requests=60)
    assert fraud_api.door is door
    assert found["requests"] == 60
    for share in ("p50", "p99"):
        assert found[f"{share}_ratio"] > 0
        assert found[f"handler_{share}_us"] >= found["handler_p50_us"]
    assert 0 <= found["reviewed_share"] <= 1


def test_a_cold_start_is_measured_in_the_packages_own_environment() -> None:
    found = cold()
    assert set(found) == {"cold_cpu_s", "cold_mb"}
    assert 20 < found["cold_mb"] < 110, "what is imported does not depend on a busy machine"
