"""allocate-offers --data: the file it writes keeps every limit, the figures are the file's, bad input is named."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from jobs import cli
from jobs.allocate_instance import AllocateInstance, allocate_instance, main
from jobs.storage.data_file import read_data_file
from tests.unit.science.offers.instances import Instance as Dense
from tests.unit.science.offers.instances import best_by_highs

KEYS = {"value", "dual_bound", "gap", "spend", "per_offer", "cpu_s", "peak_mb", "feasible"}


def pairs(n: int = 60, k: int = 4, seed: int = 0, share: float = 1.0) -> pa.Table:
    r = np.random.default_rng(seed)
    i, j = np.nonzero(r.random((n, k)) < share)
    order = r.permutation(len(i))
    i, j = i[order], j[order]
    return pa.table(
        {
            "customer_id": pa.array([f"00{c}" for c in i]),
            "offer_id": pa.array([f"offer {c}" for c in j]),
            "value": np.round(r.normal(1.0, 2.0, len(i)), 2),
            "cost": np.round(r.uniform(0.1, 3.0, len(i)), 2),
            "note": pa.array(["x"] * len(i)),
        }
    )


def saved(rows: pa.Table, path: Path) -> Path:
    pq.write_table(rows, path) if path.suffix == ".parquet" else pacsv.write_csv(rows, path)
    return path


def limit(path: Path, name: str, **counts: Any) -> Path:
    names = [offer.replace("_", " ") for offer in counts]
    return saved(pa.table({"offer_id": names, name: list(counts.values())}), path)


def hold(answer: dict[str, Any], rows: pa.Table, budget: float, each: int = 1) -> None:
    """Hold the file that was written against the file that was read, and the figures against both."""
    chosen = read_data_file(Path(answer["choice"]), text={"customer_id", "offer_id"}).to_pylist()
    given = {(r["customer_id"], r["offer_id"]): r for r in rows.to_pylist()}
    assert all({**r, "note": "x"} == given[r["customer_id"], r["offer_id"]] for r in chosen)
    assert len({(r["customer_id"], r["offer_id"]) for r in chosen}) == len(chosen)
    assert max(Counter(r["customer_id"] for r in chosen).values()) <= each
    assert answer["value"] == pytest.approx(sum(r["value"] for r in chosen))
    assert answer["spend"] == pytest.approx(sum(r["cost"] for r in chosen))
    assert answer["spend"] <= budget * (1 + 1e-9)
    counted = Counter(r["offer_id"] for r in chosen)
    for offer, told in answer["per_offer"].items():
        assert told["customers"] == counted[offer]
        assert told["minimum"] <= counted[offer] <= (np.inf if told["cap"] is None else told["cap"])
    assert answer["feasible"] is True
    assert answer["value"] <= answer["dual_bound"]
    assert answer["gap"] == pytest.approx(1 - answer["value"] / answer["dual_bound"])


def test_the_choice_keeps_every_limit_and_the_figures_are_those_of_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pairs(400)
    words = ["--data", str(saved(rows, tmp_path / "p.csv")), "--budget", "150"]
    words += ["--caps", str(limit(tmp_path / "caps.csv", "cap", offer_0=30, offer_1=0))]
    words += ["--minimums", str(limit(tmp_path / "min.csv", "minimum", offer_2=90))]
    assert cli.main(["allocate-offers", *words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer.keys() >= KEYS
    hold(answer, rows, 150)
    assert answer["gap"] < 2e-3
    assert Path(answer["choice"]) == tmp_path / "p.choice.csv"
    assert answer["columns_unused"] == ["note"]
    assert answer["per_offer"]["offer 1"]["customers"] == 0
    assert answer["per_offer"]["offer 2"]["customers"] >= 90
    assert answer["prices"][0]["name"] == "the budget"
    assert answer["prices"][0]["words"].startswith("One more euro of the budget is worth ")


def test_a_small_instance_is_answered_as_well_as_highs_answers_it(tmp_path: Path) -> None:
    rows = pairs(60)
    request = AllocateInstance(saved(rows, tmp_path / "p.parquet"), 25.0, exact_seconds=10.0)
    answer = allocate_instance(request)
    hold(answer, rows, 25.0)
    value, cost = np.zeros((60, 4)), np.zeros((60, 4))
    for r in rows.to_pylist():
        i, j = int(r["customer_id"]), int(r["offer_id"].split()[1])
        value[i, j], cost[i, j] = r["value"], r["cost"]
    best = best_by_highs(Dense(value.astype(np.float32), cost, 25.0, np.full(4, 60.0), None))
    assert answer["value"] == pytest.approx(best, rel=2e-4)


def test_many_offers_of_few_candidates_each_are_chosen_from_and_twice_gives_the_same(tmp_path: Path) -> None:
    rows = pairs(600, 200, share=0.03)
    path = saved(rows, tmp_path / "p.parquet")
    request = AllocateInstance(path, 300.0, caps=limit(tmp_path / "caps.parquet", "cap", offer_7=1))
    answer = allocate_instance(request)
    hold(answer, rows, 300.0)
    assert answer["gap"] < 5e-3
    before = Path(answer["choice"]).read_bytes()
    again = allocate_instance(request)
    assert Path(again["choice"]).read_bytes() == before
    assert {k: v for k, v in again.items() if k not in {"cpu_s", "peak_mb"}} == {
        k: v for k, v in answer.items() if k not in {"cpu_s", "peak_mb"}
    }


def test_several_offers_a_customer_where_that_is_asked_for(tmp_path: Path) -> None:
    rows = pairs(200)
    path = saved(rows, tmp_path / "p.parquet")
    one = allocate_instance(AllocateInstance(path, 120.0))
    two = allocate_instance(AllocateInstance(path, 120.0, offers_each=2))
    hold(two, rows, 120.0, each=2)
    assert two["value"] > one["value"]


def test_no_limit_that_matters_gives_everybody_the_best_and_prices_nothing(tmp_path: Path) -> None:
    rows = pairs(50)
    answer = allocate_instance(AllocateInstance(saved(rows, tmp_path / "p.csv"), float("inf")))
    best: dict[str, float] = {}
    for r in rows.to_pylist():
        best[r["customer_id"]] = max(best.get(r["customer_id"], 0.0), r["value"])
    assert answer["value"] == pytest.approx(sum(best.values()))
    assert answer["gap"] == pytest.approx(0.0, abs=1e-6)
    assert answer["budget"] is None
    assert answer["prices"][0]["price"] == 0.0


def test_a_budget_of_nothing_buys_nothing(tmp_path: Path) -> None:
    answer = allocate_instance(AllocateInstance(saved(pairs(20), tmp_path / "p.csv"), 0.0))
    assert (answer["customers_offered"], answer["value"], answer["gap"], answer["feasible"]) == (0, 0.0, 0.0, True)


def test_a_budget_below_every_cost_says_what_the_cheapest_costs(tmp_path: Path) -> None:
    """The cheapest that is worth giving: what loses money is not bought at any budget."""
    rows = {
        "customer_id": ["a", "b", "c"],
        "offer_id": ["x", "x", "y"],
        "value": [5.0, 4.0, -1.0],
        "cost": [2.0, 3.0, 0.1],
    }
    answer = allocate_instance(AllocateInstance(saved(pa.table(rows), tmp_path / "pairs.csv"), 0.5))
    [told] = [price for price in answer["prices"] if price["shut"]]
    assert told["words"] == "The budget of 0.50 euro pays for no offer: the cheapest costs 2.00 euro."


def test_a_limit_that_lets_nothing_through_is_not_said_to_suffice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its price is 0, because no pair was left to price it by."""
    path = saved(pairs(), tmp_path / "pairs.csv")
    assert main(["--data", str(path), "--budget", "0"]) == 0
    assert "None of the budget may be given" in capsys.readouterr().out
    closed = limit(tmp_path / "c.csv", "cap", offer_0=0)
    assert main(["--data", str(path), "--budget", "1000", "--caps", str(closed)]) == 0
    assert "None of offer offer 0 may be given" in capsys.readouterr().out


def test_the_table_fits_the_terminal_and_says_prices_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(saved(pairs(300, 30), tmp_path / "p.csv")), "--budget", "60"]
    assert main([*words, "--caps", str(limit(tmp_path / "c.csv", "cap", offer_0=3))]) == 0
    said = capsys.readouterr().out
    assert all(len(line) <= 100 for line in said.splitlines() if not line.startswith("choice"))
    assert "One more euro of the budget is worth" in said
    assert "and 10 more offers, in --json" in said
    assert "every limit holds, counted again" in said


@pytest.mark.parametrize(
    ("change", "limits", "words", "code", "says"),
    [
        ({"value": [1.0, float("nan")]}, {}, [], 12, "p.parquet, column 'value', row 2: is nan, must be finite"),
        ({"value": [1.0, float("inf")]}, {}, [], 12, "is inf, must be finite"),
        ({"cost": [1.0, -1.0]}, {}, [], 12, "column 'cost', row 2: is -1.0"),
        ({"offer_id": ["a", "a"], "customer_id": ["1", "1"]}, {}, [], 12, "customer '1' has offer 'a' in row 1 and"),
        ({"currency": ["EUR", "GBP"]}, {}, [], 12, "is 'GBP', must be EUR"),
        ({"expires_on": ["2026-11-21", "2027-01-01"]}, {}, [], 12, "offer 'a' expired on 2026-11-21"),
        ({"cost": None}, {}, [], 11, "p.parquet has no column 'cost'"),
        ({}, {"caps": {"z": 1}}, [], 12, "caps.csv, column 'offer_id', row 1: no customer has an offer 'z'"),
        ({}, {"minimums": {"z": 1}}, [], 12, "minimums.csv, column 'offer_id', row 1: no customer has an offer 'z'"),
        (
            {},
            {"caps": {"a": 1}, "minimums": {"a": 2}},
            [],
            2,
            "has a cap of 1 below its minimum of 2: lower the minimum",
        ),
        ({}, {"minimums": {"a": 2}}, [], 2, "the minimum of offer 'a' is 2 customers and 1 have it: lower it by 1"),
        ({}, {"minimums": {"a": 1, "b": 1}}, ["--budget", "1.5"], 2, "raise it by 0.50 euro"),
        ({}, {}, ["--budget", "-1"], 2, ""),
        ({}, {}, ["--budget", "nan"], 2, ""),
        ({}, {}, ["--data", "none.csv"], 17, "none.csv is not there"),
        ({}, {}, ["--out", "list.txt"], 2, "--out is list.txt: name a .csv or a .parquet file"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_the_last_choice_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], limits: dict[str, dict[str, int]],
    words: list[str], code: int, says: str,
) -> None:  # fmt: skip
    columns = {"customer_id": ["1", "2"], "offer_id": ["a", "b"], "value": [1.0, 2.0], "cost": [1.0, 1.0]} | change
    path = saved(pa.table({k: v for k, v in columns.items() if v is not None}), tmp_path / "p.parquet")
    last = tmp_path / "p.choice.parquet"
    last.write_text("as it was")
    asked = ["--data", str(path), "--budget", "9", "--today", "2026-11-22"]
    for name, counts in limits.items():
        asked += [f"--{name}", str(limit(tmp_path / f"{name}.csv", name[:-1], **counts))]
    try:
        ended: Any = main([*asked, *words, "--json"])
    except SystemExit as refused:  # argparse refuses a number out of its range
        ended = refused.code
    said = capsys.readouterr()
    assert ended == code
    assert says in said.err
    assert said.out == ""
    assert not says or said.err.count("\n") == 1
    assert last.read_text() == "as it was"


def test_the_choice_never_lands_on_a_file_that_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(pairs(5), tmp_path / "p.csv")
    assert main(["--data", str(path), "--budget", "9", "--out", str(path)]) == 2
    assert "is a file that is read: name another one" in capsys.readouterr().err
    assert main(["--data", str(path), "--budget", "9", "--out", str(tmp_path)]) == 2


def test_several_offers_out_of_too_many_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(pairs(5, 70), tmp_path / "p.csv")
    assert main(["--data", str(path), "--budget", "9", "--offers-each", "2"]) == 2
    assert "2 offers a customer out of 70: more than one each" in capsys.readouterr().err
