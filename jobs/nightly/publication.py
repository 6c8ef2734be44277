"""Where the page of a night goes: among the published files, and into a local file if one is asked for."""

import hashlib
import tempfile
from pathlib import Path

from jobs.errors import BadRequest
from jobs.pages.night import NightPage, night_html
from jobs.runtime.home import Home
from jobs.runtime.layout import night_page_key

_DIGEST_CHARS = 16


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
        _replace(copy, body)
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


def _replace(file: Path, body: bytes) -> None:
    """Write beside the file and put it in place: a reader sees the old page or the new one."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-", delete=False) as beside:
        written = Path(beside.name)
        try:
            beside.write(body)
            beside.flush()
            written.chmod(0o644)
            written.replace(file)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
