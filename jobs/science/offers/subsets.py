"""Which campaigns reach a customer who may get only so many offers: exact chances of every subset, by its size.

Each campaign has a weight, the sum over its arms of exp(surplus / temperature). A subset's weight is the product of its
campaigns' weights; subsets larger than the customer's contacts have none. Sums over subsets are elementary symmetric
polynomials, built one campaign at a time.
"""

from dataclasses import dataclass

import numpy as np

from jobs.science.offers.problem import Bools, Floats, Ints

_WIDEST = 80.0
_OVERFLOW = 600.0


@dataclass(frozen=True)
class Subsets:
    """The distribution over subsets of campaigns.

    Parameters
    ----------
    log_total : ndarray of shape (b,)
        Logarithm of the weight of all allowed subsets together, the empty one (weight 1) among them.
    chance : ndarray of shape (b, campaigns)
        Probability that a campaign is in the subset.
    """

    log_total: Floats
    chance: Floats


def subsets(log_weight: Floats, contacts: Ints) -> Subsets:
    """Return total weight and marginal chances.

    Parameters
    ----------
    log_weight : ndarray of shape (b, campaigns)
        Logarithm of each campaign's weight.
    contacts : ndarray of shape (b,)
        Largest size of a subset, >= 0.

    References
    ----------
    Kulesza and Taskar (2012), Determinantal point processes for machine learning, section 5.2.1.

    Examples
    --------
    >>> subsets(np.zeros((1, 2)), np.array([1])).chance
    array([[0.33333333, 0.33333333]])
    """
    log_total, chance = np.zeros(len(log_weight)), np.zeros(log_weight.shape)
    for rows, size in _by_size(contacts, log_weight.shape[1]):
        some = log_weight[rows]
        if size == log_weight.shape[1]:
            log_total[rows] = np.logaddexp(0.0, some).sum(axis=1)
            chance[rows] = _sigmoid(some)
            continue
        tilted = _Tilted.of(some, size)
        after, before = tilted.after(), np.zeros((size + 1, len(some)))
        before[0] = 1.0
        total = after[0][0]
        log_total[rows] = tilted.log_scale + np.log(total)
        for g in range(some.shape[1]):
            weight = tilted.weight[:, g]
            chance[rows, g] = weight * (before[:-1] * after[g + 1][1:]).sum(axis=0) / total
            before[1:] += weight * before[:-1]
    return Subsets(log_total, chance)


def excess(log_weight: Floats, contacts: Ints, chance: Floats, one: int, other: int) -> Floats:
    """Return P(both) / (P(one) P(other)) - 1: 0 where two campaigns do not compete, -1 where they exclude each other.

    Parameters
    ----------
    log_weight, contacts
        As for `subsets`.
    chance : ndarray of shape (b, campaigns)
        Marginal chances from `subsets`.
    one, other : int
        Two different campaigns.
    """
    found = np.zeros(len(log_weight))
    campaigns = log_weight.shape[1]
    for rows, size in _by_size(contacts, campaigns):
        if size == campaigns:
            continue
        if size == 1:
            found[rows] = -1.0
            continue
        tilted = _Tilted.of(log_weight[rows], size)
        total = tilted.after()[0][0]
        rest = [g for g in range(campaigns) if g not in {one, other}]
        sums = np.zeros((size - 1, len(total)))
        sums[0] = 1.0
        for g in rest:
            sums[1:] += tilted.weight[:, g] * sums[:-1]
        both = tilted.weight[:, one] * tilted.weight[:, other] * (sums * tilted.of_size[2:]).sum(axis=0) / total
        apart = chance[rows, one] * chance[rows, other]
        found[rows] = np.where(apart > 1e-12, both / np.maximum(apart, 1e-12) - 1.0, 0.0)
    return found


def draw(log_weight: Floats, contacts: Ints, uniform: Floats) -> Bools:
    """Draw one subset for each customer, exactly from the distribution.

    Parameters
    ----------
    log_weight, contacts
        As for `subsets`.
    uniform : ndarray of shape (b, campaigns)
        Random numbers in [0, 1).
    """
    drawn = np.zeros(log_weight.shape, np.bool_)
    for rows, size in _by_size(contacts, log_weight.shape[1]):
        some = log_weight[rows]
        if size == some.shape[1]:
            drawn[rows] = uniform[rows] < _sigmoid(some)
            continue
        tilted = _Tilted.of(some, size)
        after, taken, place = tilted.after(), np.zeros(len(some), np.int64), np.arange(len(some))
        for g in range(some.shape[1]):
            further = np.where(taken < size, after[g + 1][np.minimum(taken + 1, size), place], 0.0)
            chance = tilted.weight[:, g] * further / after[g][taken, place]
            hit = uniform[rows, g] < chance
            drawn[rows, g] = hit
            taken += hit
    return drawn


@dataclass(frozen=True)
class _Tilted:
    """Weights divided by a common factor, so that no sum over subsets of one size leaves double precision."""

    weight: Floats
    of_size: Floats
    log_scale: Floats

    @classmethod
    def of(cls, log_weight: Floats, size: int) -> "_Tilted":
        campaigns = log_weight.shape[1]
        tilt = np.maximum(np.partition(log_weight, campaigns - size, axis=1)[:, campaigns - size], 0.0)
        # A campaign this far above the customer's last place is in for certain; its excess is added to the logarithm.
        widest = min(_WIDEST, _OVERFLOW / size)
        relative = log_weight - tilt[:, None]
        beyond = np.maximum(relative - widest, 0.0).sum(axis=1)
        with np.errstate(under="ignore"):
            weight = np.exp(np.clip(relative, -_OVERFLOW, widest))
            of_size = np.exp(-np.minimum(np.arange(size, -1, -1)[:, None] * tilt, _OVERFLOW))
        return cls(weight, of_size, size * tilt + beyond)

    def after(self) -> list[Floats]:
        """For every campaign: the weight of all subsets of it and those after it, given how many are taken before."""
        tables = [self.of_size]
        for g in range(self.weight.shape[1] - 1, -1, -1):
            table = tables[-1].copy()
            table[:-1] += self.weight[:, g] * tables[-1][1:]
            tables.append(table)
        return tables[::-1]


def _by_size(contacts: Ints, campaigns: int) -> list[tuple[Ints | slice, int]]:
    """Return the customers of each largest size that is above 0."""
    size = np.minimum(contacts, campaigns)
    if len(size) and (size == size[0]).all():
        return [(slice(None), int(size[0]))] if size[0] else []
    return [(np.flatnonzero(size == s), int(s)) for s in np.unique(size) if s]


def _sigmoid(x: Floats) -> Floats:
    with np.errstate(under="ignore", over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-x)), np.float64)
