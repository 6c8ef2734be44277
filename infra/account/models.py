"""What a deployed stage has trained, held against its gates, and put to work once somebody has approved it."""

from dataclasses import dataclass

from jobs.errors import BadRequest, UnknownModel
from jobs.runtime.model_gates import GATED, family, gates, said_of_failed
from jobs.storage.model_log import retired
from jobs.storage.models import ModelStore


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
        if family(kind) not in GATED:
            continue
        out = retired(models.history(kind))
        champion = models.champion(kind)
        newest = [version for version in models.versions(kind) if version not in out][-1]
        if newest != champion:
            judged = gates(models, kind, newest)
            failed = said_of_failed(judged)
            why = failed or "; ".join(gate.says for gate in judged)
            found.append(Candidate(kind, newest, champion, why, not failed))
    return tuple(found)


def promote(models: ModelStore, kind: str, version: str, who: str, why: str) -> Candidate:
    """Note who approved a candidate, and put it to work.

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
    NotApproved
        If who approved it is who proposed or owns it.
    """
    for candidate in candidates(models):
        if (candidate.kind, candidate.version) == (kind, version):
            if not candidate.passed:
                raise BadRequest(f"model {kind} {version} is not promoted: {candidate.why}.")
            models.approve(kind, version, who, why)
            models.promote(kind, version, who, why, needs_approval=True)
            return candidate
    raise UnknownModel(
        f"model {kind} {version} is no candidate: it is at work, or a newer one was trained; look again."
    )
