"""Rules say exactly what they do: words, segments and JSON are one thing."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.policy_rules import EVERYBODY, Cut, PolicyRules, roundest

ROWS = pa.table(
    {
        "recency": [1.0, 6.0, 7.0, 12.0, None],
        "womens": [0, 1, 1, 0, 1],
        "channel": ["Web", "Web", "Phone", None, "Web"],
    }
)
TYPES = {"recency": "number", "womens": "number", "channel": "category"}
ENCODER = FeatureEncoder.fit(ROWS, TYPES)
RECENCY, RECENCY_MISSING, WOMENS, WEB, PHONE, CHANNEL_MISSING = range(6)


def rules(*cuts: Cut, arm_of: tuple[int, ...] = (0, 1, 1)) -> PolicyRules:
    return PolicyRules(("none", "mail"), ENCODER, cuts, arm_of, binary=(WOMENS,))


def test_the_matrix_has_the_columns_that_these_tests_name() -> None:
    assert ENCODER.columns == ("recency", "recency is missing", "womens", "channel = Web", "channel = Phone",
                               "channel is missing")  # fmt: skip


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        # The median that stands for a missing recency is 6.5.
        ((Cut(RECENCY, 6.0, -1, -2),), ("recency up to 6", "recency above 6 or unknown")),
        ((Cut(RECENCY_MISSING, 0.5, -1, -2),), ("recency known", "recency unknown")),
        ((Cut(WOMENS, 0.5, -1, -2),), ("womens 0", "womens 1")),
        ((Cut(WEB, 0.5, -1, -2),), ("channel other than Web", "channel Web")),
        ((Cut(CHANNEL_MISSING, 0.5, -1, -2),), ("channel known", "channel unknown")),
        (
            (Cut(WEB, 0.5, 1, -1), Cut(PHONE, 0.5, -2, -3)),
            ("channel Web", "channel other than Web or Phone", "channel Phone"),
        ),
        (
            (Cut(RECENCY, 6.0, -1, 1), Cut(RECENCY, 9.0, -2, -3)),
            ("recency up to 6", "recency above 6 up to 9 or unknown", "recency above 9"),
        ),
        (
            (Cut(RECENCY_MISSING, 0.5, 1, -1), Cut(RECENCY, 9.0, -2, -3)),
            ("recency unknown", "recency up to 9", "recency above 9"),
        ),
        (
            (Cut(RECENCY, 6.0, 1, -1), Cut(WOMENS, 0.5, -2, -3)),
            ("recency above 6 or unknown", "recency up to 6 and womens 0", "recency up to 6 and womens 1"),
        ),
    ],
)
def test_a_rule_reads_as_one_would_say_it(cuts: tuple[Cut, ...], words: tuple[str, ...]) -> None:
    assert rules(*cuts, arm_of=(0,) * len(words)).words == words


def test_a_row_is_in_the_segment_whose_words_hold_of_it() -> None:
    cut = rules(Cut(RECENCY, 6.0, 1, -1), Cut(WOMENS, 0.5, -2, -3))
    assert cut.segment_of(ENCODER.transform(ROWS)).tolist() == [1, 2, 0, 0, 0]


def test_without_a_cut_everybody_is_one_segment() -> None:
    none = rules(arm_of=(1,))
    assert none.words == (EVERYBODY,)
    assert none.segment_of(ENCODER.transform(ROWS)).tolist() == [0] * 5


def test_rules_come_back_from_json_as_they_were() -> None:
    cut = rules(Cut(RECENCY, 6.0, 1, -1), Cut(WEB, 0.5, -2, -3))
    again = PolicyRules.from_dict(json.loads(json.dumps(cut.to_dict())))
    assert (again, again.words) == (cut, cut.words)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_a_rounder_threshold_parts_the_same_values(low: float, wide: float) -> None:
    high = low + wide
    found = roundest(low, high)
    assert low <= found < high


def test_a_value_that_is_a_float32_stays_on_its_side() -> None:
    low, high = np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1.0))
    cut = PolicyRules(("none", "mail"), ENCODER, (Cut(0, roundest(float(low), float(high)), -1, -2),), (0, 1))
    assert cut.segment_of(np.array([[low], [high]], np.float32)).tolist() == [0, 1]
