"""The verb evaluate-policy: estimates near the truth, tables that fit, one sentence where the log cannot tell."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from jobs.evaluate_policy import main
from jobs.science.offers.explore import draw
from jobs.science.offers.propensities import log_propensities

ARMS = ("none", "mail", "post")
COLUMNS = ["--arm", "arm", "--outcome", "margin"]


def log(n: int = 3_000, seed: int = 0) -> pa.Table:
    """Explorers' draws on synthetic customers; mail suits those whose x is high, post those whose x is low."""
    r = np.random.default_rng(seed)
    x = r.uniform(size=n)
    gain = np.column_stack([2.0 * x - 0.5, 1.0 - 1.5 * x])
    ids = pa.array([f"c{i:05}" for i in range(n)])
    drawn = draw(ids, gain, 0.8, "night")
    arm = drawn.chosen[:, 0] + 1
    outcome = 1.0 + x + np.column_stack([np.zeros(n), gain])[np.arange(n), arm] + r.normal(size=n)
    return pa.table(
        {
            "customer_id": ids,
            "x": x,
            "arm": pa.array(ARMS).take(pa.array(arm)),
            "p": drawn.propensity[:, 0],
            "all": log_propensities(ARMS, np.column_stack([drawn.nothing, drawn.propensities])),
            "margin": outcome,
            "best": pa.array(ARMS).take(pa.array(np.where(gain.max(axis=1) > 0, 1 + gain.argmax(axis=1), 0))),
            "p_mail": np.where(x > 0.5, 0.9, 0.0),
            "p_none": np.where(x > 0.5, 0.1, 1.0),
            "fixed": np.zeros(n, bool),
        }
    )


TRUTH = 1.5 + float(np.mean(np.maximum(np.maximum(2 * (g := np.linspace(0, 1, 100_001)) - 0.5, 1 - 1.5 * g), 0)))
"""Value of the best arm for everybody, over x uniform on [0, 1]."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    pq.write_table(log(), path)
    return path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_all_three_estimates_are_near_the_truth_and_dr_by_features_is_the_surest(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(file), *COLUMNS, "--propensities", "all", "--target", "best", "--unit", "customer_id"]
    plain, by_x = answer(capsys, *words), answer(capsys, *words, "--feature", "x")
    for found in (plain, by_x):
        for key in ("ips", "snips", "dr"):
            assert found[key]["value"] == pytest.approx(TRUTH, abs=4 * (found[key]["high"] - found[key]["low"]) / 3.9)
        assert found["gain"]["low"] > 0
    widths = [f["dr"]["high"] - f["dr"]["low"] for f in (by_x, plain)]
    assert widths[0] < widths[1]
    assert plain["overlap"] == {
        "supported_share": 1.0, "unsupported_share": 0.0, "known": True,
        "mean_weight": pytest.approx(1.0, abs=0.1), "largest_weight": pytest.approx(5, abs=4),
    }  # fmt: skip
    assert plain["rows"] == {"in": 3_000, "used": 3_000, "set_aside": {}}
    assert [a["arm"] for a in plain["arms"]] == ["mail", "none", "post"]


def test_a_feature_with_a_bad_cell_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = log(400)
    group = pa.array(["1", "2"] * 200)
    bad = pa.array(["n/a", *group.to_pylist()[1:]])
    endless = pa.array([np.inf, *rows["x"].to_pylist()[1:]])
    names = pa.array([f"{x:.9f}" for x in rows["x"].to_pylist()[:-1]] + ["?"])
    for name, column in (("group", bad), ("endless", endless), ("names", names)):
        rows = rows.append_column(name, column)
    pq.write_table(rows, tmp_path / "log.parquet")
    words = ["--data", str(tmp_path / "log.parquet"), *COLUMNS, "--propensity", "p", "--target", "best"]
    asked = [word for name in ("group", "endless", "names") for word in ("--feature", name)]
    said = " ".join(answer(capsys, *words, *asked)["warnings"])
    assert "feature 'group' is no number because of 1 of 400 cells ('n/a' first): mend them." in said
    assert "feature 'endless' is NaN or infinite in 1 rows" in said
    assert "feature 'names' is no number because of 1 of 400 cells ('?' first)" in said
    assert "feature 'names' is left out: it has 400 different values" in said
    assert main([*words, "--feature", "names"]) == 2
    assert "no --feature tells customers apart (feature 'names' is no number" in capsys.readouterr().err


def test_what_limits_changed_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = log()
    fixed = pa.array(np.arange(3_000) % 20 == 0)
    rows = rows.set_column(rows.column_names.index("fixed"), "fixed", [fixed])
    rows = rows.set_column(rows.column_names.index("margin"), "margin", [pc.if_else(fixed, 1e6, rows["margin"])])
    pq.write_table(rows, tmp_path / "log.parquet")
    words = ["--data", str(tmp_path / "log.parquet"), *COLUMNS, "--propensity", "p", "--target", "best"]
    found = answer(capsys, *words, "--repaired", "fixed")
    assert found["rows"] == {"in": 3_000, "used": 2_850, "set_aside": {"changed by a limit after the draw": 150}}
    assert "5.0% of the rows were changed by a limit" in found["warnings"][0]
    assert found["dr"]["value"] < 10


def test_a_csv_with_probabilities_of_a_policy_gives_a_table_that_fits_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = log()
    margin = pc.if_else(pa.array(np.arange(3_000) < 7), pa.scalar(None, pa.float64()), rows["margin"])
    rows = rows.set_column(rows.column_names.index("margin"), "margin", [margin])
    pacsv.write_csv(rows, tmp_path / "log.csv")
    words = ["--data", str(tmp_path / "log.csv"), *COLUMNS, "--propensity", "p", "--max-weight", "1.5"]
    words += ["--target-probability", "mail=p_mail", "--target-probability", "none=p_none"]
    words += ["--control", "none"]
    assert main([*words, "--contact-cost", "0.1"]) == 0
    said = capsys.readouterr().out
    assert all(len(line) <= 100 for line in said.splitlines())
    assert "2,993 used; set aside: no margin: 7" in said
    assert "clipped at 1.5: " in said
    found, costly = answer(capsys, *words), answer(capsys, *words, "--contact-cost", "0.1")
    assert found["dr"]["value"] - costly["dr"]["value"] == pytest.approx(0.1 * found["arms"][1]["share"], abs=1e-9)
    assert found["clipped_rows"] > 0


BASE = [*COLUMNS, "--propensity", "p", "--target", "best"]


@pytest.mark.parametrize(
    ("change", "words", "code", "says"),
    [
        ({}, [*BASE, "--data", "none.csv"], 17, "none.csv is not there"),
        ({}, ["--arm", "arm", "--outcome", "margins", "--propensity", "p", "--target", "best"], 11, "is it 'margin'?"),
        ({}, [*COLUMNS, "--propensity", "p"], 2, "--target or --target-probability, neither was given"),
        ({}, [*COLUMNS, "--target", "best"], 2, "neither --propensity nor --propensities was given"),
        ({}, [*BASE, "--target-probability", "mail=p_mail"], 2, "both were given"),
        ({}, [*COLUMNS, "--propensity", "p", "--target-probability", "mail"], 2, "must be ARM=COLUMN"),
        ({}, [*COLUMNS, "--propensity", "p", "--target-probability", "mail=p_mail"], 12, "probabilities sum to 0"),
        ({}, [*BASE, "--contact-cost", "1"], 2, "--contact-cost without --control"),
        ({}, [*BASE, "--control", "fax"], 19, "--control 'fax' is no arm of it, they are mail, none, post"),
        ({}, [*BASE, "--feature", "margin"], 2, "--feature names 'margin', which has another task"),
        ({}, [*BASE, "--repaired", "x"], 12, "column 'x': holds double, must be true or false"),
        ({}, [*BASE, "--max-weight", "0"], 2, "max_weight == 0, must be above 0"),
        ({}, [*BASE, "--least-rows", "9000"], 19, "overlap is too thin: 3,000 rows are worth"),
        ({"best": ["fax"] * 3_000}, BASE, 19, "overlap is too thin: 100.0% of what the policy chooses"),
        ({"p": [0.0] * 3_000}, BASE, 12, "row 1: the propensity of what was drawn is 0, must be above 0"),
        ({"p": [1.2] * 3_000}, BASE, 12, "the propensity of what was drawn is 1.2"),
        ({"p": [0.1] * 3_000}, BASE, 19, "the propensities are not those that the arms were drawn with"),
        ({"p": [0.5] * 3_000}, [*BASE, "--propensities", "all"], 12, "and 'all' says"),
        ({"margin": [float("nan")] * 3_000}, BASE, 12, "column 'margin', row 1: is nan, must be finite"),
        ({"arm": [None] * 3_000}, BASE, 19, "none of 3,000 rows can be used (no arm: 3,000)"),
        ({"all": ["{}"] * 3_000}, [*BASE, "--propensities", "all"], 12, "probabilities sum to 0"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, list[Any]], words: list[str], code: int,
    says: str,
) -> None:  # fmt: skip
    rows = log()
    for name, values in change.items():
        rows = rows.set_column(rows.column_names.index(name), name, [values])
    pq.write_table(rows, tmp_path / "log.parquet")
    assert main(["--data", str(tmp_path / "log.parquet"), *words]) == code
    said = capsys.readouterr()
    assert says in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_help_and_a_log_without_features_load_no_learner(file: Path) -> None:
    code = (
        "import sys\nfrom jobs.evaluate_policy import main\n"
        f"main({['--data', str(file), *BASE]!r})\n"
        "print({'lightgbm', 'sklearn', 'econml', 'awswrangler'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")
