"""Slices hold every row once a cut, and groups are held against each other only where there are rows enough."""

import numpy as np
import pytest

from jobs.science.fraud.assess import Rows
from jobs.science.fraud.decision import DecisionPolicy
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.judged import judged_rows
from jobs.science.fraud.slices import FEWEST_GENUINE, group_rates, slices


def rows(count=4_000, seed=1):
    rng = np.random.default_rng(seed)
    amount = rng.gamma(1.5, 60, count)
    p = rng.beta(1, 20, count)
    y = rng.random(count) < p
    customer = rng.integers(0, 400, count)
    judged = judged_rows(np.zeros(count), customer, y, amount, np.log(p / (1 - p)), p, DecisionPolicy())
    matrix = rng.gamma(1, 5, (count, len(FEATURE_NAMES))).astype(np.float32)
    return judged, Rows(matrix, y.astype(float), np.zeros(count, np.int32), customer.astype(object), amount)


def test_each_cut_holds_every_row_once_and_figures_are_those_of_its_rows():
    judged, test = rows()
    parts = {part.name: part for part in slices(judged, test)}
    cut = [part for name, part in parts.items() if name.startswith("amount")]
    assert sum(part.rows for part in cut) == judged.day.size
    assert sum(part.frauds for part in cut) == judged.is_fraud.sum()
    large = judged.amount_eur >= 250
    found = parts["amount of 250 euro and more"]
    assert found.happened == pytest.approx(judged.is_fraud[large].mean())
    assert found.false_positive_rate == pytest.approx(judged.looked_at[large & ~judged.is_fraud].mean())
    assert found.recall == pytest.approx(judged.looked_at[large & judged.is_fraud].mean())


def test_a_slice_without_frauds_has_no_precision():
    judged, test = rows()
    few = np.flatnonzero(~judged.is_fraud)[:1]
    only = np.zeros(judged.day.size, bool)
    only[few] = True
    [found] = {part.average_precision for part in slices(judged.part(only), Rows(
        test.matrix[only], test.is_fraud[only], test.day[only], test.customer[only], test.amount_eur[only]
    ))}  # fmt: skip
    assert found is None


def test_the_ratio_of_groups_is_the_highest_rate_over_the_lowest():
    judged, _ = rows()
    group = np.where(judged.amount_eur > 60, "far", "near").astype(object)
    group[:5] = None
    found = group_rates(judged, group)
    rates = {part.name: part.false_positive_rate for part in found.groups}
    assert found.ratio == pytest.approx(rates["far"] / rates["near"])
    assert found.groups[-1].name == "missing", "five rows: shown, and not held against the others"
    assert found.groups[-1].rows < FEWEST_GENUINE


def test_one_group_has_no_ratio():
    judged, _ = rows()
    assert group_rates(judged, np.full(judged.day.size, "all")).ratio is None
