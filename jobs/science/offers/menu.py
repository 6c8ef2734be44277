"""What a night has to give: the arms of all its campaigns, and what is scarce."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from jobs.errors import BadRequest
from jobs.science.offers.problem import Floats, Ints


@dataclass(frozen=True)
class Resource:
    """Something of which a night has only so much, or must use at least so much.

    Parameters
    ----------
    name : str
        As a reader knows it: "budget of spring", "contacts by e-mail in the morning".
    unit : {"eur", "customers"}
        An arm draws its cost from a resource in euro, and 1 from a resource in customers.
    arms : tuple of int
        Arms of the menu that draw on it.
    most : float
        Most that may be used, >= 0; infinity is no limit. Customers are counted whole.
    least : float
        Least that must be used, >= 0; only of a resource in customers.

    Examples
    --------
    >>> Resource("cap of coffee", "customers", arms=(2,), most=500.0, least=100.0).name
    'cap of coffee'
    """

    name: str
    unit: Literal["eur", "customers"]
    arms: tuple[int, ...]
    most: float = float("inf")
    least: float = 0.0


@dataclass(frozen=True)
class Menu:
    """The arms of a night's campaigns together, checked.

    Parameters
    ----------
    arms : tuple of str
        Name of each arm.
    campaign : tuple of int
        Campaign of each arm, 0, 1, 2 ...; a customer gets at most one arm of each.
    resources : tuple of Resource
        Budgets of campaigns and partners, caps, minimums, capacities of contact windows.

    Raises
    ------
    BadRequest
        If an arm is unknown, a limit cannot be, or a minimum is above its own cap.

    Examples
    --------
    >>> menu = Menu(("coffee", "tea"), (0, 0), (Resource("budget", "eur", (0, 1), most=100.0),))
    >>> menu.campaigns
    1
    """

    arms: tuple[str, ...]
    campaign: tuple[int, ...]
    resources: tuple[Resource, ...]

    def __post_init__(self) -> None:
        if not self.arms:
            raise BadRequest("arms is empty: a menu has at least one arm.")
        if len(self.campaign) != len(self.arms) or set(self.campaign) != set(range(max(self.campaign) + 1)):
            raise BadRequest(
                f"campaign == {self.campaign}, must be one number for each of {len(self.arms)} arms: 0, 1 ..."
            )
        for resource in self.resources:
            _check(resource, len(self.arms))

    @property
    def campaigns(self) -> int:
        """How many campaigns."""
        return max(self.campaign) + 1

    @cached_property
    def most(self) -> Floats:
        """Most of each resource; customers are whole."""
        return np.array([np.floor(r.most) if r.unit == "customers" else r.most for r in self.resources], np.float64)

    @cached_property
    def least(self) -> Floats:
        """Least of each resource; customers are whole."""
        return np.array([np.ceil(r.least) for r in self.resources], np.float64)

    @cached_property
    def in_eur(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which resources are in euro."""
        return np.array([r.unit == "eur" for r in self.resources], np.bool_)

    def with_limits(self, most: Floats, least: Floats) -> "Menu":
        """Return the same menu with other limits, such as what choices made before have left."""
        limits = zip(self.resources, most, least, strict=True)
        return replace(
            self, resources=tuple(replace(r, most=float(upper), least=float(lower)) for r, upper, lower in limits)
        )

    @cached_property
    def families(self) -> Ints:
        """Resources in rows within which no arm draws on two, and all have one unit; -1 is none.

        Shape (families, arms). A night of thousands of arms has a handful of them: budgets of campaigns, budgets of
        partners, caps, windows.
        """
        rows: list[tuple[str, Ints]] = []
        for number, resource in enumerate(self.resources):
            mine = np.array(sorted(set(resource.arms)), np.int64)
            free = (row for unit, row in rows if unit == resource.unit and (row[mine] < 0).all())
            row = next(free, None)
            if row is None:
                row = np.full(len(self.arms), -1, np.int64)
                rows.append((resource.unit, row))
            row[mine] = number
        return np.array([row for _, row in rows], np.int64).reshape(len(rows), len(self.arms))

    @cached_property
    def family_in_eur(self) -> tuple[bool, ...]:
        """Whether a family's resources are in euro."""
        return tuple(bool(self.in_eur[row[row >= 0][0]]) if (row >= 0).any() else False for row in self.families)


def _check(resource: Resource, arms: int) -> None:
    """Raise on a resource that cannot be."""
    name = resource.name
    strange = [arm for arm in resource.arms if not 0 <= arm < arms]
    if strange:
        raise BadRequest(f"{name} names arm {strange[0]}, must be one of 0 to {arms - 1}.")
    if resource.unit not in {"eur", "customers"}:
        raise BadRequest(f"{name} has unit {resource.unit!r}, must be 'eur' or 'customers'.")
    if not resource.most >= 0:
        raise BadRequest(f"{name} has most == {resource.most}, must be >= 0; infinity is no limit.")
    if not 0 <= resource.least < float("inf"):
        raise BadRequest(f"{name} has least == {resource.least}, must be >= 0 and finite.")
    if resource.least > 0 and resource.unit == "eur":
        raise BadRequest(f"{name} has least == {resource.least} euro: a minimum is a number of customers.")
    if np.ceil(resource.least) > np.floor(resource.most):
        raise BadRequest(
            f"{name} must go to at least {resource.least:g} customers and at most {resource.most:g}: "
            f"lower the minimum by {np.ceil(resource.least) - np.floor(resource.most):g} or raise the cap."
        )
