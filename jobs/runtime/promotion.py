"""Put a newly trained model to work: the first of its kind at once, a later one only when asked."""

from jobs.errors import UnknownModel
from jobs.storage.models import ModelStore


def promote_if_due(models: ModelStore, kind: str, version: str, *, asked: bool, who: str) -> bool:
    """Promote a version if it is the first of its kind, or if somebody asked for it.

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
        return False
    models.promote(kind, version, who, "asked for by --promote" if champion else "the first model of its kind")
    return True
