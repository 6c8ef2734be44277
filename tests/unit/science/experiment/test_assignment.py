"""The draw is uniform, independent across salts, keeps everyone through a ramp, and is the same in Python and SQL."""

import hashlib
import uuid

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import chi2_contingency, chisquare, kstest

from jobs.errors import BadRequest, BadRows
from jobs.science.experiment.assignment import HOLDOUT, OUTSIDE, Assignment, Holdout, Slot, assign, clashing, ramped
from jobs.science.experiment.assignment_sql import assignment_sql
from jobs.science.experiment.holdout import in_holdout

SHARES = {"none": 0.5, "mail": 0.3, "it's a {call}": 0.2}
FULL = Assignment(
    "spring 2027",
    SHARES,
    exposure=0.7,
    slot=Slot("offers", 0.25, 0.9),
    holdouts=(Holdout("everything", 0.05), Holdout("campaign-7", 0.1)),
    strata={"gold": {"none": 0.1, "mail": 0.1, "it's a {call}": 0.8}},
    version=3,
)


def ids_of(kind: str, n: int) -> list[str]:
    generator = np.random.default_rng(5)
    return {
        "sequential": lambda: [str(i) for i in range(n)],
        "uuid": lambda: [str(uuid.UUID(bytes=generator.bytes(16))) for _ in range(n)],
        "e-mail": lambda: [f"first.last{i // 7}+{i % 7}@exämple.org" for i in range(n)],
    }[kind]()


@pytest.mark.parametrize("kind", ["sequential", "uuid", "e-mail"])
def test_arms_have_their_shares(kind: str) -> None:
    drawn = assign(Assignment("uniform", SHARES), pa.array(ids_of(kind, 30_000)))
    counts = [(drawn.arm == arm).sum() for arm in SHARES]
    assert sum(counts) == 30_000
    assert chisquare(counts, np.array(list(SHARES.values())) * 30_000).pvalue > 1e-4
    for arm, share in SHARES.items():
        assert np.all(drawn.propensity[drawn.arm == arm] == share)


def independence(pairs: int, units: int) -> np.ndarray:
    """p-values of the test that two trials' draws of the same units are independent."""
    found = []
    for kind in ("sequential", "uuid", "e-mail"):
        ids = pa.array(ids_of(kind, units))
        for pair in range(pairs // 3 + 1):
            # names that differ in one digit, as trials' names do
            a, b = (assign(Assignment(f"trial-{2 * pair + k}", SHARES), ids).arm for k in (0, 1))
            table = [[np.sum((a == x) & (b == y)) for y in SHARES] for x in SHARES]
            found.append(chi2_contingency(table).pvalue)
    return np.array(found[:pairs])


def test_draws_of_some_salts_are_independent() -> None:
    p_values = independence(30, 2000)
    assert kstest(p_values, "uniform").pvalue > 1e-3
    assert p_values.min() > 1e-5


@pytest.mark.long
def test_draws_of_200_pairs_of_salts_are_independent() -> None:
    p_values = independence(200, 20_000)
    print(f"independence: p of uniform p-values {kstest(p_values, 'uniform').pvalue:.3f}, least {p_values.min():.5f}")
    assert kstest(p_values, "uniform").pvalue > 1e-3
    assert p_values.min() > 1e-6


def test_entry_arm_layer_and_holdout_of_one_trial_are_independent() -> None:
    ids = pa.array(ids_of("sequential", 20_000))
    drawn = assign(FULL, ids, pa.array(["other"] * 20_000))
    inside = ~np.isin(drawn.arm, [HOLDOUT, OUTSIDE])
    assert inside.mean() == pytest.approx(0.7 * 0.65 * 0.95 * 0.9, abs=0.012)
    assert (
        chisquare([(drawn.arm == arm).sum() for arm in SHARES], np.array(list(SHARES.values())) * inside.sum()).pvalue
        > 1e-4
    )
    assert np.isnan(drawn.propensity).tolist() == (~inside).tolist()


def test_a_campaigns_holdout_is_the_one_that_the_offers_respect() -> None:
    ids = pa.array(ids_of("uuid", 2000))
    rule = Assignment("trial", SHARES, holdouts=(Holdout("campaign-7", 0.1),))
    assert ((assign(rule, ids).arm == HOLDOUT) == in_holdout(ids, "campaign-7", 0.1)).all()


def test_a_ramp_moves_nobody_out_or_over() -> None:
    ids = pa.array(ids_of("e-mail", 5000))
    last = None
    for version, exposure in enumerate((0.01, 0.1, 0.1, 0.5, 1.0), 1):
        slot = Slot("layer", 0.2 - 0.02 * version, 0.5 + 0.1 * version)
        rule = Assignment("ramp", SHARES, exposure=exposure, slot=slot, version=version)
        drawn = assign(rule, ids).arm
        if last is not None:
            ramped(last[0], rule)
            stayed = last[1] != OUTSIDE
            assert (drawn[stayed] == last[1][stayed]).all()
            assert (drawn != OUTSIDE).sum() >= stayed.sum()
        last = rule, drawn
    with pytest.raises(BadRequest, match="its exposure would move"):
        ramped(last[0], Assignment("ramp", SHARES, exposure=0.9, slot=last[0].slot, version=9))
    for changed, what in (
        (Assignment("other", SHARES, slot=last[0].slot, version=9), "salt"),
        (Assignment("ramp", {"none": 0.4, "mail": 0.4, "it's a {call}": 0.2}, slot=last[0].slot, version=9), "shares"),
        (Assignment("ramp", SHARES, slot=Slot("layer", 0.3, 1.0), version=9), "slot"),
        (Assignment("ramp", SHARES, slot=last[0].slot, holdouts=(Holdout("h", 0.1),), version=9), "holdouts"),
        (Assignment("ramp", SHARES, slot=last[0].slot, version=1), "version"),
    ):
        with pytest.raises(BadRequest, match=f"its {what} would move"):
            ramped(last[0], changed)


def test_trials_with_places_apart_in_a_layer_share_no_unit() -> None:
    ids = pa.array(ids_of("sequential", 5000))
    slots = {"a": Slot("layer", 0.0, 0.4), "b": Slot("layer", 0.4, 0.9), "c": Slot("other", 0.0, 1.0)}
    inside = {name: assign(Assignment(name, SHARES, slot=slot), ids).arm != OUTSIDE for name, slot in slots.items()}
    assert not (inside["a"] & inside["b"]).any()
    assert inside["a"].mean() == pytest.approx(0.4, abs=0.03)
    assert inside["c"].all()
    assert clashing(slots) == []
    assert clashing({**slots, "d": Slot("layer", 0.3, 0.5)}) == [("a", "d"), ("b", "d")]


def test_all_rows_of_a_household_get_one_arm() -> None:
    households = pa.array([f"h{i % 700}" for i in range(5000)])
    arm = assign(Assignment("homes", SHARES), households).arm
    assert all(len(set(arm[np.arange(5000) % 700 == h])) == 1 for h in range(700))


def test_a_draw_is_the_recipe_written_out() -> None:
    rule = Assignment("spring", {"a": 0.25, "b": 0.75})
    ids = ids_of("uuid", 500)
    plain = [
        "a" if int.from_bytes(hashlib.sha256(f"spring/arm:{i}".encode()).digest()[:8], "big") < 2**62 else "b"
        for i in ids
    ]
    assert assign(rule, pa.array(ids)).arm.tolist() == plain


def drawn_in_sql(rule: Assignment, ids: pa.Array, strata: pa.Array) -> pa.Table:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("units", pa.table({'the "unit"': ids, "stratum": strata}))
        return connection.sql(assignment_sql(rule, "units", 'the "unit"', "stratum")).to_arrow_table()


def both_agree(rule: Assignment, ids: list[str]) -> None:
    strata = pa.array(np.array(["gold", "silver", None], object)[np.arange(len(ids)) % 3])
    ours, sql = assign(rule, pa.array(ids), strata), drawn_in_sql(rule, pa.array(ids), strata)
    assert (ours.arm == np.array(sql["arm"].to_pylist())).all()
    np.testing.assert_array_equal(ours.propensity, np.array(sql["propensity"].to_pylist(), np.float64))
    assert set(sql["salt"].to_pylist()) == {rule.salt}
    assert set(sql["version"].to_pylist()) == {rule.version}


@pytest.mark.parametrize("kind", ["sequential", "uuid", "e-mail"])
def test_python_and_sql_draw_alike(kind: str) -> None:
    ids = ids_of(kind, 3000)
    both_agree(FULL, ids)
    both_agree(Assignment("it's all", SHARES, exposure=1.0, slot=Slot("l", 0.0, 1.0)), ids[:300])
    both_agree(Assignment("nobody", SHARES, exposure=0.0, holdouts=(Holdout("h", 0.0),)), ids[:300])


@pytest.mark.long
def test_python_and_sql_agree_on_a_million_ids() -> None:
    both_agree(FULL, [*ids_of("sequential", 400_000), *ids_of("uuid", 300_000), *ids_of("e-mail", 300_000)])


def test_a_row_without_an_id_is_no_draw() -> None:
    sql = drawn_in_sql(Assignment("s", SHARES), pa.array(["a", None]), pa.array(["x", "x"]))
    assert sql["arm"].to_pylist()[1] is None
    with pytest.raises(BadRows, match="id is missing"):
        assign(Assignment("s", SHARES), pa.array(["a", None]))


def test_sparks_statement_differs_in_names_of_functions_and_quotes_only() -> None:
    duck = assignment_sql(FULL, "units", "unit", "stratum")
    spark = assignment_sql(FULL, "units", "unit", "stratum", engine="spark")
    for salt in ("spring 2027/entry", "spring 2027/arm", "offers", "everything", "campaign-7"):
        spark = spark.replace(f"sha2(concat('{salt}:', `unit`), 256)", f"sha256('{salt}:' || \"unit\")")
    assert spark.replace("`", '"').replace("\\'", "''") == duck


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Assignment("", SHARES), "must not be empty"),
        (lambda: Assignment("a:b", SHARES), "colon"),
        (lambda: Assignment("s", {"none": 1.0}), "two arms at least"),
        (lambda: Assignment("s", {"none": 0.5, "mail": 0.4}), "together 1"),
        (lambda: Assignment("s", {"none": 1.1, "mail": -0.1}), "above 0"),
        (lambda: Assignment("s", {"none": 0.5, HOLDOUT: 0.5}), "none may be called"),
        (lambda: Assignment("s", SHARES, exposure=1.5), "exposure == 1.5"),
        (lambda: Assignment("s", SHARES, strata={"x": {"none": 0.5, "post": 0.5}}), "name the same"),
        (lambda: Assignment("s", SHARES, slot=Slot("l", 0.0, 0.5), holdouts=(Holdout("l", 0.1),)), "make them one"),
        (lambda: Slot("l", 0.5, 0.5), "go upwards"),
        (lambda: Holdout("h", float("nan")), "must be in"),
        (lambda: assign(FULL, pa.array(["a"])), "give the stratum"),
        (lambda: assignment_sql(FULL, "units", "unit"), "name the column"),
        (lambda: assignment_sql(FULL, "units", "unit", "s", engine="athena"), "choose duckdb, spark"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong: object, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        wrong()  # type: ignore[operator]
