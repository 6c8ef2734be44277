"""The packages, declared: which libraries each one brings, beside the code of this repository."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = ("functions", "jobs")
"""Folders of this repository that every package holds."""

RUNTIME_LOCK = ROOT / "infra" / "packages" / "runtime.lock"
"""What Lambda's Python runtime holds by itself, boto3 among it; packages come before it."""

RUNTIME_PYTHON = (3, 12)
"""Version of Python that template.yaml and the image name."""

MOST_ZIPPED_MB = 10
"""A light zip is smaller than this."""

MOST_UNZIPPED_MB = 250
"""Lambda takes no larger zip than this, unzipped."""


@dataclass(frozen=True)
class Package:
    """A deployment package.

    Parameters
    ----------
    name : str
        Its name, also of its folder under build/.
    lock : Path or None
        Its libraries with their hashes; None where it brings none.
    """

    name: str
    lock: Path | None


LIGHT = Package("light", lock=None)
"""Zip of what only plans, lists and tells: our code, boto3 from the runtime."""

SCORING = Package("scoring", lock=ROOT / "infra" / "packages" / "scoring.lock")
"""Zip of what answers while somebody waits: LightGBM's library, numpy, and what an HTTP API takes."""

IMAGE = Package("image", lock=ROOT / "infra" / "container" / "requirements.lock")
"""Container image of what scores, and of every step that commits; AWS Batch runs it too."""


SCORING_HANDLERS = frozenset({"functions.fraud_api.handler", "functions.assign_api.handler"})
"""Functions that are deployed as the scoring zip: the doors, which answer while somebody waits."""


def package_of(package_type: str, handler: str) -> Package:
    """Return the package of a Lambda function by its ``PackageType``, "Zip" or "Image", and its handler.

    Examples
    --------
    >>> package_of("Zip", "functions.plan_shards.handler").name
    'light'
    >>> package_of("Zip", "functions.fraud_api.handler").name
    'scoring'
    """
    if package_type == "Image":
        return IMAGE
    return SCORING if handler in SCORING_HANDLERS else LIGHT
