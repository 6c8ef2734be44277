"""By what a campaign's effects are multiplied: as the newest reading of its holdout says, and as a night did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.runtime.home import Home
from jobs.runtime.manifest import Manifest, read_manifest

READ, ALLOCATE = "read-experiment", "allocate-offers"


@dataclass(frozen=True)
class Factor:
    """What effects of a campaign are multiplied by.

    Parameters
    ----------
    factor : float
        In [0, 2].
    lower, upper : float
        95% interval of it.
    standard_error : float
        Of it.
    known : bool
        Whether the holdout knew enough; without that the factor is 1.
    sentence : str
        What the run says of it.
    readout : str
        Run that read the holdout.
    """

    factor: float
    lower: float
    upper: float
    standard_error: float
    known: bool
    sentence: str
    readout: str

    @property
    def relative_error(self) -> float:
        """Standard error over the factor; 0 where nothing is multiplied."""
        return self.standard_error / self.factor if self.known and self.factor > 0.0 else 0.0


def newest_factors(upstream: Iterable[str], campaigns: Iterable[str], home: Home) -> dict[str, Factor]:
    """Return the factor of each campaign whose holdout was read by one of these runs, the newest of them.

    Parameters
    ----------
    upstream : iterable of str
        Ids of runs, of any verb.
    campaigns : iterable of str
        Ids of campaigns that let themselves be calibrated.
    home : Home
        Where plans and the ledger are.
    """
    wanted = set(campaigns)
    newest: dict[str, Manifest] = {}
    for run_id in upstream:
        # Plans are read of those runs only whose id says that they may be meant.
        if not run_id.startswith(READ):
            continue
        plan = read_manifest(home, run_id)
        if plan.verb == READ and plan.kind in wanted and plan.kind in plan.campaigns:
            known = newest.get(plan.kind)
            if known is None or known.run_date < plan.run_date:
                newest[plan.kind] = plan
    found = {}
    for campaign_id, plan in newest.items():
        said = _details(plan, home).get("calibration")
        if said:
            names = ("factor", "lower", "upper", "standard_error", "known", "sentence")
            found[campaign_id] = Factor(**{name: said[name] for name in names}, readout=plan.key.run_id)
    return found


def factors_of_nights(campaign_id: str, first: date, last: date, home: Home) -> dict[str, Factor]:
    """Return by run what an allocation multiplied a campaign's effects by; a run that is not in it multiplied nothing.

    Parameters
    ----------
    campaign_id : str
        Which campaign.
    first, last : datetime.date
        Nights, both included.
    home : Home
        Where plans and the ledger are.
    """
    found = {}
    for run_id in home.ledger.finished(ALLOCATE, "offers", first, last):
        of_campaign = _details(read_manifest(home, run_id), home).get("campaigns", {}).get(campaign_id, {})
        if of_campaign.get("calibration"):
            found[run_id] = Factor(**of_campaign["calibration"])
    return found


def _details(plan: Manifest, home: Home) -> dict[str, Any]:
    report = home.ledger.report(plan.key)
    return dict(report["details"]) if report is not None else {}
