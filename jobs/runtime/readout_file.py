"""A readout as it is stored: the same document always gives the same bytes."""

import json
from collections.abc import Mapping
from typing import Any


def as_bytes(document: Mapping[str, Any]) -> bytes:
    r"""Return a readout as JSON: numbers digit by digit, fields in the order they were made.

    Examples
    --------
    >>> as_bytes({"value": 0.1})
    b'{\n "value": 0.1\n}\n'
    """
    return (json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()
