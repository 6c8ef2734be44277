"""What a model must show: a complete card, a metric, calibration, parity, size; each failure in words."""

from pathlib import Path
from typing import Any

import pytest

from jobs.runtime.model_gates import gates, said_of_failed
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.models import ModelStore
from tests.clock import Clock

FRAUD: dict[str, Any] = {
    **dict.fromkeys(("trained_on", "judged_on", "limits_of_use", "policy", "features", "profile"), "as it was"),
    "metrics": {"average_precision": 0.5, "calibration_error": 0.001},
}
PARTNERS: dict[str, Any] = {
    **dict.fromkeys(("trained_on", "judged_on", "says", "calibration", "features", "profile"), "as it was"),
    "judged": {"model": {"average_precision": 0.5}},
}
UPLIFT: dict[str, Any] = {
    **dict.fromkeys(("campaign", "outcome", "trained_by", "limits", "profile"), "as it was"),
    "verdict": {"kind": "nobody", "reason": "it earns nothing", "net_eur": {"low": -1.0, "high": 1.0}},
    "export_max_diff_sd": 1e-9,
}


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    return ModelStore(FolderObjects(tmp_path), Clock())


@pytest.mark.parametrize(
    ("kind", "card", "names"),
    [
        ("fraud", FRAUD, ["card", "metric", "calibration", "size"]),
        ("partner-risk", PARTNERS, ["card", "metric", "size"]),
        ("uplift-spring", UPLIFT, ["card", "metric", "parity", "size"]),
        ("segments", {"profile": {}}, ["card", "size"]),
    ],
)
def test_every_kind_has_its_gates_and_the_first_of_a_kind_can_pass(
    models: ModelStore, kind: str, card: dict[str, Any], names: list[str]
) -> None:
    found = gates(models, kind, models.register(kind, {"m": b"1"}, card))
    assert [gate.name for gate in found] == names
    assert said_of_failed(found) == ""


@pytest.mark.parametrize(
    ("kind", "card", "change", "failed", "says"),
    [
        ("fraud", FRAUD, {"metrics": {"average_precision": 0.47, "calibration_error": 0.0}}, "metric", "was 0.500"),
        ("fraud", FRAUD, {"metrics": {"average_precision": 0.5, "calibration_error": 0.03}}, "calibration", "0.0300"),
        ("fraud", FRAUD, {"metrics": {"average_precision": 0.5}}, "calibration", "does not say"),
        ("partner-risk", PARTNERS, {"judged": {"model": {"average_precision": 0.1}}}, "metric", "0.100"),
        ("uplift-spring", UPLIFT, {"export_max_diff_sd": 1e-3}, "parity", "1.0e-03 sd"),
        ("uplift-spring", UPLIFT, {"export_max_diff_sd": None}, "parity", "does not say"),
    ],
)
def test_a_failure_is_named_with_its_figures(
    models: ModelStore, kind: str, card: dict[str, Any], change: dict[str, Any], failed: str, says: str
) -> None:
    models.promote(kind, models.register(kind, {"m": b"1"}, card), "ada", "the first")
    found = gates(models, kind, models.register(kind, {"m": b"1"}, card | change))
    assert [gate.name for gate in found if not gate.passed] == [failed]
    assert says in said_of_failed(found)


def test_a_card_that_lacks_parts_names_them(models: ModelStore) -> None:
    card = {name: value for name, value in FRAUD.items() if name not in {"policy", "profile"}}
    found = gates(models, "fraud", models.register("fraud", {"m": b"1"}, card))
    assert said_of_failed(found) == "the card lacks policy, profile"
