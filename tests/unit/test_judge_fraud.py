"""A file of payments in; figures, page and JSON out; or one sentence, an exit code, and nothing written."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from jobs.judge_fraud import JudgeFraud, judge_fraud, main
from tests.unit.pages.markup import checked
from tests.unit.payments import FIRST, payments

NAMED = "id=tx,customer=card,partner=shop,amount=eur,time=at,label=fraud"
KEYS = {"auc", "ap", "cp100", "cp100_ceiling", "brier", "ece", "cost_share", "features_s", "fit_s"}
FROM = FIRST + dt.timedelta(days=30)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("payments") / "payments.parquet"
    pq.write_table(payments(), path)
    return path


def asked(file: Path, out: Path, **changes: Any) -> JudgeFraud:
    days: dict[str, Any] = {"train_days": 12, "test_days": 6, "rounds": 60, "out": out}
    return JudgeFraud(file, f"{NAMED},group=region", FROM, **{**days, **changes})


@pytest.fixture(scope="module")
def answer(file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return judge_fraud(asked(file, tmp_path_factory.mktemp("out") / "judged"))


def test_the_answer_has_the_keys_that_programs_read_and_beats_the_amount_rule(answer: dict[str, Any]) -> None:
    assert answer.keys() >= KEYS
    assert all(isinstance(answer[key], float) for key in KEYS)
    assert answer["ap"] > answer["baselines"]["amount rule"]["average_precision"]
    assert answer["auc"] > 0.8
    assert 0 < answer["cp100"] <= answer["cp100_ceiling"] <= 1
    assert answer["cost_share"] < 0.9
    assert {row["name"] for row in answer["groups"]["groups"]} == {"north", "south"}
    low, high = answer["metrics"]["intervals"]["roc_auc"].values()
    assert low < answer["auc"] < high


def test_days_follow_each_other_with_the_label_delay_between(answer: dict[str, Any]) -> None:
    def day(part: str, end: str) -> dt.date:
        return dt.date.fromisoformat(answer[part][end])

    delay = dt.timedelta(days=8)
    assert day("trained_on", "first") == FROM
    assert day("judged_on", "first") == day("trained_on", "last") + delay
    assert day("calibrated_on", "first") == day("rehearsed_on", "last") + delay
    assert day("calibrated_on", "last") == day("trained_on", "last"), "the last days whose labels are known"


def test_page_and_json_say_the_same(answer: dict[str, Any]) -> None:
    assert json.loads(Path(answer["json"]).read_text()).keys() <= answer.keys()
    words = checked(Path(answer["page"]).read_text())
    assert f"{answer['ap']:.3f}" in words
    assert "payments.parquet" in words
    assert "must not be used for credit" in words
    assert "north" in words


def test_the_same_file_gives_the_same_figures(answer: dict[str, Any], file: Path, tmp_path: Path) -> None:
    again = judge_fraud(asked(file, tmp_path / "o"))
    assert {key: again[key] for key in KEYS - {"features_s", "fit_s"}} == {
        key: answer[key] for key in KEYS - {"features_s", "fit_s"}
    }


def test_what_happens_after_the_judged_days_changes_nothing(answer: dict[str, Any], tmp_path: Path) -> None:
    """Nothing of the future leaks in: labels and amounts after the last judged day are shuffled."""
    rows = payments()
    end = np.datetime64(answer["judged_on"]["last"]) + np.timedelta64(1, "D")
    later = np.flatnonzero(rows["at"].to_numpy().astype("datetime64[D]") >= end)
    rng = np.random.default_rng(1)
    for name in ("eur", "fraud", "card"):
        values = np.array(rows[name].to_pylist(), dtype=object)
        values[later] = rng.permutation(values[later])
        rows = rows.set_column(rows.column_names.index(name), name, [values.tolist()])
    pq.write_table(rows, tmp_path / "later.parquet")
    again = judge_fraud(asked(tmp_path / "later.parquet", tmp_path / "o"))
    assert (again["ap"], again["auc"], again["brier"]) == (answer["ap"], answer["auc"], answer["brier"])


def test_a_csv_is_judged_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pacsv.write_csv(payments(days=45), tmp_path / "p.csv")
    words = ["--data", str(tmp_path / "p.csv"), "--columns", NAMED, "--train-from", str(FIRST + dt.timedelta(days=22)),
             "--train-days", "8", "--test-days", "5", "--rounds", "30", "--out", str(tmp_path / "o")]  # fmt: skip
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() >= KEYS
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "Average precision" in said
    assert "logistic regression" in said


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--train-from", "2025-06-01"], 2, "learnt in a rehearsal before"),
        (["--train-from", "2026-02-20"], 2, "the transactions end on 2026-03-01"),
        (["--columns", "id=tx"], 2, "does not say which column is the customer"),
        (["--columns", NAMED.replace("shop", "store")], 11, "has no column 'store' (partner)"),
        (["--data", "none.csv"], 17, "none.csv is not there"),
        (["--review-cost", "0"], 2, "review_eur is 0"),
        (["--known-at", "told"], 11, "has no column 'told' (known-at)"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence_and_writes_nothing(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    out = tmp_path / "o"
    base = [
        "--data",
        str(file),
        "--columns",
        NAMED,
        "--train-from",
        str(FROM),
        "--train-days",
        "12",
        "--test-days",
        "6",
    ]
    assert main([*base, "--out", str(out), "--json", *words]) == code
    said = capsys.readouterr()
    assert says in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert not out.exists()


def test_help_loads_no_lightgbm_and_no_scikit_learn() -> None:
    code = (
        "import sys\nfrom jobs.judge_fraud import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print({'lightgbm', 'sklearn', 'optuna'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")
