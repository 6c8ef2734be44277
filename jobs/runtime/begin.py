"""Claim a planned run, or learn that it is done: light enough for the function that plans the night."""

from jobs.runtime.plan import Manifest
from jobs.runtime.report import Report
from jobs.storage.ledger import Claim, Ledger


def begin(manifest: Manifest, ledger: Ledger, holder: str) -> Claim | Report:
    """Claim the run of a plan.

    Returns
    -------
    Claim or Report
        The lease, or the report of an equal run that was finished before, its state "already done".

    Raises
    ------
    RunBusy
        If another process holds the lease.
    """
    done = ledger.report(manifest.key)
    if done is not None:
        return Report.from_dict({**done, "state": "already done"})
    return ledger.claim(manifest.key, holder)


def resume(manifest: Manifest, attempt: int, ledger: Ledger) -> Claim:
    """Take up the lease of an attempt again, in another process of the same run.

    Raises
    ------
    RunLost
        If a newer attempt has taken the run over.
    """
    claim = Claim(manifest.key, attempt)
    ledger.require_newest(claim)
    ledger.renew(claim)
    return claim
