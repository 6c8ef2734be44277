"""Which netlift is at work: kept with whatever must be made again a year later."""

from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "unknown"


def software() -> str:
    """Return the version, or ``unknown`` where netlift runs from a folder that was never installed."""
    try:
        return f"netlift {version('netlift')}"
    except PackageNotFoundError:
        return UNKNOWN
