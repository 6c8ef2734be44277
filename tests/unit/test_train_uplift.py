"""train_uplift: final outcomes only, a design that holds, a model that is put to work once or when asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.errors import BadTrial
from jobs.runtime.stores import Stores
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.segment_customers import SegmentCustomers, segment_customers
from jobs.tables.outputs import UPLIFT_SCORES, UPLIFT_SEGMENTS
from jobs.train_uplift import TrainUplift, train_uplift
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, folder_of, read_input, rows_of, write_input

KIND = f"uplift-{CAMPAIGN}"
EVE = DAY - timedelta(days=1)
REQUEST = TrainUplift(EVE, CAMPAIGN, customers=CUSTOMERS, threads=1, learners=("XLearner",))


@pytest.fixture
def small(trained: Stores) -> Stores:
    """A home whose trial is a fifth: quick to fit, too small to answer."""
    for number in range(2, 10):
        (folder_of(trained) / f"inputs/trial/{CAMPAIGN}/part-{number:05d}.parquet").unlink()
    return trained


def _trial(stores: Stores) -> pa.Table:
    return pa.concat_tables([read_input(stores, f"trial/{CAMPAIGN}/part-{n:05d}") for n in range(2)])


def test_rows_whose_outcome_window_is_open_are_left_out_and_counted(small: Stores) -> None:
    report = train_uplift(REQUEST, small)
    rows = _trial(small)
    closes = pc.greater(rows["matured_at"], pa.scalar(datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)))
    open_yet = pc.sum(closes).as_py()
    assert report.details["immature_rows"] == open_yet > 100
    card = small.models.load(KIND, report.details["model_version"]).card
    assert card["rows_train"] + card["rows_held_out"] == report.rows_used - open_yet


def test_open_rows_teach_nothing(small: Stores) -> None:
    """Their outcomes may be anything: the model comes out the same."""
    first = train_uplift(REQUEST, small).details["model_version"]
    for number in range(2):
        name = f"trial/{CAMPAIGN}/part-{number:05d}"
        rows = read_input(small, name)
        final = pc.less_equal(rows["matured_at"], pa.scalar(datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)))
        place = rows.column_names.index("net_margin_eur")
        write_input(small, name, rows.set_column(place, "net_margin_eur", pc.if_else(final, rows[place], 1e6)))
    again = train_uplift(REQUEST, small)
    assert again.state == "finished", "other files make it another run"
    assert again.details["model_version"] == first


def test_segments_of_effect_and_the_model_s_card_are_written_beside_the_model(small: Stores) -> None:
    report = train_uplift(replace(REQUEST, learners=()), small)
    model = small.models.load(KIND, report.details["model_version"])
    assert {x["learner"] for x in model.card["learners"]} == {"XLearner", "DRLearner", "LinearDML"}
    assert report.details["learner"] == model.card["choice"]["learner"]
    page = model.files["model_card.html"].decode()
    assert "<script" not in page
    rows = rows_of(small, UPLIFT_SEGMENTS, run_date=EVE, campaign_id=CAMPAIGN).to_pylist()
    said = {(s["segment"], s["arm"]): s for s in model.card["segments"]["effects"]}
    assert {(r["segment"], r["arm"]) for r in rows} == set(said)
    for row in rows:
        found = said[row["segment"], row["arm"]]
        assert (row["rows"], row["chosen"], row["effect_eur"]) == (
            found["rows"], found["chosen"], found["effect_eur"]["value"],
        )  # fmt: skip
        assert row["effect_low_eur"] <= row["effect_eur"] <= row["effect_high_eur"]
        assert row["model_version"] == report.details["model_version"]
    first, last = model.card["dates"]["first"], model.card["dates"]["last"]
    assert first < last <= str(DAY)
    assert sum(r["rows"] for r in rows if r["arm"] == "cashback-morning") == model.card["rows_held_out"]


def test_arms_that_are_not_of_the_designs_sizes_are_refused_with_their_counts(small: Stores) -> None:
    for number in range(2):
        name = f"trial/{CAMPAIGN}/part-{number:05d}"
        rows = read_input(small, name)
        lost = pc.and_(pc.equal(rows["arm"], "none"), pc.match_substring_regex(rows["customer_id"], "[0-3]$"))
        write_input(small, name, rows.filter(pc.invert(lost)))
    before = small.models.versions(KIND)
    with pytest.raises(BadTrial, match=r"campaign spring: the arms have \[\d+, .* where the design expects .* \(p = "):
        train_uplift(REQUEST, small)
    assert small.models.versions(KIND) == before
    [run] = [r for r in small.ledger.runs() if r["job"] == "train-uplift"]
    assert (run["state"], run["error"]["type"]) == ("failed", "BadTrial")


def test_a_trial_without_the_control_is_refused(small: Stores) -> None:
    for number in range(2):
        name = f"trial/{CAMPAIGN}/part-{number:05d}"
        rows = read_input(small, name)
        write_input(small, name, rows.filter(pc.not_equal(rows["arm"], "none")))
    with pytest.raises(BadTrial, match="no row has the control arm 'none'"):
        train_uplift(REQUEST, small)


def test_the_first_model_is_put_to_work_and_a_later_one_only_when_asked(small: Stores) -> None:
    [entry] = small.models.history(KIND)
    champion = entry["version"]
    assert entry["why"] == "the first model of its kind"
    later = train_uplift(replace(REQUEST, seed=2), small)
    assert later.details["champion"] is False
    assert small.models.champion(KIND) == champion
    asked = train_uplift(replace(REQUEST, seed=2, promote=True), small)
    assert asked.details["champion"] is True
    assert small.models.champion(KIND) == later.details["model_version"] != champion
    assert [e["why"] for e in small.models.history(KIND)][-1] == "asked for by --promote"


def test_a_trial_that_cannot_tell_promises_nobody_anything(small: Stores) -> None:
    """Its verdict is nobody, and the model that is registered says so: no arm is worth anything for anyone."""
    report = train_uplift(replace(REQUEST, promote=True), small)
    assert report.details["verdict"]["kind"] == "nobody"
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), small)
    scores = rows_of(small, UPLIFT_SCORES, run_date=DAY)
    assert scores.num_rows == 4 * CUSTOMERS
    assert pc.max(scores["effect_eur"]).as_py() <= 0


def test_effects_are_looked_at_by_the_segments_of_before_the_trial(small: Stores) -> None:
    """Segments made after the first contact know what the offer did: they are no slices."""
    late = train_uplift(REQUEST, small)
    assert late.details["slices"].startswith("none: no customer_segments")
    assert "slices" not in small.models.load(KIND, late.details["model_version"]).card
    segment_customers(SegmentCustomers(DAY), small)
    for number in range(2):
        name = f"trial/{CAMPAIGN}/part-{number:05d}"
        rows = read_input(small, name)
        place = rows.column_names.index("matured_at")
        later = pc.add(rows["matured_at"], pa.scalar(timedelta(days=80)))
        write_input(small, name, rows.set_column(place, "matured_at", later.cast(rows.schema.field(place).type)))
    report = train_uplift(replace(REQUEST, run_date=DAY + timedelta(days=120)), small)
    assert report.details["slices"] == f"customer_segments of {DAY}, exploratory"
    slices = small.models.load(KIND, report.details["model_version"]).card["slices"]
    assert slices["exploratory"] is True
    found = {(s["slice"], s["arm"]) for s in slices["effects"]}
    assert {name for name, _ in found} >= {"evening spenders", "loyal spenders", "weekend spenders"}
    assert all(s["measured_eur"]["low"] <= s["measured_eur"]["high"] for s in slices["effects"])
