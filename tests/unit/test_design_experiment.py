"""design-experiment by its command line: figures are statsmodels', words are plain, bad input is one sentence."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from scipy.optimize import brentq
from statsmodels.stats.power import TTestIndPower

from jobs import cli
from jobs.runtime.layout import experiment_key
from tests.unit.science.experiment.trials import rows

UNITS = 28 * 70
SPEND = ["--metric", "spend:mean:spend"]
EXPERIMENT = """
id = "spring-mail"
owner = "growth@example.com"
hypothesis = "A letter in spring brings customers back."
control = "none"
starts_on = 2027-03-01
ends_on = 2027-03-28
outcome_window_days = 7
units_planned = 3000
exposure = 0.5
arms = [{ name = "none", share = 0.5 }, { name = "mail", share = 0.25 }, { name = "both", share = 0.25 }]
holdouts = [{ salt = "house", share = 0.1 }]

[[metrics]]
name = "spend"
kind = "mean"
value = "spend"
covariates = ["past_spend"]
adjustment = "cuped"
cap_quantile = 0.99

[[metrics]]
name = "visit"
kind = "proportion"
value = "visit"

[[metrics]]
name = "large"
kind = "quantile"
value = "spend"
share = 0.9

[decision]
success = ["spend"]
minimum_relative_effect = 0.05
looks = 3
guardrails = [{ metric = "visit", margin = 0.02 }]
"""


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The past of 1,960 units, a file of a row a unit."""
    path = tmp_path_factory.mktemp("past") / "past.csv"
    found = rows(UNITS)
    days = np.datetime64("2026-10-01") + np.arange(UNITS) % 28
    pacsv.write_csv(pa.table({**found, "entered_on": pa.array(days)}), path)
    return path


def asked(capsys: pytest.CaptureFixture[str], path: Path, *words: str) -> dict[str, Any]:
    assert cli.main(["design-experiment", "--data", str(path), *words, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def refused(capsys: pytest.CaptureFixture[str], path: Path, *words: str) -> str:
    assert cli.main(["design-experiment", "--data", str(path), *words]) not in {0, 1}
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err.splitlines()[-1]


def test_units_and_smallest_effect_are_statsmodels_to_1e_6(past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spend = rows(UNITS)["spend"]
    found = asked(capsys, past, *SPEND, "--units", "3000", "--share", "none=0.7", "--share", "mail=0.3")
    told = found["metrics"][0]

    def short(size: float) -> float:
        return float(TTestIndPower().power(size, 2100, 0.05, ratio=3 / 7)) - 0.8

    ours = told["minimum_effect"]["absolute"] / spend.std(ddof=1)
    assert ours == pytest.approx(brentq(short, 0.5 * ours, 1.5 * ours, xtol=1e-13), rel=1e-6)
    assert told["minimum_effect"]["relative"] == pytest.approx(told["minimum_effect"]["absolute"] / spend.mean())
    needs = asked(capsys, past, *SPEND, "--effect", "5%", "--power", "0.9")
    size = 0.05 * spend.mean() / spend.std(ddof=1)
    whole = 2 * TTestIndPower().solve_power(size, alpha=0.05, power=0.9)
    assert needs["units"] == needs["metrics"][0]["needed"] == math.ceil(whole)
    assert needs["metrics"][0]["power"] == pytest.approx(
        float(TTestIndPower().power(size, needs["units"] / 2, 0.05)), rel=1e-6
    )


def test_a_proportion_and_a_ratio_are_planned_by_their_own_variance(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rows(UNITS)
    words = ["--metric", "visit:proportion:visit", "--metric", "aov:ratio:spend/orders", "--units", "5000"]
    visit, aov = asked(capsys, past, *words)["metrics"]
    assert visit["standard_deviation"] == pytest.approx(made["visit"].std(ddof=1), rel=1e-12)
    linear = (made["spend"] - aov["value"] * made["orders"]) / made["orders"].mean()
    assert aov["standard_deviation"] == pytest.approx(linear.std(ddof=1), rel=1e-12)


def test_several_metrics_share_the_units_of_the_one_that_needs_most(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SPEND, "--metric", "orders:mean:orders", "--covariate", "past_orders", "--effect", "3%", "--arms", "3"]
    found = asked(
        capsys, past, *words, "--time", "entered_on", "--window-days", "10", "--looks", "2", "--exposure", ".5"
    )
    spend, orders = found["metrics"]
    assert found["units"] == max(spend["needed"], orders["needed"]) == spend["needed"]
    assert (found["alpha"], found["alpha_each"]) == (0.05, 0.025)
    assert spend["power"] == pytest.approx(0.8, abs=1e-4)
    assert orders["power"] > 0.9
    made = rows(UNITS)
    squared = np.corrcoef(made["orders"], made["past_orders"])[0, 1] ** 2
    assert orders["explained"] == pytest.approx(squared, rel=1e-9)
    # 245 a week enter: half of those who come
    assert found["days"] == math.ceil(found["units"] / 245) * 7 + 10
    assert [look["final"] for look in spend["looks"]] == [False, True]
    assert [row["units"] for row in spend["table"][:3]] == [245, 490, 735]


def test_clusters_are_planned_as_clusters(past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, past, *SPEND, "--cluster", "cluster", "--effect", "10%", "--replay", "300")
    told = found["metrics"][0]
    assert found["drawn"] == "clusters"
    assert found["history"]["units"] == UNITS
    assert found["history"]["drawn"] == len(set(rows(UNITS)["cluster"].tolist()))
    assert told["design_effect"] > 1.0
    assert told["replay"]["lower"] < 0.05 < told["replay"]["upper"]


def test_the_answer_repeats_and_is_read_by_people(past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*SPEND, "--effect", "10%", "--units-per-day", "80", "--looks", "12", "--replay", "200", "--cap", "0.99"]
    assert asked(capsys, past, *words) == asked(capsys, past, *words)
    assert cli.main(["design-experiment", "--data", str(past), *words]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for words_of in (
        "The trial takes", "days", "is found with a chance of 80.0%", "Values count up to", "4 weeks", "the end",
        "Replayed 200 times on", "where nothing was done", "560 units come new in a week",
    ):  # fmt: skip
        assert words_of in said


def test_an_experiments_file_is_held_against_the_past(
    past: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / experiment_key("spring-mail")
    file.parent.mkdir(parents=True)
    file.write_text(EXPERIMENT)
    monkeypatch.setenv("NETLIFT_HOME", str(tmp_path))
    found = asked(capsys, past, "--experiment", "spring-mail", "--time", "entered_on")
    spend, visit = found["metrics"]
    assert (found["units"], found["alpha_each"], len(spend["looks"])) == (3000, 0.025, 3)
    assert (spend["role"], visit["role"], found["unplanned"]) == ("success", "guardrail", ["large"])
    assert spend["cap"] == pytest.approx(np.quantile(rows(UNITS)["spend"], 0.99, method="inverted_cdf"))
    assert spend["power"] < 0.8 < visit["effect"]["absolute"] / 0.02 * 0.81
    assert spend["needed"] > 3000
    # half of them in, a tenth kept out
    assert found["traffic"]["entered"] == 882
    assert (
        cli.main(["design-experiment", "--data", str(past), "--experiment", "spring-mail", "--time", "entered_on"]) == 0
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "plan more, or a larger effect" in said
    assert "28 days bring 882 units: too few" in said
    assert "visit, a guardrail" in said
    assert "--units and --experiment both say" in refused(capsys, past, "--experiment", "spring-mail", "--units", "300")
    assert "experiment 'autumn' has no file" in refused(capsys, past, "--experiment", "autumn")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no metric was given"),
        (["--metric", "spend"], "is not name:kind:columns"),
        (["--metric", "s:mean:sales"], "past.csv has no column 'sales'"),
        (["--metric", "s:quantile:spend@0.9"], "is a quantile: plan a mean"),
        ([*SPEND, "--alpha", "0"], "alpha == 0.0"),
        ([*SPEND, "--alpha", "1"], "alpha == 1.0"),
        ([*SPEND, "--alpha", "nan"], "alpha == nan"),
        ([*SPEND, "--power", "1"], "power == 1.0"),
        ([*SPEND, "--arms", "1"], "--arms is 1"),
        ([*SPEND, "--share", "a=0.5", "--share", "b=0.9"], "adds up to 1.4"),
        ([*SPEND, "--effect", "0"], "never 0"),
        ([*SPEND, "--effect", "1e-12"], "more than 1e+12 units"),
        ([*SPEND, "--effect", "5%", "--cap", "1.5"], "share == 1.5"),
        (["--metric", "v:proportion:visit", "--cap", "0.9"], "--cap caps means and ratios"),
        ([*SPEND, "--time", "cluster"], "column 'cluster' is int64: moments are dates"),
        ([*SPEND, "--time", "entered_on", "--units-per-day", "9"], "name one"),
        ([*SPEND, "--units-per-day", "9", "--exposure", "0"], "exposure == 0.0"),
        ([*SPEND, "--replay", "50"], "100 draws at least"),
        ([*SPEND, "--covariate", "spend"], "must be other columns"),
        ([*SPEND, "--adjust", "lin"], "nothing to adjust by"),
        (["--metric", "v:proportion:spend"], "rows were set aside, column 'spend': a proportion is of 0 and 1"),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(
    past: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    sentence = refused(capsys, past, *words)
    assert says in sentence
    assert sentence.startswith("netlift: ")


def test_rows_at_fault_are_counted_and_a_constant_metric_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "past.csv"
    path.write_text("id,spend,same\n1,2.5,1\n2,nan,1\n3,inf,1\n4,1e308,1\n5,3.5,1\n6,,1\n7,4,1\n")
    found = asked(capsys, path, *SPEND)
    assert found["history"]["rows_used"] == 3
    assert found["history"]["set_aside"] == [
        {"column": "spend", "reason": "a metric needs a number of at most 1e+150 in every row", "rows": 4}
    ]
    assert "column 'same' cannot be planned from 7 units" in refused(capsys, path, "--metric", "s:mean:same")
    (tmp_path / "empty.csv").write_text("")
    assert "is empty" in refused(capsys, tmp_path / "empty.csv", *SPEND)
    assert "is not there" in refused(capsys, tmp_path / "none.csv", *SPEND)
