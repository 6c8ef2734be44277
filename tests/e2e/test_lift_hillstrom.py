"""On Hillstrom's real trial: one e-mail for everyone, said with its interval, list and page."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from jobs.cli import main

FLAGS = ("--arm", "segment", "--control", "No E-Mail", "--contact-cost", "0.02")
ONE_LEARNER = ("--learners", "XLearner")


def asked(data_dir: Path, out: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["lift", "--data", str(data_dir / "hillstrom.csv"), *FLAGS, *words, "--out", str(out), "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_spend_says_one_e_mail_for_everyone(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(
        data_dir, tmp_path, capsys, "--outcome", "spend", "--unit-margin", "0.30", "--budget", "5000",
        "--exclude", "visit", "--exclude", "conversion",
    )  # fmt: skip
    assert (answer["verdict"], answer["arm"], answer["fallback"]) == (
        "one arm for everyone",
        "Mens E-Mail",
        "Mens E-Mail",
    )
    assert 0.0 < answer["net_euros_low"] < answer["net_euros"] < answer["net_euros_high"]
    assert answer["sample_ratio_p"] == pytest.approx(0.904, abs=0.001)
    assert answer["rows"]["in"] == answer["rows"]["used"] == 64_000
    assert set(answer["features"]) == {
        "recency", "history_segment", "history", "mens", "womens", "zip_code", "newbie", "channel",
    }  # fmt: skip
    with (tmp_path / "list.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 64_000
    assert {r["arm"] for r in rows} == {"Mens E-Mail"}
    assert sum(float(r["cost_eur"]) for r in rows) == pytest.approx(1280.0)
    assert sum(float(r["expected_net_eur"]) for r in rows) == pytest.approx(answer["net_euros"], rel=1e-4)
    assert "<h1>Send Mens E-Mail to everyone</h1>" in (tmp_path / "lift.html").read_text()
    assert {x["learner"] for x in answer["learners"]} == {"XLearner", "DRLearner", "LinearDML"}
    card = (tmp_path / "model_card.html").read_text()
    assert "<script" not in card
    assert "not put to work: Mens E-Mail goes to everyone" in card


def test_other_outcomes_are_left_out_by_themselves(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(data_dir, tmp_path, capsys, "--outcome", "spend", "--unit-margin", "0.30", *ONE_LEARNER)
    assert set(answer["left_out"]) == {"visit", "conversion"}
    assert answer["verdict"] == "one arm for everyone"


@pytest.mark.long
def test_visit_says_one_e_mail_for_everyone_too(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(data_dir, tmp_path, capsys, "--outcome", "visit", "--unit-margin", "0.50")
    assert (answer["verdict"], answer["arm"]) == ("one arm for everyone", "Mens E-Mail")
    assert set(answer["left_out"]) == {"spend", "conversion"}


def test_a_budget_for_a_part_sends_to_as_many_and_promises_as_much_less(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(
        data_dir, tmp_path, capsys, "--outcome", "spend", "--unit-margin", "0.30", "--budget", "320", *ONE_LEARNER
    )
    assert answer["contacted"] == 16_000
    assert answer["cost_eur"] == pytest.approx(320.0)
