"""assign_treatment: every customer who is in has one row, on the first night that drew him; a rerun has the same."""

import collections
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from jobs.assign_treatment import AssignTreatment, assign_treatment
from jobs.errors import BadExperiment, NoInput, UnknownExperiment
from jobs.nightly import steps
from jobs.runtime.experiment import parse_experiment
from jobs.runtime.frozen_experiment import frozen
from jobs.runtime.layout import HOUSE_RULES_KEY
from jobs.runtime.stores import Stores
from jobs.science.experiment.assignment_sql import assignment_sql
from jobs.science.experiment.holdout import in_holdout
from jobs.tables.outputs import ASSIGNMENTS
from tests.trained import rows_of, set_aside
from tests.unit.experiments import AMENDED, FILE, ID, START, changed, home_of, write_customers, write_file

NEXT = START + timedelta(days=1)
LATER = date(2026, 11, 3)
IDS = [f"c{n:06d}" for n in range(1200)]


def _home(folder: Path, file: str = FILE) -> Stores:
    stores = home_of(folder, file)
    write_customers(folder, START, 0, IDS[:500])
    write_customers(folder, START, 1, IDS[500:1000])
    return stores


def _run(stores: Stores, day: date = START, experiment: str = ID) -> dict[str, int]:
    return assign_treatment(AssignTreatment(day, experiment), stores).details


def _arms(stores: Stores, **where: object) -> dict[str, str]:
    rows = rows_of(stores, ASSIGNMENTS, **where)
    return dict(zip(rows["customer_id"].to_pylist(), rows["arm"].to_pylist(), strict=True))


def test_every_customer_has_the_arm_that_the_statement_says(tmp_path: Path) -> None:
    """Two files, two shards; the same rows as one statement over all customers."""
    held = '[[holdouts]]\nsalt = "house"\nshare = 0.1\n[layer]\nname = "letters"\nend = 0.7\n'
    file = changed(("exposure = 1.0", "exposure = 0.8")) + held
    stores = _home(tmp_path, file)
    report = assign_treatment(AssignTreatment(START, ID), stores)
    assert (report.rows_in, report.rows_used, report.rows_quarantined) == (1000, 1000, 0)
    rows = rows_of(stores, ASSIGNMENTS, experiment_id=ID)
    customers = pa.table({"customer_id": IDS[:1000]})
    sql = assignment_sql(parse_experiment(file, "").assignment(), "customers", "customer_id")
    with duckdb.connect() as connection:
        connection.register("customers", customers)
        drawn = connection.execute(
            f"SELECT customer_id, arm, propensity, salt, version FROM ({sql}) WHERE arm <> 'outside' ORDER BY 1"
        ).fetchall()
    columns = [rows[c].to_pylist() for c in ("customer_id", "arm", "propensity", "salt", "version")]
    assert list(zip(*columns, strict=True)) == drawn
    assert set(rows["assigned_at"].to_pylist()) == {datetime(2026, 11, 1, tzinfo=UTC)}
    counted = collections.Counter(rows["arm"].to_pylist())
    assert {arm: report.details[f"new in {arm}"] for arm in counted} == counted
    assert report.details["outside"] == 1000 - rows.num_rows
    assert counted["holdout"] > 50


def test_a_rerun_commits_the_same_rows(tmp_path: Path) -> None:
    stores = _home(tmp_path)
    _run(stores)
    before = rows_of(stores, ASSIGNMENTS).drop(["run_id"])
    assert assign_treatment(AssignTreatment(START, ID), stores).state == "already done"
    write_customers(tmp_path, START, 0, IDS[:500])  # a file that is written anew is another run
    assert _run(stores)
    assert rows_of(stores, ASSIGNMENTS).drop(["run_id"]).equals(before)


def test_a_later_night_adds_only_who_was_not_drawn_before(tmp_path: Path) -> None:
    stores = _home(tmp_path)
    _run(stores)
    first = _arms(stores)
    write_customers(tmp_path, NEXT, 0, IDS[300:1200])
    details = _run(stores, NEXT)
    assert (details["drawn_before"], details["new in none"] + details["new in mail"]) == (700, 200)
    assert set(_arms(stores, run_date=NEXT)) == set(IDS[1000:])
    assert _arms(stores, run_date=START) == first, "who was drawn stays, also when he is no customer any more"
    assert rows_of(stores, ASSIGNMENTS).num_rows == 1200


def test_a_ramp_adds_and_moves_nobody(tmp_path: Path) -> None:
    stores = _home(tmp_path, changed(("exposure = 1.0", "exposure = 0.2")))
    _run(stores)
    first = _arms(stores)
    assert 120 < len(first) < 280
    write_file(tmp_path, changed(("exposure = 1.0", "exposure = 0.7"), ("version = 1", "version = 2")) + AMENDED)
    _run(stores, LATER)
    everybody = _arms(stores)
    assert first.items() < everybody.items()
    versions = rows_of(stores, ASSIGNMENTS, run_date=LATER)["version"].to_pylist()
    assert set(versions) == {2}
    assert len(versions) == len(everybody) - len(first)
    write_customers(tmp_path, START, 1, IDS[500:1000])
    assert len(frozen(stores.objects, ID)) == 2
    _run(stores)
    assert _arms(stores, run_date=START) == first, "the first night again is drawn as it was then"


def test_all_customers_of_a_household_have_one_arm_and_one_without_is_set_aside(tmp_path: Path) -> None:
    stores = home_of(tmp_path, changed(('control = "none"', 'control = "none"\nunit = "household"')))
    households = [None if n == 7 else f"h{n // 3}" for n in range(600)]
    write_customers(tmp_path, START, 0, IDS[:600], household=households)
    report = assign_treatment(AssignTreatment(START, ID), stores)
    assert (report.rows_used, report.rows_quarantined) == (599, 1)
    [row] = set_aside(stores)
    assert (row["row_number"], row["reason"]) == (7, "household is missing")
    rows = rows_of(stores, ASSIGNMENTS)
    arms: dict[str, set[str]] = collections.defaultdict(set)
    for unit, arm in zip(rows["unit_id"].to_pylist(), rows["arm"].to_pylist(), strict=True):
        arms[unit].add(arm)
    assert len(arms) == 200
    assert {len(found) for found in arms.values()} == {1}


def test_a_stratum_has_its_own_shares_and_its_propensity_says_so(tmp_path: Path) -> None:
    strata = '[[strata]]\nvalue = "north"\nshares = { none = 0.9, mail = 0.1 }\n'
    stores = home_of(tmp_path, changed(('control = "none"', 'control = "none"\nstratum = "region"')) + strata)
    region = [("north", "south", None)[n % 3] for n in range(999)]
    write_customers(tmp_path, START, 0, IDS[:999], region=region)
    _run(stores)
    rows = rows_of(stores, ASSIGNMENTS).to_pylist()
    assert {(r["stratum"], r["arm"]): r["propensity"] for r in rows} == {
        ("north", "none"): 0.9,
        ("north", "mail"): 0.1,
        **{(s, arm): 0.5 for s in ("south", None) for arm in ("none", "mail")},
    }


def test_before_the_start_and_after_the_end_nobody_is_drawn(tmp_path: Path) -> None:
    stores = _home(tmp_path)
    for day, said in ((date(2026, 10, 31), "starts on 2026-11-01"), (date(2026, 11, 29), "drew its last on 2026")):
        with pytest.raises(NoInput, match=said):
            _run(stores, day)
    assert frozen(stores.objects, ID) == ()


def test_places_in_a_layer_that_overlap_are_refused_by_name(tmp_path: Path) -> None:
    stores = _home(tmp_path, FILE + '[layer]\nname = "letters"\nend = 0.6\n')
    other = changed((f'id = "{ID}"', 'id = "winter"')) + '[layer]\nname = "letters"\nstart = 0.5\n'
    write_file(tmp_path, other, "winter")
    with pytest.raises(
        BadExperiment, match=r"'letters': its place from 0 to 0.6 is in part that of 'winter', from 0.5"
    ):
        _run(stores)
    write_file(tmp_path, other.replace("start = 0.5", "start = 0.6"), "winter")
    _run(stores)
    _run(stores, experiment="winter")
    assert not set(_arms(stores, experiment_id=ID)) & set(_arms(stores, experiment_id="winter"))
    assert len(rows_of(stores, ASSIGNMENTS)) == 1000, "the two places are the whole layer"


def test_who_is_held_back_by_the_house_or_a_named_campaign_is_in_no_arm(tmp_path: Path) -> None:
    """The file must say so before the start; afterwards it holds as it was frozen."""
    stores = _home(tmp_path)
    stores.objects.put_if_absent(HOUSE_RULES_KEY, b'[holdout]\nsalt = "house"\nshare = 0.1\n')
    with pytest.raises(BadExperiment, match=r"'house' of the house holds back 0.1, the file 0; state salt = 'house'"):
        _run(stores)
    assert frozen(stores.objects, ID) == ()
    write_file(tmp_path, FILE + '[[holdouts]]\nsalt = "house"\nshare = 0.1\n')
    _run(stores)
    held = {name for name, is_in in zip(IDS, in_holdout(IDS, "house", 0.1), strict=True) if is_in} & set(IDS[:1000])
    assert {name for name, arm in _arms(stores).items() if arm == "holdout"} == held
    (tmp_path / HOUSE_RULES_KEY).write_text('[holdout]\nsalt = "house"\nshare = 0.3\n')
    _run(stores, NEXT)


def test_two_experiments_of_a_day_do_not_replace_each_other(tmp_path: Path) -> None:
    stores = _home(tmp_path)
    write_file(tmp_path, changed((f'id = "{ID}"', 'id = "winter"')), "winter")
    _run(stores)
    _run(stores, experiment="winter")
    assert len(_arms(stores, experiment_id=ID)) == len(_arms(stores, experiment_id="winter")) == 1000
    assert _arms(stores, experiment_id=ID) != _arms(stores, experiment_id="winter"), "another salt, another draw"


def test_an_unknown_experiment_and_a_changed_file_end_the_run_with_a_sentence(tmp_path: Path) -> None:
    stores = _home(tmp_path)
    with pytest.raises(UnknownExperiment, match=f"known: {ID}"):
        _run(stores, experiment="winter")
    _run(stores)
    write_file(tmp_path, changed(("units_planned = 400", "units_planned = 300")))
    with pytest.raises(BadExperiment, match="field 'units_planned': changed after the start"):
        _run(stores, NEXT)
    assert len(_arms(stores)) == 1000, "what was committed stays"


def test_the_night_runs_it_for_each_experiment(tmp_path: Path) -> None:
    stores = _home(tmp_path)
    assert [kind for step, kind in steps(stores) if step.verb == "assign-treatment"] == [ID]
