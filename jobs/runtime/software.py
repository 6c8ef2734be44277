"""Which netlift is at work: kept with whatever must be made again a year later."""

VERSION = "0.1.0"
"""Of pyproject.toml; stated here because Lambda and Batch run the code, which is not installed there."""


def software() -> str:
    """Return name and version."""
    return f"netlift {VERSION}"
