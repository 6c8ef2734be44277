"""Where things lie among the objects: one place for every key."""

from datetime import date
from pathlib import PurePosixPath

from jobs.storage.objects import Objects

HOUSE_RULES_KEY = "rules/night.toml"
"""Key of the house rules, which hold for all campaigns of a night together."""


def campaign_key(campaign_id: str) -> str:
    """Key of a campaign's file."""
    return f"campaigns/{campaign_id}.toml"


def campaign_ids(objects: Objects) -> tuple[str, ...]:
    """Ids of all campaigns that have a file, in order."""
    return tuple(PurePosixPath(o.key).stem for o in objects.list("campaigns/") if o.key.endswith(".toml"))


def experiment_key(experiment_id: str) -> str:
    """Key of an experiment's file."""
    return f"experiments/{experiment_id}.toml"


def experiment_ids(objects: Objects) -> tuple[str, ...]:
    """Ids of all experiments that have a file, in order."""
    # What lies in folders below is what was frozen of them.
    return tuple(
        path.stem
        for path in (PurePosixPath(o.key) for o in objects.list("experiments/"))
        if path.suffix == ".toml" and len(path.parts) == 2
    )


def frozen_prefix(experiment_id: str) -> str:
    """Prefix of what an experiment's file said at its start and after each amendment."""
    return f"experiments/frozen/{experiment_id}/"


def frozen_key(experiment_id: str, entry: int) -> str:
    """Key of one of these, counted from 1."""
    return f"{frozen_prefix(experiment_id)}{entry:04d}.json"


def final_reading_prefix(experiment_id: str) -> str:
    """Prefix of the notes that an experiment's end was read."""
    return f"experiments/final/{experiment_id}/"


def final_reading_key(experiment_id: str, run_id: str) -> str:
    """Key of the note that a run read an experiment's end."""
    return f"{final_reading_prefix(experiment_id)}{run_id}.json"


def readout_key(experiment_id: str, run_date: date, digest: str, suffix: str) -> str:
    """Key of a readout, ``json``, or of its page, ``html``: named by its contents, so that no reading ever changes."""
    return f"published/experiments/{experiment_id}/{run_date}/readout-{digest}.{suffix}"


def manifest_key(run_id: str) -> str:
    """Key of a run's plan."""
    return f"manifests/{run_id}.json"


def input_prefix(table: str) -> str:
    """Prefix under which the files of an input table lie."""
    return f"inputs/{table}/"


def published_key(campaign_id: str, run_date: date, run_id: str) -> str:
    """Key of a published offer list: a new name for every allocation, so that no file ever changes."""
    return f"published/{campaign_id}/{run_date}/offers-{run_id.rsplit('-', 1)[-1]}.csv"


def segments_page_key(run_date: date, digest: str) -> str:
    """Key of the page of a day's segments, named by its contents."""
    return f"published/segments/{run_date}/{digest}.html"


def partners_page_key(run_date: date, digest: str) -> str:
    """Key of the page of a day's partners, named by its contents."""
    return f"published/partners/{run_date}/{digest}.html"


def monitoring_key(what: str, run_date: date, digest: str, suffix: str) -> str:
    """Key of a day's drift or performance, ``html`` or ``json``, named by its contents."""
    return f"published/{what}/{run_date}/{digest}.{suffix}"


def partner_lift_page_key(campaign_id: str, run_date: date, digest: str) -> str:
    """Key of the page of what a campaign added to a partner's sales, named by its contents."""
    return f"published/partner-lift/{campaign_id}/{run_date}/{digest}.html"


def night_page_key(run_date: date, digest: str) -> str:
    """Key of the page of a night, named by its contents: another page gets another name."""
    return f"published/night/{run_date}/{digest}.html"
