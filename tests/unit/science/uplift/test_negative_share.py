"""Harm is counted as predicted, and called beyond doubt no more often than promised."""

import numpy as np
import pytest

from jobs.science.uplift.negative_share import negative_share, rows_negative_beyond_doubt


def test_true_harm_to_a_third_is_found_in_the_tenths_that_hold_it() -> None:
    generator = np.random.default_rng(0)
    effect = np.where(np.arange(3000) % 3 == 0, -1.0, 1.0) + 0.1 * generator.normal(size=3000)
    found = negative_share(effect, effect + 2.0 * generator.normal(size=3000))
    assert found.predicted == pytest.approx(1 / 3)
    assert found.measured is not None
    assert found.measured.low < -1.0 < found.measured.high
    assert found.beyond_doubt == pytest.approx(0.3)


def test_predicted_harm_that_nothing_bears_out_is_not_beyond_doubt() -> None:
    generator = np.random.default_rng(1)
    found = negative_share(generator.normal(size=2000), 1.0 + generator.normal(size=2000))
    assert 0.4 < found.predicted < 0.6
    assert found.beyond_doubt == 0.0


def test_no_predicted_harm_has_nothing_to_measure() -> None:
    found = negative_share(np.ones(20), np.ones(20))
    assert (found.predicted, found.measured, found.beyond_doubt) == (0.0, None, 0.0)


def false_alarms(trials: int) -> float:
    """Share of trials without any effect in which some tenth is called negative beyond doubt."""
    generator = np.random.default_rng(2)
    return (
        sum(negative_share(generator.random(1000), generator.normal(size=1000)).beyond_doubt > 0 for _ in range(trials))
        / trials
    )


def test_false_alarms_are_rare() -> None:
    assert false_alarms(200) <= 0.09


@pytest.mark.long
def test_false_alarms_stay_within_the_family_error_in_2000_trials() -> None:
    assert false_alarms(2000) <= 0.065


def test_copies_inside_a_cluster_add_no_certainty() -> None:
    generator = np.random.default_rng(3)
    lift, effect = generator.normal(-0.2, 1.0, 200), generator.random(200)
    copied = np.repeat(effect, 20), np.repeat(lift, 20)
    assert negative_share(*copied).beyond_doubt > 0.2
    whole = negative_share(*copied, np.repeat(np.arange(200), 20))
    assert whole.beyond_doubt == negative_share(effect, lift).beyond_doubt < 0.2


def test_rows_with_their_own_errors_are_tested_one_by_one() -> None:
    effect = np.r_[np.full(10, -6.0), np.full(990, -1.0)]
    assert rows_negative_beyond_doubt(effect, np.ones(1000)).tolist() == [True] * 10 + [False] * 990
    found = negative_share(effect, effect, standard_error=np.ones(1000))
    assert found.rows_beyond_doubt == pytest.approx(0.01)
    assert negative_share(effect, effect).rows_beyond_doubt is None
