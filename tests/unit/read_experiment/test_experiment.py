"""A declared experiment is read by its own rule, look by look, until its end; rows at fault are set aside."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from jobs.errors import BadExperiment, BadRequest, BadTrial, NoInput
from jobs.read_experiment import ReadExperiment, read_experiment
from jobs.read_experiment import main as read_main
from jobs.runtime.stores import Stores
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.tables.outputs import QUARANTINE, READOUTS
from tests.trained import rows_of
from tests.unit.experiments import AMENDED, ID, START, changed, home_of, write_file
from tests.unit.read_experiment.trial_home import (
    CUSTOMERS,
    EARLY,
    LATE,
    SECOND,
    WEEK,
    drawn_home,
    measured,
    write_measurements,
)


@pytest.fixture(scope="module")
def read_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stores, Path]:
    """Two looks: one half way, one at the end."""
    folder = tmp_path_factory.mktemp("home")
    stores = drawn_home(folder)
    write_measurements(folder, measured(stores, 3.0))
    for day in (EARLY, LATE):
        read_experiment(ReadExperiment(day, ID), stores)
    return stores, folder


def _documents(stores: Stores) -> list[dict[str, Any]]:
    return [json.loads(text) for text in rows_of(stores, READOUTS).sort_by("run_date")["document"].to_pylist()]


def test_looks_are_always_valid_before_the_end_and_decide_at_it(read_home: tuple[Stores, Path]) -> None:
    early, late = _documents(read_home[0])
    assert (early["progress"]["units"], early["progress"]["is_final"]) == (CUSTOMERS // 2, False)
    assert early["progress"]["interval"] == "always-valid"
    assert early["warnings"][0].startswith(f"{CUSTOMERS // 2} customers were drawn and wait")
    assert (late["progress"]["units"], late["progress"]["is_final"]) == (CUSTOMERS, True)
    assert late["decision"]["outcome"] == "ship"
    assert late["decision"]["arm"] == "mail"
    spend, returned = (metric["lines"][0] for metric in late["metrics"])
    assert spend["absolute"]["lower"] < 3.0 < spend["absolute"]["upper"]
    assert returned["verdict"] == "held"


def test_a_row_of_readouts_says_what_was_decided_and_by_what(read_home: tuple[Stores, Path]) -> None:
    first, second = rows_of(read_home[0], READOUTS).sort_by("run_date").to_pylist()
    assert [(row["look"], row["decision"], row["arm"], row["units"]) for row in (first, second)] == [
        (1, first["decision"], first["arm"], CUSTOMERS // 2),
        (2, "ship", "mail", CUSTOMERS),
    ]
    assert first["rule_digest"] == second["rule_digest"]
    assert first["inputs_digest"] != second["inputs_digest"]
    assert read_home[0].objects.get(second["document_key"]).decode() == second["document"]
    assert b"<svg" in read_home[0].objects.get(second["page_key"])


def test_figures_are_those_of_the_rows_themselves(read_home: tuple[Stores, Path]) -> None:
    stores, _ = read_home
    rows = measured(stores, 3.0)
    values = {
        arm: Moments.of_rows(["spend_eur"], np.array([[r["spend_eur"]] for r in rows if r["arm"] == arm]))
        for arm in ("none", "mail")
    }
    found = effect(Metric("spend", "mean", "spend_eur"), values["none"], values["mail"])
    [line] = _documents(stores)[1]["metrics"][0]["lines"]
    assert line["absolute"]["value"] == pytest.approx(found.absolute.value, rel=1e-12)
    assert line["absolute"]["upper"] == pytest.approx(found.absolute.upper, rel=1e-9)
    # who was drawn and exposed is known: the effect on them is the effect over their share
    share = line["exposed"]["share_treatment"]
    assert line["exposed"]["effect"]["value"] == pytest.approx(found.absolute.value / share, rel=1e-9)


def test_over_time_ends_where_the_reading_is(read_home: tuple[Stores, Path]) -> None:
    late = _documents(read_home[0])[1]
    curve = late["over_time"][0]
    assert [(p["at"], p["units"]) for p in curve["points"]] == [
        (str(START + timedelta(days=7)), CUSTOMERS // 2),
        (str(SECOND + timedelta(days=7)), CUSTOMERS),
    ]
    assert curve["points"][-1]["value"] == pytest.approx(late["metrics"][0]["lines"][0]["absolute"]["value"], rel=1e-12)


def test_the_same_day_again_and_days_after_the_end_commit_nothing(read_home: tuple[Stores, Path]) -> None:
    stores, _ = read_home
    assert read_experiment(ReadExperiment(LATE, ID), stores).state == "already done"
    with pytest.raises(NoInput, match=r"is over, its last reading is run .* netlift reproduce"):
        read_experiment(ReadExperiment(LATE + timedelta(days=1), ID), stores)
    assert rows_of(stores, READOUTS).num_rows == 2


def _spoilt(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def spoil(n: int, **values: Any) -> None:
        rows[n] |= values

    spoil(0, spend_eur=float("nan"))
    spoil(1, spend_eur=float("inf"))
    spoil(2, spend_eur=1e308)
    spoil(3, returned=2)
    spoil(4, arm="none" if rows[4]["arm"] == "mail" else "mail")
    spoil(5, measured_at=rows[5]["measured_at"] - timedelta(days=8))
    spoil(6, measured_at=rows[6]["measured_at"] - timedelta(days=2))
    spoil(7, customer_id="stranger")
    spoil(8, arm="letter")
    return [*rows, rows[20]]


def test_rows_at_fault_are_set_aside_and_their_customers_are_no_zeros(tmp_path: Path) -> None:
    stores = drawn_home(tmp_path)
    write_measurements(tmp_path, _spoilt(measured(stores, 3.0)))
    report = read_experiment(ReadExperiment(LATE, ID), stores)
    assert (report.rows_in, report.rows_used, report.rows_quarantined) == (CUSTOMERS + 1, CUSTOMERS - 9, 10)
    reasons = rows_of(stores, QUARANTINE).sort_by("row_number")["reason"].to_pylist()
    assert [reason.partition(":")[0] for reason in reasons] == [
        "spend_eur is missing",
        "spend_eur is infinite",
        "spend_eur must be at most 1e+150",
        "returned must be at most 1",
        f"arm is another arm than the one that was drawn, {'none' if 'none' in reasons[4] else 'mail'}",
        "measured_at is before the assignment",
        "measured_at is before the outcome window of 7 days closed",
        "customer_id was never assigned to an arm of the experiment",
        f"arm is another arm than the one that was drawn, {'none' if 'none' in reasons[8] else 'mail'}",
        "customer_id stand twice, the first row was kept",
    ]
    [document] = _documents(stores)
    # the customer whom the stranger stands for was not measured at all
    assert document["progress"]["units"] == CUSTOMERS - 8
    aside = {a["reason"]: a["rows"] for a in document["source"]["set_aside"]}
    assert sum(aside.values()) == 10
    assert "8 customers are left out: their only measurement was set aside." in document["warnings"]
    assert any(w.startswith("Of 1 customers nothing was measured: they count as zero") for w in document["warnings"])


def test_what_is_missing_is_zero_or_left_out_as_the_file_says(tmp_path: Path) -> None:
    for name, missing, units in (("zero", "zero", CUSTOMERS), ("out", "left-out", CUSTOMERS - 100)):
        folder = tmp_path / name
        file = changed(('value = "spend_eur"', f'value = "spend_eur"\nmissing = "{missing}"'), file=WEEK)
        stores = drawn_home(folder, file)
        rows = measured(stores, 3.0)
        write_measurements(folder, rows[100:])
        read_experiment(ReadExperiment(LATE, ID), stores)
        [document] = _documents(stores)
        assert document["progress"]["units"] == units
        own = [r["spend_eur"] for r in rows[100:] if r["arm"] == "none"]
        everybody = sum(r["arm"] == "none" for r in rows)
        control = document["metrics"][0]["lines"][0]["control"]
        assert control == pytest.approx(sum(own) / (everybody if missing == "zero" else len(own)), rel=1e-12)


def test_uneven_losses_conclude_nothing(tmp_path: Path) -> None:
    file = changed(('value = "spend_eur"', 'value = "spend_eur"\nmissing = "left-out"'), file=WEEK)
    stores = drawn_home(tmp_path, file)
    rows = measured(stores, 3.0)
    write_measurements(tmp_path, [r for n, r in enumerate(rows) if r["arm"] == "none" or n % 5])
    report = read_experiment(ReadExperiment(LATE, ID), stores)
    [document] = _documents(stores)
    assert (report.details["decision"], document["split"]["holds"], document["metrics"]) == ("none", False, [])


def test_strata_of_other_shares_are_no_effect(tmp_path: Path) -> None:
    strata = "".join(
        f'[[strata]]\nvalue = "{s}"\nshares = {{ none = {1 - p}, mail = {p} }}\n'
        for s, p in (("old", 0.8), ("new", 0.2))
    )
    large = '\n[[metrics]]\nname = "large"\nkind = "quantile"\nvalue = "spend_eur"\nshare = 0.9\n\n[decision]'
    file = changed(("exposure = 1.0", 'exposure = 1.0\nstratum = "age"'), ("\n[decision]", large), file=WEEK) + strata
    ages = ["old" if n % 2 else "new" for n in range(CUSTOMERS)]
    stores = drawn_home(tmp_path, file, age=ages)
    rows = measured(stores, 0.0)
    for row in rows:
        row["spend_eur"] += 50.0 * (int(row["customer_id"][1:]) % 2)
    write_measurements(tmp_path, rows)
    read_experiment(ReadExperiment(LATE, ID), stores)
    [document] = _documents(stores)
    absolute = document["metrics"][0]["lines"][0]["absolute"]
    assert absolute["lower"] < 0.0 < absolute["upper"], "a plain difference would be 30 euro"
    assert "large is a quantile and is not read: strata have other shares." in document["warnings"]
    assert document["arms"][1]["share_planned"] == pytest.approx(0.5, abs=1e-9)


def test_households_are_read_as_what_was_drawn(tmp_path: Path) -> None:
    file = changed(('control = "none"', 'control = "none"\nunit = "household_id"'), file=WEEK)
    file = changed(("units_planned = 1000", "units_planned = 300"), file=file)
    stores = drawn_home(tmp_path, file, household_id=[f"h{n // 3}" for n in range(CUSTOMERS)])
    write_measurements(tmp_path, measured(stores, 4.0))
    read_experiment(ReadExperiment(LATE, ID), stores)
    [document] = _documents(stores)
    assert (document["unit"], document["progress"]["units"]) == ("household_id", CUSTOMERS // 3)
    assert document["metrics"][0]["lines"][0]["absolute"]["value"] == pytest.approx(4.0, abs=2.0)


def test_quantiles_caps_and_ratios_of_a_file_are_read(tmp_path: Path) -> None:
    more = """
[[metrics]]
name = "capped"
kind = "mean"
value = "spend_eur"
cap_quantile = 0.99

[[metrics]]
name = "large"
kind = "quantile"
value = "spend_eur"
share = 0.9

[[metrics]]
name = "basket"
kind = "ratio"
value = "spend_eur"
denominator = "orders"

[[metrics]]
name = "adjusted"
kind = "mean"
value = "spend_eur"
covariates = ["before_eur"]
adjustment = "cuped"

[decision]"""
    stores = drawn_home(tmp_path, changed(("\n[decision]", more), file=WEEK))
    rows = measured(stores, 3.0)
    for row in rows:
        row |= {"orders": 2, "before_eur": row["spend_eur"] * 0.9 if row["arm"] == "none" else row["spend_eur"] - 3.0}
    write_measurements(tmp_path, rows)
    read_experiment(ReadExperiment(LATE, ID), stores)
    [document] = _documents(stores)
    by_name = {metric["metric"]: metric["lines"][0] for metric in document["metrics"]}
    spend = np.array([r["spend_eur"] for r in rows])
    arms = np.array([r["arm"] for r in rows])
    capped = np.minimum(
        spend,
        duckdb.execute("SELECT quantile_disc(s, 0.99) FROM (SELECT unnest($s) AS s)", {"s": spend.tolist()}).fetchall()[
            0
        ][0],
    )
    for name, truth in (
        ("capped", capped[arms == "mail"].mean() - capped[arms == "none"].mean()),
        ("basket", (spend[arms == "mail"].mean() - spend[arms == "none"].mean()) / 2.0),
    ):
        assert by_name[name]["absolute"]["value"] == pytest.approx(truth, rel=1e-9)
    assert by_name["large"]["absolute"]["value"] == pytest.approx(3.0, abs=4.0)
    width = {name: line["absolute"]["upper"] - line["absolute"]["lower"] for name, line in by_name.items()}
    assert width["adjusted"] < 0.5 * width["spend"]


def test_the_calendar_ends_it_too(tmp_path: Path) -> None:
    file = changed(
        ("ends_on = 2026-11-28", "ends_on = 2026-11-05"), ("units_planned = 1000", "units_planned = 5000"), file=WEEK
    )
    stores = drawn_home(tmp_path, file)
    write_measurements(tmp_path, measured(stores, 3.0))
    read_experiment(ReadExperiment(LATE, ID), stores)
    [document] = _documents(stores)
    assert document["progress"]["is_final"]
    assert any("with 1,200 of 5,000 planned units" in warning for warning in document["warnings"])


def test_a_reading_says_what_was_amended_and_refuses_what_was_only_changed(tmp_path: Path) -> None:
    stores = drawn_home(tmp_path)
    write_measurements(tmp_path, measured(stores, 3.0))
    other = changed(("margin = 0.02", "margin = 0.05"), file=WEEK)
    write_file(tmp_path, other)
    with pytest.raises(BadExperiment, match=r"margin.*changed after the start"):
        read_experiment(ReadExperiment(LATE, ID), stores)
    write_file(tmp_path, other + AMENDED)
    read_experiment(ReadExperiment(LATE, ID), stores)
    [document] = _documents(stores)
    assert [a["reason"] for a in document["amendments"]] == ["Nothing broke."]
    assert document["decision"]["rule"]["guardrails"][0]["margin"] == 0.05


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda rows: [{**r, "spend_eur": 1.0, "returned": 0} for r in rows], BadTrial, "metric 'spend' is 1.0"),
        (
            lambda rows: [{k: v for k, v in r.items() if k != "returned"} for r in rows],
            Exception,
            "no column 'returned'",
        ),
        (lambda rows: [{**r, "measured_at": str(r["measured_at"])} for r in rows], Exception, "must be timestamp"),
        (
            lambda rows: [{**r, "measured_at": r["measured_at"] - timedelta(days=6)} for r in rows],
            BadTrial,
            "no measurement is left .* of them because .*before the outcome window of 7 days closed",
        ),
    ],
)
def test_what_no_reading_can_rest_on_is_refused_in_a_sentence(
    tmp_path: Path, spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], error: type[Exception], says: str
) -> None:
    stores = drawn_home(tmp_path)
    write_measurements(tmp_path, spoil(measured(stores, 0.0)))
    with pytest.raises(error, match=says):
        read_experiment(ReadExperiment(LATE, ID), stores)


def test_nothing_to_read_yet_is_said(tmp_path: Path) -> None:
    stores = drawn_home(tmp_path)
    with pytest.raises(NoInput, match="has no Parquet file"):
        read_experiment(ReadExperiment(LATE, ID), stores)
    write_measurements(tmp_path, measured(stores, 0.0))
    with pytest.raises(NoInput, match="no outcome window of 7 days has closed"):
        read_experiment(ReadExperiment(START + timedelta(days=3), ID), stores)
    other = home_of(tmp_path / "b", WEEK)
    write_measurements(tmp_path / "b", measured(stores, 0.0))
    with pytest.raises(NoInput, match="has not started on"):
        read_experiment(ReadExperiment(START - timedelta(days=5), ID), other)
    with pytest.raises(NoInput, match=r"no assignments up to .*: run netlift assign-treatment"):
        read_experiment(ReadExperiment(LATE, ID), other)
    for names in ({}, {"experiment": ID, "campaign": "spring"}):
        with pytest.raises(BadRequest, match="either --experiment"):
            read_experiment(ReadExperiment(LATE, **names), stores)


def test_the_terminal_says_what_was_found_and_what_now(
    read_home: tuple[Stores, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NETLIFT_HOME", str(read_home[1]))
    assert read_main(["--experiment", ID, "--run-date", str(LATE)]) == 0
    said = capsys.readouterr().out
    assert "Decision: ship mail" in said
    assert "already done" in said
    assert "again: netlift reproduce read-experiment-autumn-mail-" in said
    assert read_main(["--experiment", ID, "--run-date", str(LATE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["details"]["decision"] == "ship"
