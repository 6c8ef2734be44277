"""The past becomes a row for each who could be drawn, as a trial would have met them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadRows, BadSchema, NetliftError
from jobs.science.experiment.history import take_history
from jobs.science.experiment.history_columns import HistoryColumns
from jobs.science.experiment.metric_words import metrics_in_words
from jobs.science.experiment.statement import ROWS

START = datetime(2026, 3, 1, 12, tzinfo=UTC)

MANY = pa.table(
    {
        "who": ["a", "b", "a", "c", "b", "a"],
        "home": ["x", "x", "x", "y", "x", "x"],
        "at": [START + timedelta(days=days) for days in (0, 1, 2, 8, 9, 9)],
        "spend": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
        "orders": [1, 1, 1, 1, 2, 1],
        "visit": [0, 0, 1, 0, 0, 0],
        "past": [5.0, 6.0, 7.0, 8.0, 9.0, 9.0],
    }
)
SPEND = metrics_in_words(["spend:mean:spend"])


def test_rows_of_a_unit_are_added_up_and_a_covariate_is_that_of_its_first_row() -> None:
    metrics = metrics_in_words(["aov:ratio:spend/orders", "visit:proportion:visit"], ["past"])
    backwards = MANY.take(list(range(MANY.num_rows))[::-1])
    for table in (MANY, backwards):
        found = take_history(table, metrics, HistoryColumns("who", "at"), file="past.csv")
        of = dict(zip(found.rows[:, 0].tolist(), found.rows.tolist(), strict=True))
        assert found.columns == ("spend", "orders", "past", "visit")
        assert of == {37.0: [37.0, 3.0, 5.0, 1.0], 18.0: [18.0, 3.0, 6.0, 0.0], 8.0: [8.0, 1.0, 8.0, 0.0]}
        assert found.first_seen == (1, 1, 0, 0, 0, 0, 0, 0, 1, 0)
        assert (found.rows_in, found.rows_used, found.rows_open, found.set_aside) == (6, 6, 0, ())


def test_only_what_lies_in_a_closed_window_counts() -> None:
    found = take_history(MANY, SPEND, HistoryColumns("who", "at", window_days=5), file="past.csv")
    # c came on day 8 and the past ends with day 9: nobody knows yet what c would spend in five days
    assert sorted(found.rows[:, 0]) == [2.0, 5.0]
    assert (found.rows_used, found.rows_open) == (3, 3)
    assert sum(found.first_seen) == 3
    with pytest.raises(BadRows, match="no unit's window of 30 days has closed"):
        take_history(MANY, SPEND, HistoryColumns("who", "at", window_days=30), file="past.csv")


def test_a_row_a_unit_tells_its_whole_outcome_whatever_the_window() -> None:
    single = MANY.take([0, 1, 3])
    found = take_history(single, SPEND, HistoryColumns("who", "at", window_days=30), file="past.csv")
    assert found.rows[:, 0].tolist() == [1.0, 2.0, 8.0]


def test_clusters_are_sums_of_units_with_their_number() -> None:
    found = take_history(MANY, SPEND, HistoryColumns("who", "at", "home"), file="past.csv")
    assert found.columns == ("spend", ROWS)
    assert sorted(found.rows.tolist()) == [[8.0, 1.0], [55.0, 2.0]]
    assert found.first_seen == (1, 0, 0, 0, 0, 0, 0, 0, 1, 0)
    assert found.singles is not None
    assert (found.singles.count, found.singles.of("spend")) == (3, 21.0)


def test_a_cap_is_a_quantile_of_units_not_of_rows() -> None:
    found = take_history(MANY, SPEND, HistoryColumns("who"), file="past.csv", cap_shares={"spend": 0.5})
    assert found.metrics[0].cap == 18.0
    assert sorted(found.rows[:, 0]) == [8.0, 18.0, 18.0]


def test_rows_at_fault_are_set_aside_and_counted_by_reason() -> None:
    bad = pa.table(
        {
            "who": ["a", None, "c", "d", "e", "f", "g"],
            "spend": ["1.5", "2", "nan", "much", "1e308", "", "2.5"],
            "visit": [1, 0, 1, 0, 1, 0, 2],
        }
    )
    metrics = metrics_in_words(["s:mean:spend", "v:proportion:visit"])
    found = take_history(bad, metrics, HistoryColumns("who"), file="past.csv")
    assert found.rows.tolist() == [[1.5, 1.0]]
    assert {(column, rows) for column, _, rows in found.set_aside} == {("spend", 4), ("who", 1), ("visit", 1)}
    assert found.rows_in == found.rows_used + sum(rows for _, _, rows in found.set_aside)
    with pytest.raises(BadRows, match="no row can be used: column 'spend'"):
        take_history(bad.slice(2, 4), metrics, HistoryColumns("who"), file="past.csv")


def test_moments_count_by_their_day_in_utc() -> None:
    for kind in (pa.timestamp("s", tz="America/New_York"), pa.timestamp("ns", tz="UTC")):
        at = pa.array([datetime(2026, 3, 1, 23, 30, tzinfo=UTC), datetime(2026, 3, 2, 0, 30, tzinfo=UTC)], kind)
        table = pa.table({"at": at, "spend": [1.0, 2.0]})
        assert take_history(table, SPEND, HistoryColumns(time="at"), file="past.csv").first_seen == (1, 1)
    days = pa.table({"at": [date(2026, 3, 1), date(2026, 3, 3)], "spend": [1.0, 2.0]})
    assert take_history(days, SPEND, HistoryColumns(time="at"), file="past.csv").first_seen == (1, 0, 1)


@pytest.mark.parametrize(
    ("words", "covariates", "columns", "kind", "says"),
    [
        (["s:mean:sales"], [], {}, BadSchema, "past.csv has no column 'sales': it has who"),
        (["s:mean:at"], [], {}, BadSchema, "column 'at' holds timestamp.* no numbers"),
        (["s:mean:spend"], [], {"time": "spend"}, BadSchema, "column 'spend' is double: moments are dates"),
        (["s:mean:spend"], [], {"unit": "who", "cluster": "visit"}, BadRows, "1 units are in two clusters, 'a' in"),
        (["s:mean:spend"], ["past"], {"unit": "who"}, BadRows, "covariate 'past' differs between the rows of 2 units"),
        (["q:quantile:spend@0.9"], [], {}, BadRequest, "'q' is a quantile: plan a mean"),
        (
            ["v:proportion:visit", "s:ratio:spend/visit"],
            [],
            {"unit": "who"},
            BadRequest,
            "'visit' is an outcome of one",
        ),
        (["s:mean:spend"], [], {"unit": "who", "time": "who"}, BadRequest, "name different ones"),
        (["s:mean:spend"], [], {"window_days": -1}, BadRequest, "window_days == -1"),
    ],
)
def test_what_cannot_be_a_past_is_refused_in_one_sentence(
    words: list[str], covariates: list[str], columns: dict[str, str], kind: type[NetliftError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        take_history(MANY, metrics_in_words(words, covariates), HistoryColumns(**columns), file="past.csv")  # type: ignore[arg-type]


def test_the_order_is_that_of_the_file_so_that_replays_repeat() -> None:
    values = np.random.default_rng(1).normal(size=5000)
    table = pa.table({"who": [str(i) for i in range(5000)], "spend": values})
    found = take_history(table, SPEND, HistoryColumns("who"), file="past.csv")
    assert np.array_equal(found.rows[:, 0], values)
