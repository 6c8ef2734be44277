"""An experiment in a file is read in one command; what cannot be read is said in a sentence, or set aside."""

import csv
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import statsmodels.api as sm
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from jobs.cli import main
from jobs.science.experiment.readout import from_statistics
from tests.unit.science.experiment.trials import rows

N = 1500
METRICS = ("--metric", "spend:mean:spend", "--metric", "visit:proportion:visit", "--metric", "aov:ratio:spend/orders")
Read = Callable[..., tuple[int, dict[str, Any] | None, str]]


def trial(effect: float = 0.2) -> dict[str, list[object]]:
    """Two arms that were drawn by lot, the mail with an effect."""
    none, mail = rows(N, 1), rows(N, 2, effect)
    found: dict[str, list[object]] = {name: [*none[name].tolist(), *mail[name].tolist()] for name in none}
    units = 2 * N
    return {
        "id": [f"u{i:05}" for i in range(units)],
        "arm": ["none"] * N + ["mail"] * N,
        **found,
        "household": [f"{'nm'[i >= N]}{c}" for i, c in enumerate(found["cluster"])],
        "opened": [int(i >= N and i % 2 == 0) for i in range(units)],
        "kind": ["new" if i % 3 else "old" for i in range(units)],
        "at": [f"2026-03-{1 + i % 20:02}T10:00:00Z" for i in range(units)],
        "assigned": [f"2026-03-{1 + i % 20:02}T09:00:00Z" for i in range(units)],
    }


@pytest.fixture
def read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Read:
    def run(table: dict[str, list[object]] | Path, *flags: str, metrics: tuple[str, ...] = METRICS) -> Any:
        path = table if isinstance(table, Path) else tmp_path / "trial.csv"
        if not isinstance(table, Path):
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
        words = ["read-experiment", "--data", str(path), "--arm", "arm", *metrics, "--out", str(tmp_path / "out")]
        control = () if "--control" in flags else ("--control", "none")
        code = main([*words, *control, "--json", *flags])
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else None, printed.err

    return run


def line(document: dict[str, Any] | None, metric: str, arm: str = "mail") -> dict[str, Any]:
    assert document is not None
    return next(x for m in document["metrics"] if m["metric"] == metric for x in m["lines"] if x["arm"] == arm)


def test_hillstrom_in_one_command_is_what_statsmodels_says(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--arm", "segment", "--control", "No E-Mail", "--metric", "visit:proportion:visit"]
    words += ["--metric", "spend:mean:spend", "--out", str(out)]
    assert main(["read-experiment", "--data", str(data_dir / "hillstrom.csv"), *words]) == 0
    document = json.loads((out / "experiment.json").read_text())
    table = pyarrow.csv.read_csv(data_dir / "hillstrom.csv")
    data = {name: table[name].to_numpy().astype(float) for name in ("visit", "spend")}
    arm = table["segment"].to_numpy()
    assert document["source"]["rows_used"] == 64_000
    for metric in ("visit", "spend"):
        for name in ("Mens E-Mail", "Womens E-Mail"):
            y = data[metric]
            oracle = CompareMeans(DescrStatsW(y[arm == name]), DescrStatsW(y[arm == "No E-Mail"]))
            found = line(document, metric, name)
            expected = [*oracle.tconfint_diff(usevar="unequal"), oracle.ttest_ind(usevar="unequal")[1]]
            ours = [found["absolute"]["lower"], found["absolute"]["upper"], found["p_value"]]
            assert ours == pytest.approx(expected, rel=1e-9)
            assert found["verdict"] == "better"
    assert "Mens E-Mail" in (out / "experiment.html").read_text()
    assert not (out / "experiment_quarantine.csv").exists()


def test_covariates_clusters_and_the_exposed_are_what_regressions_say(read: Read) -> None:
    table = trial()
    y, treated = np.array(table["spend"], float), np.array(table["arm"]) == "mail"
    past = np.array(table["past_spend"], float)
    _, cuped, _ = read(table, "--covariate", "past_spend", "--exposed", "opened", "--unit", "id")
    left = sm.OLS(y, sm.add_constant(past)).fit().resid
    oracle = CompareMeans(DescrStatsW(left[treated]), DescrStatsW(left[~treated]))
    found = line(cuped, "spend")
    assert [found["absolute"]["lower"], found["absolute"]["upper"]] == pytest.approx(
        oracle.tconfint_diff(usevar="unequal"), rel=1e-9
    )
    # two-stage least squares with one instrument is the ratio of two effects
    exposed = np.array(table["opened"], float)
    _, plain, _ = read(table, "--exposed", "opened")
    found = line(plain, "spend")["exposed"]
    wald = (y[treated].mean() - y[~treated].mean()) / (exposed[treated].mean() - exposed[~treated].mean())
    assert found["effect"]["value"] == pytest.approx(wald, rel=1e-9)
    rest = y - wald * exposed
    error = np.sqrt(rest[treated].var(ddof=1) / N + rest[~treated].var(ddof=1) / N) / exposed[treated].mean()
    assert found["effect"]["upper"] - wald == pytest.approx(1.961 * error, rel=1e-3)
    _, clustered, _ = read(table, "--cluster", "household", "--unit", "id")
    groups = np.unique(np.array(table["household"]), return_inverse=True)[1]
    fit = sm.OLS(y, sm.add_constant(treated.astype(float))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert line(clustered, "spend")["absolute"]["value"] == pytest.approx(fit.params[1], rel=1e-9)
    half = line(clustered, "spend")["absolute"]["upper"] - fit.params[1]
    assert half == pytest.approx(1.963 * fit.bse[1], rel=5e-3)


def test_a_rule_decides_and_without_one_it_is_a_reading(read: Read) -> None:
    _, document, _ = read(trial())
    assert document is not None
    assert document["decision"]["rule"] is None
    code, document, _ = read(trial(0.3), "--guardrail", "aov:25%", "--success", "visit", "--unit-value", "spend=0.3")
    assert document is not None
    assert (code, document["decision"]["outcome"], document["decision"]["arm"]) == (0, "ship", "mail")
    assert [m["role"] for m in document["metrics"]] == ["success", "guardrail", "read"]
    total = line(document, "spend")["total_eur"]["value"]
    assert total == pytest.approx(0.3 * N * line(document, "spend")["absolute"]["value"])


def test_it_is_rebuilt_from_its_own_statistics(read: Read, tmp_path: Path) -> None:
    flags = ("--time", "at", "--segment", "kind", "--looks", "5", "--units-planned", "6000", "--cap", "spend=0.99")
    metrics = (*METRICS, "--metric", "large:quantile:spend@0.9")
    _, document, _ = read(trial(), *flags, metrics=metrics)
    text = (tmp_path / "out" / "experiment.json").read_text()
    assert json.dumps(from_statistics(json.loads(text)["statistics"]), indent=1) == text
    assert document is not None
    assert document["progress"]["interval"] == "always-valid"
    assert len(document["segments"]) == 2 * 3
    curve = next(c for c in document["over_time"] if c["metric"] == "spend")
    assert [p["at"] for p in curve["points"]][-1] == "2026-03-20T10:00:00Z"
    assert len(curve["points"]) == 5
    assert {name: curve["points"][-1][name] for name in ("value", "lower", "upper")} == pytest.approx(
        line(document, "spend")["absolute"], rel=1e-9
    )


def test_over_time_clusters_count_when_they_are_whole(read: Read) -> None:
    _, document, _ = read(trial(), "--time", "at", "--cluster", "household")
    assert document is not None
    curve = document["over_time"][0]["points"]
    assert curve[-1]["value"] == pytest.approx(line(document, "spend")["absolute"]["value"], rel=1e-9)
    assert curve[-1]["units"] == document["progress"]["units"] == len(set(trial()["household"]))


def test_parquet_and_compressed_csv_say_the_same(read: Read, tmp_path: Path) -> None:
    table = trial()
    _, plain, _ = read(table)
    pq.write_table(pa.table(table), tmp_path / "trial.parquet")
    _, parquet, _ = read(tmp_path / "trial.parquet")
    (tmp_path / "trial.csv.gz").write_bytes(gzip.compress((tmp_path / "trial.csv").read_bytes()))
    _, packed, _ = read(tmp_path / "trial.csv.gz")
    assert plain is not None
    assert parquet is not None
    assert packed is not None
    assert plain["metrics"] == parquet["metrics"] == packed["metrics"]


@pytest.mark.parametrize(
    ("column", "value", "flags", "reason"),
    [
        ("spend", "nan", (), "needs a number"),
        ("spend", "inf", (), "needs a number"),
        ("spend", "1e308", (), "needs a number"),
        ("spend", "", (), "needs a number"),
        ("spend", "12 EUR", (), "it is no number"),
        ("spend", "-3", ("--cap", "0.99"), "must not be negative"),
        ("orders", "-1", (), "denominator must not be negative"),
        ("visit", "0.5", (), "a proportion is of 0 and 1"),
        ("arm", "", (), "the arm is missing"),
        ("id", "", ("--unit", "id"), "has no id"),
        ("id", "u00009", ("--unit", "id"), "it has several rows"),
        ("at", "2026-02-01T00:00:00Z", ("--time", "at", "--assigned-at", "assigned"), "it is before 'assigned'"),
        ("at", "soon", ("--time", "at"), "no moment"),
    ],
)
def test_a_row_at_fault_is_set_aside_with_its_reason(
    read: Read, tmp_path: Path, column: str, value: str, flags: tuple[str, ...], reason: str
) -> None:
    table = trial()
    table[column][7] = table[column][11] = value
    code, document, _ = read(table, *flags)
    with (tmp_path / "out" / "experiment_quarantine.csv").open() as file:
        listed = list(csv.DictReader(file))
    expected = ["8", "12"] if value != "u00009" else ["8", "10", "12"]
    assert [row["row"] for row in listed] == expected
    assert all(row["column"] == column and reason in row["reason"] for row in listed)
    assert document is not None
    assert code == 0
    assert document["source"]["rows"] == document["source"]["rows_used"] + len(listed)
    assert sum(entry["rows"] for entry in document["source"]["set_aside"]) == len(listed)


def change(**changed: object) -> dict[str, list[object]]:
    """Return the trial with some columns all of one value, or of what a function of the row's number says."""
    table = trial()
    for name, value in changed.items():
        table[name] = [value(i) if callable(value) else value for i in range(2 * N)]
    return table


@pytest.mark.parametrize(
    ("table", "flags", "code", "says"),
    [
        (change(id=lambda i: f"u{i % N}"), ("--unit", "id"), 19, "column 'id': 1,500 of 1,500 units are in two arms"),
        (
            change(id=lambda i: f"u{i // 3}"),
            ("--unit", "id"),
            12,
            "units have several rows, 'u0' has 3: .* --cluster id",
        ),
        (
            change(arm=lambda i: ["none", "mail", "post"][i % 3]),
            ("--share", "none=0.5", "--share", "mail=0.5"),
            19,
            "column 'arm' holds 'post' in 1,000 rows, which no --share declares",
        ),
        (trial(), ("--share", "none=0.4", "--share", "mail=0.4", "--share", "post=0.2"), 19, "no 'post'.*arm is empty"),
        (trial(), ("--arms", "post"), 19, "column 'arm' holds no 'post', which --arms names"),
        (change(spend=4), (), 19, "metric 'spend' is 4.0 in the control and 4.0 in the other arm"),
        (change(orders=0), (), 19, "column 'orders' is 0 in every row of an arm"),
        (change(spend="x"), (), 12, "column 'spend' holds 'x', for one, and it is no number, in 3,000 of 3,000 rows"),
        (change(spend=lambda i: "1e200" if i % 4 else 3), (), 12, r"column 'spend' holds '1e\+200', for one"),
        (change(arm="none"), (), 19, "holds 'none' only: a trial has a control and another arm"),
        (change(arm=lambda i: f"a{i}"), (), 19, "more than 50 values"),
        (trial(), ("--control", "nobody"), 19, "column 'arm' holds no 'nobody', which --control names"),
        (trial(), ("--alpha", "0"), 2, "alpha == 0.0, must be between 0 and 1"),
        (trial(), ("--alpha", "1"), 2, "alpha == 1.0, must be between 0 and 1"),
        (trial(), ("--correction", "bonferroni"), 2, "correction 'bonferroni'"),
        (trial(), ("--unit", "nowhere"), 11, "no column 'nowhere', which --unit names"),
        (trial(), ("--looks", "3"), 2, "--looks is 3 without --time"),
        (trial(), ("--segment", "id"), 2, "column 'id' has 3,000 values"),
        (trial(), ("--guardrail", "spend"), 2, "guardrail 'spend' is not METRIC:MARGIN"),
        (trial(), ("--guardrail", "mood:5%"), 2, "--guardrail names 'mood'"),
        (trial(), ("--cap", "2"), 2, "share == 2.0, must be between 0 and 1"),
        (trial(), ("--unit-value", "spend=inf"), 2, "--unit-value spend=inf"),
        (
            change(at=lambda i: f"2026-03-01T10:00:00{'Z' * (i % 2)}"),
            ("--time", "at"),
            11,
            "column 'at' has a time zone in 1,500 rows and none in 1,500",
        ),
        (
            change(at="2026-03-01 10:00:00"),
            ("--time", "at", "--assigned-at", "assigned"),
            11,
            "column 'assigned' has a time zone and 'at' none",
        ),
        (
            change(at="2026-02-01T10:00:00Z"),
            ("--time", "at", "--assigned-at", "assigned"),
            12,
            "column 'at' .* it is before 'assigned'.* 3,000 of 3,000 rows",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(
    read: Read, tmp_path: Path, table: dict[str, list[object]], flags: tuple[str, ...], code: int, says: str
) -> None:
    found, document, said = read(table, *flags)
    assert (found, document) == (code, None)
    assert len(said.strip().splitlines()) == 1
    assert re.search(says, said), said
    assert not (tmp_path / "out").exists()


def test_a_broken_split_is_written_and_no_result(read: Read, tmp_path: Path) -> None:
    table = {name: values[: 2 * N - 300] for name, values in trial().items()}
    code, document, said = read(table)
    assert code == 19
    assert "not those of the design" in said
    assert "if they are not equal" in said
    assert document is not None
    assert document["metrics"] == []
    assert (tmp_path / "out" / "experiment.html").exists()
    code, document, _ = read(table, "--share", "none=0.5556", "--share", "mail=0.4444")
    assert code == 0


def test_few_units_in_two_arms_are_set_aside(read: Read) -> None:
    table = trial()
    table["id"][2000] = table["id"][5]
    code, document, _ = read(table, "--unit", "id")
    assert code == 0
    assert document is not None
    assert document["source"]["set_aside"] == [{"reason": "column 'id': it is in two arms", "rows": 2}]


def test_other_arms_may_be_left_out(read: Read) -> None:
    table = change(arm=lambda i: ["none", "mail", "post"][i % 3])
    code, document, _ = read(table, "--arms", "mail")
    assert code == 0
    assert document is not None
    assert [arm["arm"] for arm in document["arms"]] == ["none", "mail"]
    assert document["source"]["rows"] == 3000
    assert document["source"]["rows_used"] == 2000


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (b"", 10, "is empty"),
        (b"  \n", 10, "nothing but blanks"),
        (b"arm,spend\nnone,1,2\nmail,2\n", 10, "Line: 2"),
        (b"arm,spend,spend\nnone,1,2\n", 11, "2 columns called 'spend'"),
        (b"PAR1 and nothing more", 10, "cannot be read as Parquet"),
        ("arm,spend\nnone,1\nmail,\xe9\n".encode("latin-1"), 10, "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused(read: Read, tmp_path: Path, body: bytes, code: int, says: str) -> None:
    (tmp_path / "bad.csv").write_bytes(body)
    found, _, said = read(tmp_path / "bad.csv", metrics=("--metric", "spend:mean:spend"))
    assert found == code
    assert says in said
    assert len(said.strip().splitlines()) == 1


def test_names_of_columns_and_arms_may_be_anything(read: Read, tmp_path: Path) -> None:
    odd = {"arm": 'it\'s "on"; DROP', "spend": "a 'b' \"c\""}
    table = trial()
    table["arm"] = [odd["arm"] if arm == "mail" else arm for arm in table["arm"]]
    table[odd["spend"]] = table.pop("spend")
    code, document, _ = read(table, metrics=("--metric", f"spend:mean:{odd['spend']}"))
    assert code == 0
    assert line(document, "spend", odd["arm"])["verdict"] == "better"


def test_the_terminal_says_it_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trial.csv"
    table = trial(0.3)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
    words = ["--arm", "arm", "--control", "none", *METRICS, "--guardrail", "aov:25%", "--out", str(tmp_path / "out")]
    assert main(["read-experiment", "--data", str(path), *words]) == 0
    said = capsys.readouterr().out
    for part in (
        "Ship 'mail'.",
        "Visit is surely higher with 'mail'",
        "a guardrail",
        "split  ",
        "3,000 in, 3,000 read",
    ):
        assert part in said
