"""A newly trained model is proposed if it passes its gate, and put to work only as it was proposed."""

from pathlib import Path
from typing import Any

import pytest

from infra.account.models import candidates, promote
from jobs.errors import BadRequest, NotApproved, UnknownModel
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.models import ModelStore
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def models(tmp_path: Path, clock: Clock) -> ModelStore:
    return ModelStore(FolderObjects(tmp_path), clock)


def _fraud(average_precision: float) -> dict[str, Any]:
    parts = ("trained_on", "judged_on", "limits_of_use", "policy", "features", "profile")
    metrics = {"average_precision": average_precision, "calibration_error": 0.001}
    return {**dict.fromkeys(parts, "as it was"), "metrics": metrics}


def _uplift(low: float, high: float) -> dict[str, Any]:
    parts = ("campaign", "outcome", "trained_by", "limits", "profile")
    verdict = {"kind": "personalise", "reason": "it earns more", "net_eur": {"low": low, "high": high}}
    return {**dict.fromkeys(parts, "as it was"), "verdict": verdict, "export_max_diff_sd": 1e-9}


def _trained(models: ModelStore, clock: Clock, kind: str, *cards: dict[str, Any]) -> list[str]:
    """Versions of a kind, a week between them; the first is put to work."""
    versions = []
    for number, card in enumerate(cards):
        clock.advance(7 * 86_400)
        versions.append(models.register(kind, {"model.txt": str(number).encode()}, card))
    models.promote(kind, versions[0], "a test", "the first")
    return versions


@pytest.mark.parametrize(("precision", "passed"), [(0.70, True), (0.665, True), (0.66, False)])
def test_a_fraud_model_may_not_be_much_worse_than_the_champion(
    models: ModelStore, clock: Clock, precision: float, passed: bool
) -> None:
    first, second = _trained(models, clock, "fraud", _fraud(0.70), _fraud(precision))
    [candidate] = candidates(models)
    assert (candidate.version, candidate.champion, candidate.passed) == (second, first, passed)
    assert f"average precision {precision:.3f}, the champion's was 0.700" in candidate.why


@pytest.mark.parametrize(("low", "high", "passed"), [(1.0, 2.0, True), (0.0, 0.0, True), (-2.0, -1.0, False)])
def test_an_uplift_model_that_surely_loses_is_not_proposed(
    models: ModelStore, clock: Clock, low: float, high: float, passed: bool
) -> None:
    _trained(models, clock, "uplift-spring", _uplift(1, 2), _uplift(low, high))
    assert [candidate.passed for candidate in candidates(models)] == [passed]


def test_who_approved_and_where_is_kept_and_then_there_is_no_candidate(models: ModelStore, clock: Clock) -> None:
    _, second = _trained(models, clock, "fraud", _fraud(0.7), _fraud(0.8))
    promote(models, "fraud", second, "ada", "https://example.com/runs/1")
    assert models.champion("fraud") == second
    newest = models.history("fraud")[-1]
    assert (newest["who"], newest["why"]) == ("ada", "https://example.com/runs/1")
    assert candidates(models) == ()
    assert [entry["event"] for entry in models.history("fraud")] == ["promoted", "approved", "promoted"]
    with pytest.raises(UnknownModel, match="is no candidate"):
        promote(models, "fraud", second, "ada", "again")


def test_who_proposed_it_does_not_approve_it(models: ModelStore, clock: Clock) -> None:
    first, second = _trained(models, clock, "fraud", _fraud(0.7), _fraud(0.8))
    models.propose("fraud", second, "ada", "trained")
    with pytest.raises(NotApproved, match="ada proposed it"):
        promote(models, "fraud", second, "ada", "mine")
    assert models.champion("fraud") == first


def test_a_retired_version_is_no_candidate_and_segments_renew_themselves(models: ModelStore, clock: Clock) -> None:
    _, second = _trained(models, clock, "fraud", _fraud(0.7), _fraud(0.8))
    _trained(models, clock, "segments", {"n": 1}, {"n": 2})
    models.retire("fraud", second, "ada", "leaked")
    assert candidates(models) == ()


def test_what_was_approved_is_not_promoted_when_a_newer_one_was_trained_since(models: ModelStore, clock: Clock) -> None:
    _, second, _ = _trained(models, clock, "fraud", _fraud(0.7), _fraud(0.8), _fraud(0.9))
    with pytest.raises(UnknownModel, match="a newer one was trained"):
        promote(models, "fraud", second, "ada", "late")


def test_what_fails_its_gate_is_promoted_by_nobody(models: ModelStore, clock: Clock) -> None:
    first, second = _trained(models, clock, "fraud", _fraud(0.7), _fraud(0.1))
    with pytest.raises(BadRequest, match=r"is not promoted: average precision 0\.100"):
        promote(models, "fraud", second, "ada", "never mind")
    assert models.champion("fraud") == first
