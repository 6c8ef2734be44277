"""One statement gives every arm's moments, and rows at fault are named before anything is concluded."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadRows, BadSchema, BadTrial
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments, merged
from jobs.science.experiment.statement import ROWS, Layout, read_moments, rows_at_fault
from tests.unit.science.experiment.trials import rows

ARMS = ("none", "mail", 'it\'s "on"')
METRICS = (
    Metric("spend", "mean", "spend", covariates=("past_spend", "past_orders"), adjustment="cuped"),
    Metric("capped", "mean", "spend", cap=20.0),
    Metric("visit", "proportion", "visit"),
    Metric("aov", "ratio", "spend", "orders"),
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def register(connection: duckdb.DuckDBPyConnection, shift: float = 0.0, **changed: object) -> dict[str, np.ndarray]:
    found = rows(3000)
    found["spend"] = found["spend"] + shift
    found["arm"] = np.array(ARMS)[np.random.default_rng(1).integers(0, 3, 3000)]
    table = {**found, "unit": np.arange(3000).astype(str), **changed}
    connection.register("trial", pa.table(table))
    return found


def expected(found: dict[str, np.ndarray], arm: str, columns: tuple[str, ...]) -> Moments:
    found = {**found, "spend up to 20.0": np.minimum(found["spend"], 20.0)}
    return Moments.of_rows(columns, np.column_stack([found[c][found["arm"] == arm].astype(float) for c in columns]))


@pytest.mark.parametrize("shift", [0.0, 1e8])
def test_the_moments_are_those_of_the_rows(connection: duckdb.DuckDBPyConnection, shift: float) -> None:
    found = register(connection, shift)
    moments = read_moments(connection, METRICS, Layout("trial", "arm", ARMS))
    assert list(moments) == list(ARMS)
    for arm in ARMS:
        for metric in METRICS:
            oracle = expected(found, arm, metric.columns)
            assert moments[arm].count == oracle.count
            assert [moments[arm].of(c) for c in metric.columns] == pytest.approx(oracle.mean, rel=1e-14)
            if metric.cap is None or not shift:
                ours = moments[arm].covariances(metric.columns)
                assert ours == pytest.approx(oracle.covariances(metric.columns), rel=1e-11, abs=1e-11)


def test_merged_shards_equal_the_whole_to_1e_12(connection: duckdb.DuckDBPyConnection) -> None:
    register(connection)
    whole = read_moments(connection, METRICS, Layout("trial", "arm", ARMS))
    parts = [
        read_moments(connection, METRICS, Layout(f"(SELECT * FROM trial WHERE unit::INT % 4 = {k})", "arm", ARMS))
        for k in range(4)
    ]
    for arm in ARMS:
        one = merged(part[arm] for part in parts)
        assert one.count == whole[arm].count
        np.testing.assert_allclose(one.mean, whole[arm].mean, rtol=1e-12)
        np.testing.assert_allclose(one.products, whole[arm].products, rtol=1e-12)


def test_clusters_are_summed_first(connection: duckdb.DuckDBPyConnection) -> None:
    found = register(connection)
    moments = read_moments(connection, METRICS, Layout("trial", "arm", ARMS, cluster="cluster"))
    for arm in ARMS:
        kept = found["arm"] == arm
        _, group = np.unique(found["cluster"][kept], return_inverse=True)
        sums = np.column_stack([np.bincount(group, found["spend"][kept]), np.bincount(group)])
        oracle = Moments.of_rows(["spend", ROWS], sums)
        assert moments[arm].count == oracle.count
        assert moments[arm].covariances(["spend", ROWS]) == pytest.approx(
            oracle.covariances(["spend", ROWS]), rel=1e-11
        )


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("spend", np.nan, "column 'spend' holds nan .* a number"),
        ("spend", np.inf, "column 'spend' holds inf .* a number"),
        ("past_spend", 1e308, r"column 'past_spend' holds 1e\+308 .* a number"),
        ("past_spend", None, "column 'past_spend' holds nothing .* a number"),
        ("visit", 0.5, "column 'visit' holds 0.5 .* of 0 and 1"),
        ("spend", -3.0, "column 'spend' holds -3.0 .* must not be negative"),
        ("orders", -1.0, "column 'orders' holds -1.0 .* denominator"),
    ],
)
def test_a_row_at_fault_is_named_refused_and_can_be_set_aside(
    connection: duckdb.DuckDBPyConnection, column: str, value: float | None, says: str
) -> None:
    values: list[float | None] = rows(3000)[column].astype(float).tolist()
    values[7] = values[11] = value
    found = register(connection, **{column: pa.array(values, pa.float64())})
    layout = Layout("trial", "arm", ARMS)
    with pytest.raises(BadRows, match=f"{says}.*2 rows"):
        read_moments(connection, METRICS, layout)
    listed = connection.execute(rows_at_fault(METRICS, layout, "unit")).fetchall()
    assert [(row[0], row[2]) for row in listed] == [("7", column), ("11", column)]
    kept = read_moments(connection, METRICS, layout, sound_rows_only=True)
    assert sum(m.count for m in kept.values()) == 2998
    sound = {name: np.delete(array, [7, 11]) for name, array in found.items()}
    assert kept["mail"].of("spend") == pytest.approx(expected(sound, "mail", ("spend",)).mean[0], rel=1e-13)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_a_cap_hides_no_row_at_fault(connection: duckdb.DuckDBPyConnection, value: float) -> None:
    spend = rows(3000)["spend"]
    spend[7] = value
    register(connection, spend=spend)
    capped = [Metric("capped", "mean", "spend", cap=20.0)]
    with pytest.raises(BadRows, match=r"column 'spend' holds .* 1 rows are at fault"):
        read_moments(connection, capped, Layout("trial", "arm", ARMS))


def test_arms_that_do_not_fit_are_refused(connection: duckdb.DuckDBPyConnection) -> None:
    register(connection)
    with pytest.raises(BadTrial, match="arm 'call' has no rows"):
        read_moments(connection, METRICS, Layout("trial", "arm", (*ARMS, "call")))
    with pytest.raises(BadTrial, match="none of"):
        read_moments(connection, METRICS, Layout("trial", "arm", ARMS[:2]))
    with pytest.raises(BadRequest, match="each once"):
        Layout("trial", "arm", ("a", "a"))


def test_columns_that_cannot_be_read_are_refused(connection: duckdb.DuckDBPyConnection) -> None:
    register(connection)
    with pytest.raises(BadSchema, match="nowhere"):
        read_moments(connection, [Metric("m", "mean", "nowhere")], Layout("trial", "arm", ARMS))
    with pytest.raises(BadSchema):
        read_moments(connection, [Metric("m", "mean", "arm")], Layout("trial", "arm", ARMS))
    with pytest.raises(BadRequest, match="is a quantile"):
        read_moments(connection, [Metric("m", "quantile", "spend", share=0.5)], Layout("trial", "arm", ARMS))


def test_strata_drawn_with_other_shares_are_weighed_even() -> None:
    generator = np.random.default_rng(1)
    old = generator.random(20_000) < 0.5
    chance = np.where(old, 0.8, 0.2)
    mail = generator.random(20_000) < chance
    spend = np.where(old, 5.0, 1.0) + 0.3 * mail + generator.normal(0.0, 1.0, 20_000)
    weight = 1.0 / np.where(mail, chance, 1.0 - chance)
    arm = np.where(mail, "mail", "none")
    rows = pa.table({"id": np.arange(20_000), "arm": arm, "spend": spend, "weight": weight})
    metric = Metric("spend", "mean", "spend")
    with duckdb.connect() as connection:
        connection.register("trial_rows", rows)
        even, plain = (
            read_moments(connection, [metric], Layout("trial_rows", "arm", ("none", "mail"), *how))
            for how in (("id", "weight"), ())
        )
    found = effect(metric, even["none"], even["mail"])
    means = [np.average(spend[arm == name], weights=weight[arm == name]) for name in ("none", "mail")]
    assert found.absolute.value == pytest.approx(means[1] - means[0], rel=1e-12)
    assert abs(found.absolute.value - 0.3) < 3.0 * found.standard_error
    assert effect(metric, plain["none"], plain["mail"]).absolute.value > 2.0
    with pytest.raises(BadRequest, match="have no cluster"):
        Layout("trial_rows", "arm", ("none", "mail"), weight="weight")
