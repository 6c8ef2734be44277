"""Errors of an HTTP door as problem details (RFC 9457): what, at which field, what to do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MEDIA_TYPE = "application/problem+json"

TITLES: Mapping[str, tuple[int, str]] = {
    "not-json": (400, "The body is no JSON that can be read"),
    "not-found": (404, "There is nothing at this address"),
    "unknown-experiment": (404, "There is no such experiment"),
    "method-not-allowed": (405, "The address does not take this method"),
    "in-progress": (409, "A request with this Idempotency-Key is being answered"),
    "too-large": (413, "The body is too large"),
    "not-allowed": (422, "A value is not allowed"),
    "key-reused": (422, "The Idempotency-Key belongs to another request"),
    "failed": (500, "The request could not be answered"),
    "unavailable": (503, "An answer cannot be given now"),
}
"""Every problem by the end of its type: HTTP status, and what kind of problem it is in words."""


@dataclass
class Problem(Exception):
    """A request that gets no answer but this.

    Parameters
    ----------
    kind : str
        One of `TITLES`.
    detail : str
        What is wrong with this very request, and what to do.
    errors : tuple of tuple of str
        Fields at fault, each with what is wrong with it; a field within another one is joined by a dot.
    headers : mapping of str to str
        Headers of the response, beside its type.

    Examples
    --------
    >>> problem = Problem("not-allowed", "amount must be at least 0.", (("amount", "must be at least 0"),))
    >>> problem.status, json.loads(problem.body())["errors"]
    (422, [{'field': 'amount', 'detail': 'must be at least 0'}])
    """

    kind: str
    detail: str
    errors: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """HTTP status."""
        return TITLES[self.kind][0]

    def body(self) -> str:
        """Return the problem as JSON."""
        said: dict[str, Any] = {
            "type": f"urn:netlift:problem:{self.kind}",
            "title": TITLES[self.kind][1],
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            said["errors"] = [{"field": name, "detail": detail} for name, detail in self.errors]
        return json.dumps(said)
