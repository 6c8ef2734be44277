"""Promised against measured, in worlds whose true effects are known."""

from dataclasses import dataclass

import numpy as np
import pytest

from jobs.errors import BadTrial
from jobs.science.experiment.calibration_ratio import Calibration, calibration_sentence
from jobs.science.experiment.campaign_trial import (
    HOLDOUT,
    OFFERED,
    CampaignRows,
    measure,
    on_the_wrong_side,
    share_of_night,
)
from jobs.science.experiment.holdout import id_numbers, in_holdout
from jobs.science.experiment.statement import ROWS

COST_EUR, LOSS_EUR = 0.2, 0.05


@dataclass(frozen=True)
class Truth:
    rows: CampaignRows
    effect_eur: float  # of all offers


def night(
    seed: int,
    *,
    customers: int = 8_000,
    nights: int = 1,
    overstated: float = 2.0,
    factor: float = 1.0,
    effect_eur: float = 1.0,
    holdout: float = 0.2,
) -> Truth:
    """Offers go to who is promised most; the model promises so many times the true effect, with noise of its own."""
    r = np.random.default_rng(seed)
    who = np.arange(customers)
    held = in_holdout([f"{seed}-{i}" for i in who], "spring", holdout)
    habit = r.gamma(2.0, 4.0, customers)
    true = r.gamma(2.0, effect_eur / 2.0, customers)
    parts, truth = [], 0.0
    for _ in range(nights):
        model = overstated * true * r.gamma(20.0, 1 / 20.0, customers)
        wanted = (factor * model > np.quantile(factor * model, 0.5)) & ~held
        outcome = habit + r.exponential(3.0, customers) + wanted * true
        truth += float(true[wanted].sum())
        parts.append(
            (who, held, outcome, wanted * model, wanted * model * factor, wanted * COST_EUR, wanted * LOSS_EUR)
        )
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    seen = np.tile(np.column_stack([habit * r.gamma(5.0, 0.2, customers), np.ones(customers)]), (nights, 1))
    return Truth(CampaignRows(*columns, seen, ("spent before", "constant")), truth)


def calibrated(truth: Truth) -> Calibration:
    found = measure(truth.rows).calibration
    assert found is not None
    return found


def coverage(seeds: int, nights: int = 1) -> tuple[float, float, float]:
    """Shares in which the interval holds the twofold promise, the measured net, and the truth of the night after."""
    twofold = net = after = 0
    for seed in range(seeds):
        truth = night(seed, nights=nights)
        found = measure(truth.rows)
        known = found.calibration
        assert known is not None
        promised = found.model_effect_eur / truth.effect_eur  # about 2, and exactly what the interval is of
        twofold += known.promised_over_measured.lower <= promised <= known.promised_over_measured.upper
        net += (
            found.measured_eur.lower <= truth.effect_eur - found.cost_eur - found.loss_eur <= found.measured_eur.upper
        )
        then = night(100_000 + seed, factor=known.factor, customers=20_000)
        model = float(then.rows.model_effect_eur.sum())
        after += known.lower * model <= then.effect_eur <= known.upper * model
    return twofold / seeds, net / seeds, after / seeds


def test_what_was_promised_twofold_is_found_and_the_next_night_promises_the_truth() -> None:
    twofold, net, after = coverage(40)
    assert min(twofold, net, after) >= 0.85


@pytest.mark.long
@pytest.mark.parametrize("nights", [1, 3])
def test_in_two_hundred_worlds_the_interval_holds_two_as_often_as_it_says(nights: int) -> None:
    twofold, net, after = coverage(200, nights)
    assert 0.90 <= twofold <= 0.99
    assert 0.90 <= net <= 0.99
    assert 0.90 <= after <= 1.0


def test_nights_of_the_same_customers_are_not_taken_for_independent() -> None:
    truth = night(3, nights=4)
    clustered = measure(truth.rows)
    each = CampaignRows(**{**vars(truth.rows), "customer": np.arange(len(truth.rows.held))})
    assert ROWS in clustered.moments[HOLDOUT].columns
    assert clustered.effect.absolute.value == pytest.approx(measure(each).effect.absolute.value)
    assert clustered.effect.standard_error > 1.2 * measure(each).effect.standard_error
    assert (clustered.held_customers, clustered.rows) == (
        measure(night(3).rows).held_customers,
        4 * clustered.customers,
    )


def test_covariates_narrow_the_interval_and_a_constant_one_is_left_out() -> None:
    truth = night(5)
    with_them = measure(truth.rows)
    assert with_them.metric.covariates == ("spent before",)
    none = CampaignRows(**{**vars(truth.rows), "covariates": np.empty((len(truth.rows.held), 0))})
    assert with_them.effect.standard_error < 0.9 * measure(none).effect.standard_error


def test_net_euros_are_effects_less_contacts_and_fraud_on_both_sides() -> None:
    found = measure(night(7, factor=0.5).rows)
    taken_off = found.cost_eur + found.loss_eur
    assert found.promised_eur == pytest.approx(found.model_effect_eur * 0.5 - taken_off)
    assert found.measured_eur.value == pytest.approx(found.measured_effect_eur.value - taken_off)
    assert found.measured_effect_eur.value == pytest.approx(found.effect.absolute.value * found.rows)
    assert set(found.moments) == {HOLDOUT, OFFERED}


def test_a_promise_that_was_calibrated_already_gives_the_same_factor_again() -> None:
    once, again = calibrated(night(11)), calibrated(night(11, factor=0.5))
    assert again.factor == once.factor


def test_a_small_holdout_that_knows_nothing_changes_nothing() -> None:
    found = calibrated(night(13, customers=300, effect_eur=0.05))
    assert (found.known, found.factor) == (False, 1.0)
    assert found.promised_over_measured.upper == np.inf
    assert "left as they are" in calibration_sentence("spring", found)


def test_a_campaign_that_brings_nothing_is_multiplied_by_almost_nothing() -> None:
    truth = night(17, customers=40_000)
    lost = CampaignRows(**{**vars(truth.rows), "outcome_eur": np.random.default_rng(1).gamma(2.0, 4.0, 40_000)})
    found = calibrated(Truth(lost, 0.0))
    assert found.known
    assert 0.0 <= found.factor < 0.1


def test_without_a_holdout_it_says_what_to_do() -> None:
    rows = night(19).rows
    with pytest.raises(BadTrial, match=r"0 customers with an outcome are in arm 'holdout'.*holdout_share"):
        measure(CampaignRows(**{**vars(rows), "held": np.zeros(len(rows.held), np.bool_)}))


def test_offers_that_promised_nothing_have_no_ratio() -> None:
    rows = night(23).rows
    nothing = CampaignRows(**{**vars(rows), "model_effect_eur": np.zeros(len(rows.held))})
    assert measure(nothing).calibration is None


def test_who_is_on_the_wrong_side_of_the_holdout_is_found_and_another_share_is_not_taken_for_it() -> None:
    ids = [f"c{i}" for i in range(1_000)]
    numbers, held = id_numbers(ids, "spring"), in_holdout(ids, "spring", 0.1)
    moved = held.copy()
    moved[:7] = ~moved[:7]
    assert share_of_night(numbers, moved, 0.1) == 0.1
    assert on_the_wrong_side(numbers, moved, 0.1).nonzero()[0].tolist() == list(range(7))
    then = share_of_night(numbers, held, 0.2)
    assert then == pytest.approx(0.1, abs=0.005)
    assert not on_the_wrong_side(numbers, held, then).any()
