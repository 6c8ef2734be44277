"""Every row of a table is used or set aside with a reason; what cannot be a trial is refused by file and column."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadSchema, BadTrial, NetliftError
from jobs.science.uplift.intake import Intake, TrialColumns, take_in

N = 400
COLUMNS = TrialColumns(arm="arm", control="none", outcome="spend", unit="id")


def table(**changes: Any) -> pa.Table:
    columns: dict[str, Any] = {
        "id": [f"c{i}" for i in range(N)],
        "arm": ["none", "mail"] * (N // 2),
        "spend": [float(i % 7) for i in range(N)],
        "age": [20 + i % 50 for i in range(N)],
        **changes,
    }
    return pa.table({name: values for name, values in columns.items() if values is not None})


def taken(columns: TrialColumns = COLUMNS, margin: float = 1.0, **changes: Any) -> Intake:
    return take_in(table(**changes), columns, file="t.csv", unit_margin_eur=margin)


def put(values: list[Any], **at: Any) -> list[Any]:
    return [at.get(f"_{i}", v) for i, v in enumerate(values)]


def test_a_whole_table_is_used_and_the_outcome_becomes_euro() -> None:
    found = taken(margin=0.5)
    assert len(found.trial) == found.rows_in == N
    assert found.set_aside == {}
    assert found.trial.outcome[:3].tolist() == [0.0, 0.5, 1.0]
    assert found.trial.features == {"age": "number"}
    assert found.unit[:2].to_pylist() == ["c0", "c1"]
    assert found.drawn == (200, 200)
    assert not found.propensity_known


SPEND = [float(i % 7) for i in range(N)]
TEXT = [str(v) for v in SPEND]


@pytest.mark.parametrize(
    ("changes", "reason", "rows"),
    [
        ({"spend": put(SPEND, _3=None, _4=None)}, "no spend", 2),
        ({"spend": put(SPEND, _3=float("nan"))}, "no spend", 1),
        ({"spend": put(SPEND, _3=float("inf"), _5=float("-inf"))}, "spend is infinite", 2),
        ({"spend": put(TEXT, _3="n.b.", _4="1,5")}, "spend is no number", 2),
        ({"spend": put(TEXT, _3="1e400")}, "spend is infinite", 1),
        ({"spend": put(TEXT, _3="inf", _4="-Infinity", _5="+2.5", _6=" 1e2 ")}, "spend is infinite", 2),
        ({"arm": put(["none", "mail"] * 200, _0=None, _1="")}, "no arm (the arm)", 2),
        ({"id": put([f"c{i}" for i in range(N)], _5=None)}, "no id (the id)", 1),
        ({"id": put([f"c{i}" for i in range(N)], _4="c0", _6="c0")}, "id seen before", 2),
        ({"id": put([f"c{i}" for i in range(N)], _1="c0")}, "id in two arms", 2),
    ],
)
def test_rows_that_cannot_be_used_are_set_aside_and_counted(changes: dict[str, Any], reason: str, rows: int) -> None:
    found = taken(**changes)
    assert found.set_aside == {reason: rows}
    assert len(found.trial) == len(found.unit) == N - rows


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_rows_in_are_rows_used_plus_rows_set_aside(data: st.DataObject) -> None:
    def spoilt(values: list[Any], wrong: list[Any]) -> list[Any]:
        rows = data.draw(st.lists(st.integers(0, N - 1), max_size=30))
        return put(values, **{f"_{i}": data.draw(st.sampled_from(wrong)) for i in rows})

    found = taken(
        columns=TrialColumns("arm", "none", "spend", "id", propensity="p", cluster="home"),
        id=spoilt([f"c{i}" for i in range(N)], [None, "", "c1", "c2"]),
        arm=spoilt(["none", "mail"] * (N // 2), [None, ""]),
        spend=spoilt(TEXT, [None, "", "x", "nan", "inf", "true"]),
        p=spoilt(["0.5"] * N, [None, "?"]),
        home=spoilt([f"h{i // 2}" for i in range(N)], [None, ""]),
    )
    assert len(found.trial) + sum(found.set_aside.values()) == found.rows_in == N
    assert np.isfinite(found.trial.outcome).all()
    assert len(set(found.unit.to_pylist())) == len(found.trial)


def test_yes_and_no_are_one_and_nothing() -> None:
    assert set(taken(spend=[True, False, True, True] * 100).trial.outcome.tolist()) == {0.0, 1.0}
    assert set(taken(spend=["true", "False"] * 200).trial.outcome.tolist()) == {0.0, 1.0}


def test_ids_and_arms_that_are_numbers_are_read_as_written() -> None:
    columns = TrialColumns("arm", "0", "spend", "id")
    found = taken(columns, arm=[0.0, 1.0] * 200, id=list(range(N)))
    assert found.trial.arms == ("0", "1")
    assert found.unit[-1].as_py() == str(N - 1)


def test_without_an_id_the_row_in_the_file_is_the_unit() -> None:
    found = taken(TrialColumns("arm", "none", "spend"), id=None, spend=put(SPEND, _0=None))
    assert found.unit[:2].to_pylist() == ["2", "3"]


def test_arms_that_are_not_judged_are_set_aside() -> None:
    arm = ["none", "mail", "post", "none"] * 100
    found = taken(TrialColumns("arm", "none", "spend", "id", arms=("post",)), arm=arm)
    assert found.trial.arms == ("none", "post")
    assert found.set_aside == {"an arm that is not judged": 100}


def test_columns_that_can_be_no_feature_are_said() -> None:
    found = taken(land=["NL"] * N, name=[f"n{i}" for i in range(N)], visit=[i % 2 for i in range(N)])
    assert set(found.left_out) == {"land", "name"}
    kept = take_in(table(visit=[0, 1] * 200), TrialColumns("arm", "none", "spend", "id", exclude=("visit",)), file="t")
    assert kept.trial.features == {"age": "number"}


def named(**changes: Any) -> TrialColumns:
    return TrialColumns(**{"arm": "arm", "control": "none", "outcome": "spend", "unit": "id", **changes})


@pytest.mark.parametrize(
    ("columns", "changes", "error", "says"),
    [
        (named(arm="amr"), {}, BadSchema, r"t\.csv has no column 'amr' \(--arm\), did you mean 'arm'"),
        (named(exclude=("visits",)), {}, BadSchema, r"no column 'visits' \(--exclude\)"),
        (named(unit="spend"), {}, BadRequest, "--outcome and --unit both name column 'spend'"),
        (named(control="nine"), {}, BadTrial, r"no row has the value 'nine' \(--control\), did you mean 'none'"),
        (named(arms=("post",)), {}, BadTrial, r"no row has the value 'post' \(--arms\)"),
        (named(arms=("none",)), {}, BadRequest, "'none' is given to --control and to --arms"),
        (named(), {"arm": ["none"] * N}, BadTrial, "every row has 'none'"),
        (named(), {"spend": [1.0] * N}, BadTrial, r"t\.csv: the outcome is 1\.0 in every row"),
        (named(), {"spend": [None] * N}, BadTrial, r"none of 400 rows can be used \(no spend: 400\)"),
        (named(), {"spend": ["1,5"] * N}, BadSchema, r"column 'spend' \(--outcome\): holds no numbers, row 1 is '1,5'"),
        (named(), {"spend": [[1]] * N}, BadSchema, "column 'spend' .* name a column of numbers"),
        (named(), {"age": [7] * N}, BadTrial, r"no column is left to tell customers apart by \(age: is 7 in every row"),
        (named(), {"arm": put(["none"] * N, _1="mail")}, BadTrial, r"t\.csv: too few rows in mail \(1\)"),
        (named(propensity="p"), {"p": put([0.5] * N, _6=0.0)}, BadTrial, "column 'p': the propensity is 0 in row 7"),
        (named(propensity="p"), {"p": put([0.5] * N, _6=1.0, _8=1.5)}, BadTrial, "is 1 in row 7.*so in 2 of 400 rows"),
        (named(propensity="p"), {"p": [0.4] * N}, BadTrial, r"t\.csv: the propensities of the arms sum to 0\.8"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_trial_is_refused_in_one_sentence(
    columns: TrialColumns, changes: dict[str, Any], error: type[NetliftError], says: str
) -> None:
    with pytest.raises(error, match=says) as refused:
        taken(columns, **changes)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", [pa.array, lambda v: pa.array(v).dictionary_encode()])
def test_text_is_read_however_arrow_holds_it(kind: Callable[[list[str]], Any]) -> None:
    found = taken(arm=kind(["none", "mail"] * 200), id=kind([f"c{i}" for i in range(N)]))
    assert found.trial.arms == ("none", "mail")
