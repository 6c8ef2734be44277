"""What a model must show before it is put to work, declared by what it is for, and read from its card and files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import UnknownModel
from jobs.storage.models import Model, ModelStore

LEAST_SHARE_OF_CHAMPION = 0.95
"""Average precision, as a share of the champion's, below which a model is not put to work."""

MOST_CALIBRATION_ERROR = 0.02
"""Mean distance between promised and happened share of fraud, above which a fraud model is not put to work."""

MOST_EXPORT_DIFFERENCE_SD = 1e-5
"""Difference between portable scorer and fitted model, in standard deviations of the effect."""

MOST_BYTES = 50_000_000
"""Size of all files together: what a function of 250 MB loads beside its libraries."""

_CARDS: Mapping[str, Sequence[str]] = {
    "fraud": ("trained_on", "judged_on", "metrics", "limits_of_use", "policy", "features", "profile"),
    "partner-risk": ("trained_on", "judged_on", "judged", "says", "calibration", "features", "profile"),
    "uplift": ("verdict", "campaign", "outcome", "trained_by", "export_max_diff_sd", "limits", "profile"),
}
"""Parts that a card must have to be complete."""

GATED = frozenset(_CARDS)
"""What people put to work; any other kind, such as segments, is renewed by the job that uses it."""


@dataclass(frozen=True)
class Gate:
    """One thing a model must show.

    Parameters
    ----------
    name : str
        "card", "metric", "calibration", "parity" or "size".
    passed : bool
        Whether it does.
    says : str
        The figures it was judged by, in words.
    """

    name: str
    passed: bool
    says: str


def family(kind: str) -> str:
    """Return what gates a kind has: those of "fraud", "partner-risk", "uplift", or its own name's, which are few.

    Examples
    --------
    >>> family("uplift-spring"), family("fraud")
    ('uplift', 'fraud')
    """
    return "uplift" if kind.startswith("uplift-") else kind


def gates(models: ModelStore, kind: str, version: str) -> tuple[Gate, ...]:
    """Judge a version, against the champion where there is another one.

    Raises
    ------
    UnknownModel
        If there is no such version.
    TamperedModel
        If a model is not what was registered.
    """
    model = models.load(kind, version)
    try:
        at_work = models.champion(kind)
    except UnknownModel:
        at_work = version
    champion = models.load(kind, at_work) if at_work != version else None
    judges: Mapping[str, Sequence[_Judge]] = {
        "fraud": (_average_precision, _calibration),
        "partner-risk": (_average_precision_of_partners,),
        "uplift": (_verdict, _parity),
    }
    found = [_card(model)]
    for judge in judges.get(family(kind), ()):
        try:
            found.append(judge(model.card, champion.card if champion else None))
        except (KeyError, TypeError, ValueError):
            name = _NAMES[judge]
            found.append(Gate(name, False, f"the card does not say what the gate {name} needs"))
    return (*found, _size(model))


def said_of_failed(found: Sequence[Gate]) -> str:
    """Return in one line why a version does not pass; empty where it does."""
    return "; ".join(gate.says for gate in found if not gate.passed)


_Judge = Callable[[Mapping[str, Any], Mapping[str, Any] | None], Gate]


def _card(model: Model) -> Gate:
    missing = [name for name in _CARDS.get(family(model.kind), ("profile",)) if name not in model.card]
    says = f"the card lacks {', '.join(missing)}" if missing else "the card has all its parts"
    return Gate("card", not missing, says)


def _average_precision(card: Mapping[str, Any], champion: Mapping[str, Any] | None) -> Gate:
    new = float(card["metrics"]["average_precision"])
    return _not_worse(new, float(champion["metrics"]["average_precision"]) if champion else None)


def _average_precision_of_partners(card: Mapping[str, Any], champion: Mapping[str, Any] | None) -> Gate:
    new = float(card["judged"]["model"]["average_precision"])
    return _not_worse(new, float(champion["judged"]["model"]["average_precision"]) if champion else None)


def _not_worse(new: float, old: float | None) -> Gate:
    if old is None:
        return Gate("metric", True, f"average precision {new:.3f}, and no other model is at work")
    says = f"average precision {new:.3f}, the champion's was {old:.3f} on its own later days"
    return Gate("metric", new >= LEAST_SHARE_OF_CHAMPION * old, says)


def _calibration(card: Mapping[str, Any], _: Mapping[str, Any] | None) -> Gate:
    error = float(card["metrics"]["calibration_error"])
    says = f"promised and happened are {error:.4f} apart, {MOST_CALIBRATION_ERROR} is allowed"
    return Gate("calibration", error <= MOST_CALIBRATION_ERROR, says)


def _verdict(card: Mapping[str, Any], _: Mapping[str, Any] | None) -> Gate:
    verdict = card["verdict"]
    # what is not surely worth its cost falls back to one arm or to nobody by itself: only a sure loss is stopped
    return Gate("metric", float(verdict["net_eur"]["high"]) >= 0, f"{verdict['kind']}: {verdict['reason']}")


def _parity(card: Mapping[str, Any], _: Mapping[str, Any] | None) -> Gate:
    difference = float(card["export_max_diff_sd"])
    says = f"the scorer is within {difference:.1e} sd of the fitted model, {MOST_EXPORT_DIFFERENCE_SD:.0e} is allowed"
    return Gate("parity", difference <= MOST_EXPORT_DIFFERENCE_SD, says)


def _size(model: Model) -> Gate:
    size = sum(map(len, model.files.values()))
    says = f"{size / 1e6:.2f} MB, {MOST_BYTES / 1e6:.0f} MB are allowed"
    return Gate("size", size <= MOST_BYTES, says)


_NAMES: Mapping[_Judge, str] = {
    _average_precision: "metric",
    _average_precision_of_partners: "metric",
    _calibration: "calibration",
    _verdict: "metric",
    _parity: "parity",
}
