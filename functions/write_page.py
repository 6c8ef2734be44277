"""Lambda: write the page of a night whose steps have all ended, among the published files."""

from collections.abc import Mapping
from typing import Any

from jobs.errors import BadRequest
from jobs.nightly.kept import kept_reports
from jobs.nightly.publication import write_page
from jobs.runtime.event import day, field
from jobs.runtime.stores import open_stores


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Write a page.

    Parameters
    ----------
    event : dict
        ``run_date`` (YYYY-MM-DD) and ``runs``, the night's steps as they ended, in order.
    context : object
        Lambda's context.

    Returns
    -------
    dict
        ``run_date`` and ``page``, its address; the same night gives the same page under the same name.
    """
    del context
    run_date = day(field(event, "run_date", str), "run_date")
    runs = event.get("runs")
    if not isinstance(runs, list) or not all(
        isinstance(r, Mapping) and {"verb", "kind", "state"} <= set(r) for r in runs
    ):
        raise BadRequest(f"the event's 'runs' is {runs!r}, must be the steps of a night: see the examples in events/.")
    stores = open_stores()
    return {"run_date": str(run_date), "page": write_page(run_date, kept_reports(run_date, runs, stores), stores)}
