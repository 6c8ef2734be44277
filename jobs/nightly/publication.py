"""Where the page of a night goes: among the published files, and into a local file if one is asked for."""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from jobs.errors import BadRequest
from jobs.nightly.page import night_page
from jobs.pages.night import NightPage, night_html
from jobs.runtime.home import Home
from jobs.runtime.layout import night_page_key
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.storage.result_folder import write_results

_DIGEST_CHARS = 16


def write_page(run_date: date, reports: Sequence[Report], stores: Stores, copy: Path | None = None) -> str:
    """Compose the page of a night and publish it.

    Parameters
    ----------
    run_date : datetime.date
        Which night.
    reports : sequence of Report
        Of its steps, in order.
    stores : Stores
        Where tables, models and published files are.
    copy : pathlib.Path, optional
        Local file that gets the page too.

    Returns
    -------
    str
        Address of the page; "" of a night in which nothing was run, which has none.
    """
    if not any(report.run_id for report in reports):
        return ""
    return publish_page(night_page(run_date, reports, stores, source=stores.objects.uri), stores, copy)


def publish_page(page: NightPage, home: Home, copy: Path | None = None) -> str:
    """Write a night's page under a name made of its contents, so that no page ever changes.

    Parameters
    ----------
    page : NightPage
        What it says.
    home : Home
        Where published files lie.
    copy : pathlib.Path, optional
        Local file that gets the page too; it is replaced as a whole.

    Returns
    -------
    str
        Address of the page among the objects.
    """
    body = night_html(page).encode()
    key = night_page_key(page.run_date, hashlib.sha256(body).hexdigest()[:_DIGEST_CHARS])
    home.objects.put_if_absent(key, body)
    if copy is not None:
        write_results(copy.parent, {copy.name: body})
    return f"{home.objects.uri}/{key}"


def check_place(copy: Path | None) -> None:
    """Refuse a file that cannot be written, before a night is run for it.

    Raises
    ------
    BadRequest
        If its folder is not there, or it is a folder itself.
    """
    if copy is None:
        return
    if not copy.parent.is_dir():
        raise BadRequest(f"page {copy}: there is no folder {copy.parent}: make it, or name another file.")
    if copy.is_dir():
        raise BadRequest(f"page {copy} is a folder: name a file in it.")
