"""Names say what sets a segment apart, in a fixed order of words, and no two are alike."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jobs.science.segments.measures import FEATURES
from jobs.science.segments.naming import segment_names


def _centre(**values: float) -> list[float]:
    return [values.get(name, 0.0) for name in FEATURES]


def test_the_two_strongest_features_make_the_name():
    centres = np.array(
        [
            _centre(frequency=1.2, evening_share=3.0, weekend_share=0.9),
            _centre(recency=2.0, money=-1.0),
            _centre(favourite_share=4.0),
            _centre(),
        ]
    )
    assert segment_names(centres, FEATURES) == (
        "frequent evening spenders",
        "lapsed small-basket spenders",
        "loyal spenders",
        "typical spenders",
    )


def test_a_third_word_tells_two_alike_apart_and_a_number_where_there_is_none():
    centres = np.array([_centre(money=2.0)] * 3 + [_centre(money=3.0, recency=2.0, evening_share=1.0)] * 2)
    names = segment_names(centres, FEATURES)
    assert names[:3] == ("big-basket spenders", "big-basket spenders (2)", "big-basket spenders (3)")
    assert names[3:] == ("lapsed big-basket spenders", "lapsed big-basket evening spenders")


@settings(max_examples=100, deadline=None)
@given(arrays(float, st.tuples(st.integers(1, 8), st.just(len(FEATURES))), elements=st.sampled_from([-2.0, 0.0, 1.0])))
def test_no_two_names_are_alike(centres):
    names = segment_names(centres, FEATURES)
    assert len(set(names)) == len(centres)


def test_one_segment_is_everybody():
    assert segment_names(np.array([_centre(money=3.0)]), FEATURES) == ("all customers",)
