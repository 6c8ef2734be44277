"""Which segment model a day is worked with: one that was known by then, or where that is too old a new one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from jobs.errors import UnknownModel
from jobs.science.drift.bins import CategoryBins
from jobs.science.drift.profile import Profile, bins_of
from jobs.science.segments.behaviour import Behaviour, Window
from jobs.science.segments.fit import SegmentPlan, fit_segments
from jobs.science.segments.measures import FEATURES
from jobs.science.segments.model import NOBODYS_PAYMENTS, Assigned, SegmentModel
from jobs.storage.models import Model, ModelStore

KIND = "segments"

SEGMENT = "segment"
"""Name under which the sizes of segments stand beside the features of a profile."""


@dataclass(frozen=True)
class Refit:
    """When and of what a new model is made.

    Parameters
    ----------
    days : int
        Age from which a model is too old, >= 1.
    asked : bool
        Whether it is made whatever the age.
    customers : int
        Most customers that it is made of, >= 1.
    plan : SegmentPlan
        How to look for segments.
    """

    days: int
    asked: bool
    customers: int
    plan: SegmentPlan


def model_of(behaviour: Behaviour, refit: Refit, models: ModelStore, who: str) -> tuple[Model, str]:
    """Return the model that a day is worked with, and why it was made anew, "" where it was not.

    The champion, if its customers are of that day or of days before; else the newest model whose are, so that a day
    that is done again later is not worked with what was unknown then. A new model is put to work unless one of later
    customers is.

    Parameters
    ----------
    behaviour : Behaviour
        What customers did up to that day.
    refit : Refit
        When a new one is made.
    models : ModelStore
        Registered models.
    who : str
        Who promotes, as the log keeps it.

    Raises
    ------
    NoInput
        If a new one is due and no customer paid anything.
    TamperedModel
        If a model is not what was registered.
    """
    window = behaviour.window
    champion = _champion(models)
    before = _known_by(window.last, champion, models)
    why = _due(before, window, refit)
    if before is not None and not why:
        return before, ""
    rows = behaviour.sample(refit.customers)
    # Numbers go on from any model there is, also a later one: they are names, and say nothing of customers.
    numbering = before or champion
    fitted = fit_segments(rows, window, refit.plan, SegmentModel.from_files(numbering.files) if numbering else None)
    profile = _profile(fitted.model, rows, behaviour)
    card = {**fitted.card(refit.plan, window), "profile": profile.to_dict()}
    version = models.register(KIND, fitted.model.to_files(), card)
    if champion is None or (champion.version != version and _fitted_last(champion) <= window.last):
        models.promote(KIND, version, who, why)
    return models.load(KIND, version), why


def profiled(rows: pa.Table, assigned: Assigned, model: SegmentModel, window: Window) -> pa.Table:
    """Return what a profile counts of customers: scaled features, missing where nothing was paid, and the segment."""
    scaled = model.scaled(rows, window)
    nothing_paid = assigned.number == NOBODYS_PAYMENTS
    columns: dict[str, Any] = {name: pa.array(scaled[:, i], mask=nothing_paid) for i, name in enumerate(FEATURES)}
    return pa.table(columns | {SEGMENT: pa.array(assigned.number).cast(pa.string())})


def _profile(model: SegmentModel, sample: pa.Table, behaviour: Behaviour) -> Profile:
    """Count every customer in bins that were made of the customers the segments are made of."""
    window = behaviour.window
    bins = bins_of(profiled(sample, model.assign(sample, window), model, window), FEATURES)

    def everyone() -> Iterator[pa.Table]:
        for rows in behaviour.customers():
            yield profiled(rows, model.assign(rows, window), model, window)

    return Profile.of(everyone(), bins | {SEGMENT: CategoryBins(tuple(map(str, (NOBODYS_PAYMENTS, *model.numbers))))})


def _champion(models: ModelStore) -> Model | None:
    try:
        version = models.champion(KIND)
    except UnknownModel:
        return None
    return models.load(KIND, version)


def _known_by(day: date, champion: Model | None, models: ModelStore) -> Model | None:
    if champion is None or _fitted_last(champion) <= day:
        return champion
    known = [models.load(KIND, version) for version in models.versions(KIND)]
    return max((model for model in known if _fitted_last(model) <= day), key=_fitted_last, default=None)


def _fitted_last(model: Model) -> date:
    return date.fromisoformat(model.card["fitted_on"]["last"])


def _due(before: Model | None, window: Window, refit: Refit) -> str:
    """Say why the segments have to be made anew; "" where they have not."""
    if before is None:
        return "the first model of its kind"
    if refit.asked:
        return "asked for by --refit"
    days = before.card["fitted_on"]["days"]
    if days != window.days:
        return f"the model before looked at {days} days, {window.days} are asked for"
    age_days = (window.last - _fitted_last(before)).days
    return f"the model before is {age_days} days old" if age_days >= refit.days else ""
