"""The life of a fraud model by commands: shadow, refused approvals, promotion, a night, a way back, retirement."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.champion import CHECK_S, Champions
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.cli import main
from jobs.errors import BadRequest, NotApproved, RetiredModel, TamperedModel, UnknownModel
from jobs.runtime.promotion import promote_if_due
from jobs.runtime.stores import Stores
from jobs.score_fraud import ScoreFraud, score_fraud
from jobs.tables.outputs import FRAUD_SCORES
from tests.trained import DAY, folder_of, rows_of

ADA, BOB = ("--who", "ada", "--why", "read the card"), ("--who", "bob", "--why", "it finds more")


@pytest.fixture(scope="module")
def home(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    for day in (DAY - timedelta(days=1), DAY):
        build_fraud_features(BuildFraudFeatures(day), stores)
    return stores


@pytest.fixture
def said(home: Stores, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    monkeypatch.setenv("NETLIFT_HOME", str(folder_of(home)))

    def act(*words: str, code: int = 0) -> Any:
        assert main(["model", *words]) == code
        out = capsys.readouterr()
        return out.err if code else json.loads(out.out) if "--json" in words else out.out

    return act


def _challenger(home: Stores, change: dict[str, Any]) -> str:
    """The champion's scorer with another card: what a night writes tells the two by their version only."""
    model = home.models.load("fraud", home.models.champion("fraud"))
    version = home.models.register("fraud", model.files, {**model.card, **change})
    assert not promote_if_due(home.models, "fraud", version, asked=False, who="train-fraud", proposer="bob")
    return version


def test_a_model_lives_and_every_step_is_in_the_log(home: Stores, said: Callable[..., Any]) -> None:
    first = home.models.champion("fraud")
    now = [0.0]
    endpoint = Champions(home.models, lambda: now[0])
    assert endpoint.current().version == first
    second = _challenger(home, {"told": "apart"})
    states = {row["version"]: row["state"] for row in said("list", "fraud", "--json")}
    assert states == {first: "at work", second: "proposed"}

    found = said("shadow", "fraud", second, "--run-date", str(DAY), "--json")
    assert (found["champion"], found["changed_share"], found["rank_correlation"]) == (first, 0, 1)
    assert found["psi"] < 1e-3
    assert rows_of(home, FRAUD_SCORES, run_date=DAY).num_rows == 0, "a shadow writes nothing"

    assert "bob proposed it" in said("approve", "fraud", second, *BOB, code=NotApproved.exit_code)
    assert "nobody has approved it" in said("promote", "fraud", second, *BOB, code=NotApproved.exit_code)
    assert "is approved by ada" in said("approve", "fraud", second, *ADA)
    assert f"in the place of {first}" in said("promote", "fraud", second, *BOB)
    assert "at work already" in said("promote", "fraud", second, *BOB, code=BadRequest.exit_code)
    assert "passes  card" in said("show", "fraud")
    assert "same figures" not in said("diff", "fraud", first, second)

    report = score_fraud(ScoreFraud(DAY, threads=1), home)
    assert report.models["fraud"] == second, "the next run takes it up"
    now[0] += CHECK_S
    assert endpoint.current().version == second, "so does the endpoint, without a deployment"

    assert f"{first} is at work again" in said("rollback", "fraud", *ADA)
    assert "no champion before" in said("rollback", "fraud", *ADA, code=UnknownModel.exit_code)
    assert "is retired" in said("retire", "fraud", second, *ADA)
    assert f"{second} was retired" in said("promote", "fraud", second, *BOB, code=RetiredModel.exit_code)
    assert "is at work" in said("retire", "fraud", first, *ADA, code=BadRequest.exit_code)
    now[0] += CHECK_S
    assert endpoint.current().version == first
    events = [entry["event"] for entry in home.models.history("fraud")]
    assert events == ["promoted", "proposed", "approved", "promoted", "rolled back", "retired"]


def test_a_gate_that_fails_is_passed_only_by_force_and_that_is_written_down(
    home: Stores, said: Callable[..., Any]
) -> None:
    first = home.models.champion("fraud")
    model = home.models.load("fraud", first)
    worse = _challenger(home, {"metrics": {**model.card["metrics"], "calibration_error": 0.5}})
    assert "nobody has approved it" in said("promote", "fraud", worse, *BOB, "--force", code=NotApproved.exit_code)
    said("approve", "fraud", worse, *ADA)
    assert "0.5000 apart" in said("promote", "fraud", worse, *BOB, code=BadRequest.exit_code)
    assert said("promote", "fraud", worse, *BOB, "--force", "--json")["forced"] == ["calibration"]
    said("rollback", "fraud", *ADA)
    assert home.models.champion("fraud") == first


@pytest.mark.parametrize("what", ["artifact", "card", "log"])
def test_what_was_tampered_with_is_refused_by_the_next_run_by_name(home: Stores, what: str) -> None:
    models = folder_of(home) / "models" / "fraud"
    version = home.models.champion("fraud")
    names = {name for name in home.models.load("fraud", version).files if name != "card.html"}
    path = {
        "artifact": models / "versions" / version / min(names),
        "card": models / "versions" / version / "card.json",
        "log": models / "champions" / "000001.json",
    }[what]
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole.replace(b"train-fraud", b"train-other") if what == "log" else whole[:-1] + b" ")
    try:
        with pytest.raises(TamperedModel, match=path.name):
            score_fraud(ScoreFraud(DAY - timedelta(days=1), threads=1), home)
    finally:
        path.unlink()
        path.write_bytes(whole)
