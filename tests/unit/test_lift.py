"""A trial file in; verdict, list, promise and page out; or one sentence, an exit code, and nothing written."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from jobs.lift import Lift, lift, main
from jobs.science.uplift.policy_rules import PolicyRules
from tests.unit.science.uplift.worlds import World, make_world

FLAGS = ("--arm", "arm", "--control", "none", "--outcome", "margin", "--unit", "id")
MARGIN = ("--outcome-is-margin", "--contact-cost", "0.1")


def columns(world: World) -> dict[str, Any]:
    trial = world.trial
    n = len(trial)
    drawn = {name: trial.rows[name] for name in trial.features}
    return {"id": [f"c{i}" for i in range(n)], "arm": np.array(trial.arms)[trial.arm], "margin": trial.outcome, **drawn}


def written(path: Path, **changes: Any) -> Path:
    pacsv.write_csv(pa.table({**columns(make_world(600, level=(1.0,), heterogeneity=0.0)), **changes}), path)
    return path


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path, dict[str, Any]]:
    """A trial whose customers differ, under a budget, and its answer."""
    folder = tmp_path_factory.mktemp("personal")
    world = make_world(6000, level=(0.5, 0.2), heterogeneity=2.0, seed=1)
    pacsv.write_csv(pa.table(columns(world)), folder / "trial.csv")
    request = Lift(
        folder / "trial.csv", "arm", "none", "margin", ("0.1",), outcome_is_margin=True, budget=200.0, unit="id",
        out=folder / "out",
    )  # fmt: skip
    return world, folder / "out", lift(request)


def listed(out: Path) -> list[dict[str, str]]:
    with (out / "list.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_list_holds_each_customer_once_within_the_budget_the_best_first(
    personal: tuple[World, Path, dict[str, Any]],
) -> None:
    _, out, answer = personal
    rows = listed(out)
    assert list(rows[0]) == ["unit", "arm", "expected_net_eur", "cost_eur", "rank"]
    assert len({r["unit"] for r in rows}) == len(rows) == answer["contacted"]
    assert sum(float(r["cost_eur"]) for r in rows) == pytest.approx(answer["cost_eur"])
    assert answer["cost_eur"] <= 200.0
    nets = [float(r["expected_net_eur"]) for r in rows]
    assert nets == sorted(nets, reverse=True)
    assert [int(r["rank"]) for r in rows] == list(range(1, len(rows) + 1))


def test_the_promise_is_the_sum_of_the_list_and_holds_the_truth(personal: tuple[World, Path, dict[str, Any]]) -> None:
    world, out, answer = personal
    rows = listed(out)
    assert answer["verdict"] == "personalise"
    assert sum(float(r["expected_net_eur"]) for r in rows) == pytest.approx(answer["net_euros"], rel=1e-4)
    truth = sum(world.effect[int(r["unit"][1:]), int(r["arm"][-1]) - 1] - 0.1 for r in rows)
    assert answer["net_euros_low"] <= truth <= answer["net_euros_high"]


def test_the_answer_has_the_keys_that_programs_read(personal: tuple[World, Path, dict[str, Any]]) -> None:
    _, out, answer = personal
    keys = {"verdict", "net_euros", "net_euros_low", "net_euros_high", "gap", "sample_ratio_p", "learners", "contrasts",
            "choice", "fallback", "list", "page", "arms", "warnings"}  # fmt: skip
    assert keys <= set(answer)
    assert (answer["choice"], answer["fallback"]) == ("personalised", None)
    assert json.loads((out / "lift.json").read_text()) == json.loads(json.dumps(answer))
    assert (
        answer["rows"]["in"] == answer["rows"]["used"] == answer["rows"]["train"] + answer["rows"]["held_out"] == 6000
    )
    assert sorted(p.name for p in out.iterdir()) == [
        "lift.html", "lift.json", "list.csv", "model_card.html", "model_card.json",
    ]  # fmt: skip


def test_every_learner_is_one_object_with_the_figures_that_programs_read(
    personal: tuple[World, Path, dict[str, Any]],
) -> None:
    _, _, answer = personal
    figures = {"qini_sklift", "auuc_causalml", "autoc", "autoc_se", "qini_rate", "qini_rate_se", "top30_value",
               "top30_value_se", "blp_slope", "fit_cpu_s", "score_rows_per_cpu_s", "negative_share"}  # fmt: skip
    learners = {found["learner"]: found for found in answer["learners"]}
    assert set(learners) == {"XLearner", "DRLearner", "LinearDML"}
    for found in learners.values():
        assert figures <= {name for name, value in found.items() if isinstance(value, float)}
        assert found["fit_cpu_s"] > 0.0
        assert found["score_rows_per_cpu_s"] > 0.0
    assert [name for name, found in learners.items() if found["chosen"]] == [answer["learner"]["learner"]]
    others = {f"personalised by {name}" for name, found in learners.items() if not found["chosen"]}
    assert others < {c["against"] for c in answer["contrasts"]}


def test_the_card_and_the_answer_say_the_same(personal: tuple[World, Path, dict[str, Any]]) -> None:
    world, out, answer = personal
    card = json.loads((out / "model_card.json").read_text())
    assert card["verdict"]["kind"] == answer["verdict"]
    assert card["choice"] == answer["learner"]
    assert card["segments"]["effects"] == answer["segments"]["effects"]
    assert [a["rows"] for a in card["trial"]["arms"]] == np.bincount(world.trial.arm).tolist()
    assert card["importances"][0]["feature"] == "age", "the only feature that moves the effect"


def test_segments_of_effect_are_said_in_words_and_hold_the_truth(personal: tuple[World, Path, dict[str, Any]]) -> None:
    world, out, answer = personal
    card = json.loads((out / "model_card.json").read_text())
    rules = PolicyRules.from_dict(card["segments"]["rules"])
    segment = rules.segment_of(rules.encoder.transform(world.trial.rows))
    page = (out / "lift.html").read_text()
    for found in answer["segments"]["effects"]:
        inside = segment == rules.words.index(found["segment"])
        truth = world.effect[inside, int(found["arm"][-1]) - 1].mean()
        assert found["effect_eur"]["low"] <= truth <= found["effect_eur"]["high"]
        assert found["segment"] in page
    assert {
        s["arm"] for s in answer["segments"]["effects"] if s["chosen"] and s["segment"].startswith("age above")
    } == {"arm 1"}


def test_learners_that_only_judge_are_judged_and_never_chosen(tmp_path: Path) -> None:
    data = written(tmp_path / "t.csv")
    request = Lift(data, "arm", "none", "margin", ("0.1",), outcome_is_margin=True, unit="id", out=tmp_path / "o",
                   learners=("CausalForestDML", "LinearDML"))  # fmt: skip
    answer = lift(request)
    assert {x["learner"]: (x["works"], x["chosen"]) for x in answer["learners"]} == {
        "CausalForestDML": (False, False),
        "LinearDML": (True, True),
    }


def test_the_same_seed_gives_the_same_files(personal: tuple[World, Path, dict[str, Any]], tmp_path: Path) -> None:
    _, out, _ = personal
    request = Lift(
        out.parent / "trial.csv", "arm", "none", "margin", ("0.1",), outcome_is_margin=True, budget=200.0, unit="id",
        out=tmp_path,
    )  # fmt: skip
    lift(request)
    assert (tmp_path / "list.csv").read_bytes() == (out / "list.csv").read_bytes()


def test_one_arm_goes_to_everyone_whatever_form_the_file_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv_file = written(tmp_path / "t.csv")
    pq.write_table(pacsv.read_csv(csv_file), tmp_path / "t.parquet")
    said = []
    for name in ("t.csv", "t.parquet"):
        out = tmp_path / name.replace(".", "-")
        assert main(["--data", str(tmp_path / name), *FLAGS, *MARGIN, "--out", str(out), "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out))
        assert {r["arm"] for r in listed(out)} == {"arm 1"}
        assert len(listed(out)) == 600
    assert [s["verdict"] for s in said] == ["one arm for everyone"] * 2
    assert said[0]["net_euros"] == said[1]["net_euros"]


def test_nobody_is_an_empty_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = written(tmp_path / "t.csv")
    assert (
        main(["--data", str(data), *FLAGS, "--outcome-is-margin", "--contact-cost", "9", "--out", str(tmp_path / "o")])
        == 0
    )
    said = capsys.readouterr()
    assert said.out.startswith("Send nothing to anybody.")
    assert (tmp_path / "o" / "list.csv").read_text().count("\n") == 1
    assert "fit and judge" in said.err


def test_the_margin_of_a_unit_scales_every_euro(tmp_path: Path) -> None:
    data = written(tmp_path / "t.csv")
    one, ten = (
        lift(Lift(data, "arm", "none", "margin", (str(0.1 * m),), unit_margin=m, unit="id", out=tmp_path / str(m)))
        for m in (1.0, 10.0)
    )
    assert ten["net_euros"] == pytest.approx(10 * one["net_euros"], rel=1e-6)
    assert one["outcome_in_words"] == "margin, at €1.00 a unit; what a redeemed discount costs is not in it"


def test_other_customers_are_chosen_from_when_they_are_given(tmp_path: Path) -> None:
    data = written(tmp_path / "t.csv")
    some = pa.table(columns(make_world(400, seed=9))).drop_columns(["arm", "margin"])
    pacsv.write_csv(some, tmp_path / "customers.csv")
    request = Lift(data, "arm", "none", "margin", ("0.1",), outcome_is_margin=True, unit="id", budget=10.0,
                   list=tmp_path / "customers.csv", out=tmp_path / "o")  # fmt: skip
    answer = lift(request)
    assert (answer["customers"], answer["contacted"]) == (400, 100)
    assert {r["unit"] for r in listed(tmp_path / "o")} < set(some["id"].to_pylist())
    assert "€10.00 of €10.00" in answer_text(tmp_path, request)


def answer_text(folder: Path, request: Lift) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "jobs.lift", "--data", str(request.data), *FLAGS, *MARGIN, "--budget", "10",
         "--list", str(request.list), "--out", str(folder / "again")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def spoil(values: Any, **at: Any) -> list[Any]:
    return [at.get(f"_{i}", v) for i, v in enumerate(np.asarray(values).tolist())]


BASE = columns(make_world(600, level=(1.0,), heterogeneity=0.0))
NOISE = np.random.default_rng(5).normal(size=600)
HOME = np.arange(600) // 3
"""Homes of three customers each; whole homes were drawn, but in ten of them one customer got the other arm."""
HOME_ARM = np.where((NOISE[HOME * 3] > 0) ^ ((np.arange(600) < 30) & (np.arange(600) % 3 == 0)), "arm 1", "none")


def test_rows_set_aside_are_said_with_their_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = written(
        tmp_path / "t.csv",
        margin=spoil(BASE["margin"], _0=None, _1=float("inf")),
        id=spoil(BASE["id"], _5="c5", _7=None),
    )
    assert main(["--data", str(data), *FLAGS, *MARGIN, "--out", str(tmp_path / "o")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "600 rows in, 597 used; set aside: 1 no id (the id), 1 no margin, 1 margin is infinite" in said


@pytest.mark.parametrize(
    ("changes", "words", "code", "says"),
    [
        ({}, ["--control", "nobody"], 19, "column 'arm': no row has the value 'nobody' (--control)"),
        ({}, ["--arm", "segment"], 11, "has no column 'segment' (--arm)"),
        ({}, ["--data", "none.csv"], 17, "none.csv is not there"),
        ({}, ["--unit-margin", "0.3"], 2, "both were given"),
        ({}, ["--budget", "-5"], 2, "--budget is -5 euro"),
        ({}, ["--contact-cost", "-1"], 2, "a contact costs 0 euro or more"),
        ({}, ["--contact-cost", "fax=1"], 2, "--contact-cost names 'fax'"),
        ({}, ["--threads", "0"], 2, "--threads is 0"),
        ({}, ["--learners", "Oracle"], 2, "no learner is called 'Oracle': choose from XLearner"),
        ({}, ["--learners", "CausalForestDML"], 2, "none can be put to work"),
        ({}, ["--learners", "XLearner", "--learners", "XLearner"], 2, "name each once"),
        ({}, ["--share", "none=0.9", "--share", "arm 1=0.1"], 19, "do not read this trial"),
        ({}, ["--share", "none=0"], 2, "give a share above 0"),
        ({}, ["--list", "none.csv"], 17, "none.csv is not there"),
        ({"margin": [1.0] * 600}, [], 19, "the outcome is 1.0 in every row"),
        ({"arm": ["none"] * 600}, [], 19, "every row has 'none'"),
        ({"arm": ["none"] * 590 + ["arm 1"] * 10}, [], 19, "too few rows in arm 1 (10)"),
        ({"arm": ["none"] * 440 + ["arm 1"] * 160}, [], 19, "do not read this trial"),
        ({"p": spoil([0.5] * 600, _3=1.0)}, ["--propensity", "p"], 19, "the propensity is 1 in row 4"),
        ({"late": [str(a) + "!" for a in BASE["arm"]]}, [], 19, "'late' (p = "),
        ({"late": np.array(BASE["arm"] == "arm 1") + NOISE}, [], 19, "--exclude 'late'"),
        ({"arm": ["arm 1", "arm 2"] * 300}, [], 19, "no row has the value 'none' (--control)"),
        ({"age": [1] * 600, "spent": [2] * 600, "zone": ["a"] * 600}, [], 19, "no column is left"),
        ({"p": [0.3] * 600}, ["--propensity", "p"], 19, "the propensities of the arms sum to 0.6, not to 1"),
        ({"p": np.where(NOISE > 0, 0.2, 0.3)}, ["--propensity", "p"], 19, "the arms sum to about 0."),
        ({"arm": HOME_ARM, "home": HOME}, ["--cluster", "home"], 19, "10 of 200 clusters have rows in more than one"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence_and_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    words: list[str],
    code: int,
    says: str,
) -> None:
    data = written(tmp_path / "t.csv", **changes)
    out = tmp_path / "o"
    assert main(["--data", str(data), *FLAGS, *MARGIN, "--out", str(out), *words, "--json"]) == code
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("rows", "arms", "says"),
    [(50, 2, "too few rows in none ("), (30, 10, "too few rows in none (3), arm 1 (3), arm 2 (3)")],
    ids=["50 rows", "ten arms with three rows each"],
)
def test_too_few_rows_are_refused_with_their_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: int, arms: int, says: str
) -> None:
    few = {name: list(values)[:rows] for name, values in BASE.items()}
    few["arm"] = [f"arm {i % arms}" if i % arms else "none" for i in range(rows)]
    pacsv.write_csv(pa.table(few), tmp_path / "t.csv")
    assert main(["--data", str(tmp_path / "t.csv"), *FLAGS, *MARGIN, "--out", str(tmp_path / "o"), "--json"]) == 19
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_missing_values_in_features_are_handled_and_a_constant_one_is_left_out(tmp_path: Path) -> None:
    data = written(
        tmp_path / "t.csv",
        age=[None if i % 7 == 0 else a for i, a in enumerate(BASE["age"].to_pylist())],
        zone=[None if i % 5 == 0 else z for i, z in enumerate(BASE["zone"].to_pylist())],
        land=["NL"] * 600,
    )
    answer = lift(Lift(data, "arm", "none", "margin", ("0.1",), outcome_is_margin=True, unit="id", out=tmp_path / "o"))
    assert answer["rows"]["used"] == 600
    assert set(answer["features"]) == {"age", "spent", "zone"}
    assert answer["left_out"] == {"land": "is 'NL' in every row"}
    assert (answer["verdict"], answer["arm"]) == ("one arm for everyone", "arm 1")


def test_customers_of_one_home_in_two_arms_are_told_of(tmp_path: Path) -> None:
    data = written(tmp_path / "t.csv", home=HOME)
    request = Lift(data, "arm", "none", "margin", ("0.1",), outcome_is_margin=True, unit="id", cluster="home",
                   learners=("XLearner",), out=tmp_path / "o")  # fmt: skip
    assert any("of 200 clusters have rows in more than one arm: arms were drawn row by row" in w
               for w in lift(request)["warnings"])  # fmt: skip


def test_propensities_of_arms_that_are_left_out_are_shared_among_those_judged(tmp_path: Path) -> None:
    world = columns(make_world(900, level=(1.0, 0.5), heterogeneity=0.0))
    pacsv.write_csv(pa.table({**world, "p": [1 / 3] * 900}), tmp_path / "t.csv")
    request = Lift(tmp_path / "t.csv", "arm", "none", "margin", ("0.1",), outcome_is_margin=True, unit="id",
                   propensity="p", arms=("arm 2",), learners=("XLearner",), out=tmp_path / "o")  # fmt: skip
    answer = lift(request)
    assert [a["arm"] for a in answer["arms"]] == ["arm 2"]
    card = json.loads((tmp_path / "o" / "model_card.json").read_text())
    assert [a["propensity"]["mean"] for a in card["trial"]["arms"]] == pytest.approx([0.5, 0.5])


def test_one_of_margin_and_unit_margin_must_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = written(tmp_path / "t.csv")
    assert main(["--data", str(data), *FLAGS, "--contact-cost", "0", "--json"]) == 2
    assert "neither was given" in capsys.readouterr().err


def test_a_file_in_place_of_the_folder_is_named_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = written(tmp_path / "t.csv")
    assert main(["--data", str(data), *FLAGS, *MARGIN, "--out", str(data), "--json"]) == 2
    assert "t.csv is a file: name a folder" in capsys.readouterr().err


def test_help_loads_no_econml_and_no_lightgbm() -> None:
    code = (
        "import sys\nfrom jobs.lift import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print({'econml', 'lightgbm', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")
    assert "--unit-margin" in done.stdout


def test_arms_that_nobody_drew_are_read_with_estimated_propensities_and_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Those who spent more were mailed more often, and spend more anyway; the mail itself adds 1 euro.
    generator = np.random.default_rng(0)
    spent = generator.normal(size=3000)
    mailed = generator.random(3000) < 1 / (1 + np.exp(-spent))
    bought = 2 * spent + mailed + generator.normal(size=3000)
    arms = np.where(mailed, "mail", "none")
    pacsv.write_csv(pa.table({"spent": spent, "arm": arms, "margin": bought}), tmp_path / "trial.csv")
    words = [str(tmp_path / "trial.csv"), "--arm", "arm", "--control", "none", "--outcome", "margin"]
    words += ["--outcome-is-margin", "--contact-cost", "0.1", "--out", str(tmp_path / "out"), "--json"]
    words += ["--learners", "XLearner"]
    assert main(["--data", *words]) == 19
    assert "'spent'" in capsys.readouterr().err
    assert main(["--data", *words, "--estimate-propensity"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert any("Nobody drew these arms" in warning for warning in answer["warnings"])
    assert answer["sample_ratio"]["design"] == "the estimated propensities"
    assert answer["sample_ratio_p"] is None
    for page in ("lift.html", "model_card.html"):
        said = (tmp_path / "out" / page).read_text()
        assert "not drawn" in said
        assert "all that decided who was in which arm" in said
        assert "Sample ratio" not in said
    assert answer["net_euros"] / answer["rows"]["used"] == pytest.approx(1.0 - 0.1, abs=0.25)
    assert main(["--data", *words, "--estimate-propensity", "--share", "none=0.5"]) == 2
