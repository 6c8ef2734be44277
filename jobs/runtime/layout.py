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


def night_page_key(run_date: date, digest: str) -> str:
    """Key of the page of a night, named by its contents: another page gets another name."""
    return f"published/night/{run_date}/{digest}.html"
