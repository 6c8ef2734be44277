"""A segment model is read back as it was, assigns the nearest segment, and is refused when it is none."""

import json

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadFile
from jobs.science.segments.fit import SegmentPlan, fit_segments
from jobs.science.segments.model import FILE, SegmentModel
from tests.unit.science.segments.payments import of_world


@pytest.fixture(scope="module")
def made():
    rows, _, window = of_world(7, True)
    model = fit_segments(rows, window, SegmentPlan(most_segments=4, choose_rows=1_000, samples=3, draws=5)).model
    return model, rows, window


def test_it_is_read_back_and_assigns_the_same(made):
    model, rows, window = made
    again = SegmentModel.from_files(model.to_files())
    one, two = model.assign(rows, window), again.assign(rows, window)
    assert np.array_equal(one.number, two.number)
    assert np.array_equal(one.certainty, two.certainty)
    assert again.name_of == model.name_of


def test_certainty_is_a_share_and_low_between_two_segments(made):
    model, rows, window = made
    found = model.assign(rows, window)
    assert ((found.certainty >= 0) & (found.certainty <= 1)).all()
    x = model.scaled(rows, window)
    away = np.sort(np.linalg.norm(x[:, None] - model.centres[None], axis=2), axis=1)
    assert found.certainty == pytest.approx(1 - away[:, 0] / away[:, 1])


def test_who_paid_nothing_is_in_segment_0(made):
    model, rows, window = made
    nothing = pa.Table.from_pylist([dict.fromkeys(rows.column_names)], schema=rows.schema)
    found = model.assign(pa.concat_tables([rows.slice(0, 1), nothing]), window)
    assert found.number[0] in model.numbers
    assert found.number[1] == 0
    assert np.isnan(found.certainty[1])
    assert model.name_of[0] == "without payments"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"window_days": "x"}'])
def test_a_file_that_is_no_model_is_refused(body):
    with pytest.raises(BadFile, match=r"segments.json is no segment model .*--refit"):
        SegmentModel.from_files({FILE: body})
    with pytest.raises(BadFile, match="is no segment model"):
        SegmentModel.from_files({})


def test_a_model_of_other_features_is_refused(made):
    model, _, _ = made
    values = json.loads(model.to_files()[FILE])
    values["scaling"]["features"][0] = "shoe_size"
    with pytest.raises(BadFile, match=r"shoe_size.*--refit"):
        SegmentModel.from_files({FILE: json.dumps(values).encode()})
