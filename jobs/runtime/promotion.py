"""Put a newly trained model to work: the first of its kind at once, a later one only when asked; else propose it."""

from jobs.errors import UnknownModel
from jobs.storage.models import ModelStore


def promote_if_due(
    models: ModelStore, kind: str, version: str, *, asked: bool, who: str, proposer: str | None = None
) -> bool:
    """Promote a version if it is the first of its kind, or if somebody asked for it; else propose it.

    Parameters
    ----------
    models : ModelStore
        Registered models.
    kind, version : str
        Which model.
    asked : bool
        Whether it shall take the place of a champion.
    who : str
        Who decides, as the log keeps it.
    proposer : str, optional
        Who answers for the model, and so may not approve it; `who` without it.

    Returns
    -------
    bool
        Whether the version is at work now.
    """
    try:
        champion = models.champion(kind)
    except UnknownModel:
        champion = ""
    if champion == version:
        return True
    if champion and not asked:
        models.propose(kind, version, proposer or who, f"trained by {who}")
        return False
    models.promote(kind, version, who, "asked for by --promote" if champion else "the first model of its kind")
    return True
