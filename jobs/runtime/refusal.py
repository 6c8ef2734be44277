"""A run that could not even be planned: its place in the ledger, so that whoever looks for it finds the sentence."""

import hashlib
import logging
from datetime import date

from jobs.errors import NetliftError
from jobs.storage.ledger import Ledger, RunKey

UNPLANNED = "unplanned"
"""Field of the error in the ledger that tells such a run from one whose shards can be worked again."""

log = logging.getLogger(__name__)


def record_refusal(verb: str, kind: str, run_date: date, error: NetliftError, ledger: Ledger, holder: str) -> None:
    """Remember in the ledger that a run was refused, as one that failed; the same refusal again is its next attempt.

    Parameters
    ----------
    verb, kind : str
        Which job, for which campaign or kind.
    run_date : datetime.date
        Day that the run would have spoken of.
    error : NetliftError
        Why there is no plan.
    ledger : Ledger
        Where runs are remembered. If it refuses too, a line in the log has to do: `error` is what matters.
    holder : str
        Who wanted to run it.
    """
    name, sentence = type(error).__name__, str(error)
    key = RunKey(verb, kind, run_date, hashlib.sha256(f"{UNPLANNED} {name} {sentence}".encode()).hexdigest())
    try:
        ledger.fail(ledger.claim(key, holder), {"type": name, "message": sentence, UNPLANNED: True})
    except NetliftError as unrecorded:
        log.warning("that %s was refused is not in the ledger: %s", key.run_id, unrecorded)
