"""A night's answer: who gets what, how good it is for certain, and what one more of everything scarce would bring."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jobs.science.offers.menu import Menu
from jobs.science.offers.problem import Bools, Floats
from jobs.science.offers.rounding import BUDGET_ROUNDING


@dataclass(frozen=True)
class Scarcity:
    """Use and price of one resource.

    Parameters
    ----------
    name : str
        Of the resource.
    unit : {"eur", "customers"}
        Unit of the next three.
    used, most, least : float
        What the answer uses, and its limits.
    price_eur : float
        Value of one more unit of `most`, euro, where above 0; below 0 what the last unit of `least` costs.
    """

    name: str
    unit: Literal["eur", "customers"]
    used: float
    most: float
    least: float
    price_eur: float

    @property
    def is_shut(self) -> bool:
        """Whether the limit lets nothing through; its price is 0 then, because it had no pair to choose from."""
        return self.most < 1 if self.unit == "customers" else self.most <= 0

    def in_words(self) -> str:
        """Say the price as a sentence.

        Examples
        --------
        >>> Scarcity("budget of spring", "eur", 100.0, 100.0, 0.0, 3.2).in_words()
        'One more euro of budget of spring is worth 3.20 euro.'
        >>> Scarcity("tea", "customers", 50.0, 90.0, 50.0, -0.4).in_words()
        'One customer less in the minimum of tea is worth 0.40 euro.'
        >>> Scarcity("cap of tea", "customers", 0.0, 0.0, 0.0, 0.0).in_words()
        'None of cap of tea may be given: what more would be worth is not known.'
        >>> Scarcity("tea", "customers", 70.0, math.inf, 50.0, 0.0).in_words()
        'The minimum of tea costs nothing: the best choice keeps it without being told.'
        """
        unit = "euro" if self.unit == "eur" else "customer"
        if self.price_eur > 0:
            return f"One more {unit} of {self.name} is worth {self.price_eur:.2f} euro."
        if self.price_eur < 0:
            return f"One {unit} less in the minimum of {self.name} is worth {-self.price_eur:.2f} euro."
        if self.is_shut:
            return f"None of {self.name} may be given: what more would be worth is not known."
        if math.isinf(self.most) and self.least > 0:
            return f"The minimum of {self.name} costs nothing: the best choice keeps it without being told."
        return f"What there is of {self.name} suffices: more of it would bring nothing."


@dataclass(frozen=True)
class Answer:
    """Who gets what, and the certificate.

    Parameters
    ----------
    arm : ndarray of shape (n, campaigns), int16
        Arm of each customer in each campaign, -1 for nothing.
    value_eur : float
        Total value of the choices.
    dual_bound_eur : float
        Value that no answer within the limits can exceed.
    gap : float
        Part of the bound that may still be missing, in [0, 1]. Loose for a handful of customers, because the bound
        allows fractions of an offer.
    resources : tuple of Scarcity
        Use and price of every resource, in the menu's order.
    moved : ndarray of shape (n,), bool
        Customers whose choice is not simply the best at these prices: a limit, a lot or an exchange decided.
    temperature_eur : float
        Smoothing at which the prices were found, euro.
    method : {"dual", "greedy", "exact"}
        What found the choices: prices, value per cost where that came out better, or HiGHS.
    passes : int
        Passes over all customers to find the prices.
    feasible : bool
        Whether every limit was counted again at the end and holds.
    """

    arm: npt.NDArray[np.int16]
    value_eur: float
    dual_bound_eur: float
    gap: float
    resources: tuple[Scarcity, ...]
    moved: Bools
    temperature_eur: float
    method: Literal["dual", "greedy", "exact"]
    passes: int
    feasible: bool

    @property
    def price_eur(self) -> Floats:
        """Price of each resource, euro a unit, shape (resources,): what to broadcast, and to log at the decision."""
        return np.array([r.price_eur for r in self.resources], np.float64)


def scarcities(menu: Menu, used: Floats, price_eur: Floats) -> tuple[Scarcity, ...]:
    """Return use and price of every resource.

    Parameters
    ----------
    menu : Menu
        With its resources.
    used, price_eur : ndarray of shape (resources,)
        Use of each, and its price.
    """
    numbers = zip(menu.resources, used, menu.most, menu.least, price_eur, strict=True)
    return tuple(
        Scarcity(r.name, r.unit, _told(spent, most), float(most), float(least), float(price))
        for r, spent, most, least, price in numbers
    )


def _told(used: float, most: float) -> float:
    """Return a use without the rounding error of its sum."""
    return float(min(used, most) if used <= most * (1 + BUDGET_ROUNDING) else used)
