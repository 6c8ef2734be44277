"""What a deployed stage has trained, held against its gates, and put to work once somebody has approved it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.errors import BadRequest, UnknownModel
from jobs.storage.models import ModelStore

FRAUD = "fraud"
LEAST_SHARE_OF_CHAMPION = 0.95
"""Average precision of a fraud model, as a share of the champion's, below which it is not proposed."""


@dataclass(frozen=True)
class Candidate:
    """The newest version of a kind, where another one is at work.

    Parameters
    ----------
    kind, version : str
        Which model.
    champion : str
        The version that is at work.
    why : str
        What it was judged by, in words.
    passed : bool
        Whether it may be proposed.
    """

    kind: str
    version: str
    champion: str
    why: str
    passed: bool


def candidates(models: ModelStore) -> tuple[Candidate, ...]:
    """Return the newest version of each kind that has a champion of another version, judged.

    Raises
    ------
    TamperedModel
        If a model is not what was registered.
    """
    found = []
    for kind in models.kinds():
        champion, newest = models.champion(kind), models.versions(kind)[-1]
        if newest != champion:
            card, others = models.load(kind, newest).card, models.load(kind, champion).card
            passed, why = _fraud(card, others) if kind == FRAUD else _uplift(card)
            found.append(Candidate(kind, newest, champion, why, passed))
    return tuple(found)


def promote(models: ModelStore, kind: str, version: str, who: str, why: str) -> Candidate:
    """Put a candidate to work.

    Parameters
    ----------
    models : ModelStore
        Registered models.
    kind, version : str
        Which model: a candidate that passes its gates.
    who, why : str
        Who approved it and where that can be read; the models' log keeps both.

    Raises
    ------
    UnknownModel
        If it is no candidate: another was trained since, or it is at work already.
    BadRequest
        If it does not pass its gates.
    """
    for candidate in candidates(models):
        if (candidate.kind, candidate.version) == (kind, version):
            if not candidate.passed:
                raise BadRequest(f"model {kind} {version} is not promoted: {candidate.why}.")
            models.promote(kind, version, who, why)
            return candidate
    raise UnknownModel(
        f"model {kind} {version} is no candidate: it is at work, or a newer one was trained; look again."
    )


def _fraud(card: Mapping[str, Any], champion: Mapping[str, Any]) -> tuple[bool, str]:
    new, old = (float(of["metrics"]["average_precision"]) for of in (card, champion))
    passed = new >= LEAST_SHARE_OF_CHAMPION * old
    return passed, f"average precision {new:.3f}, the champion's was {old:.3f} on its own later days"


def _uplift(card: Mapping[str, Any]) -> tuple[bool, str]:
    verdict = card["verdict"]
    # what is not surely worth its cost falls back to one arm or to nobody by itself: only a sure loss is stopped
    return float(verdict["net_eur"]["high"]) >= 0, f"{verdict['kind']}: {verdict['reason']}"
