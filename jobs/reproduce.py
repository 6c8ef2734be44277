"""Make a stored reading again, document and page, from the statistics it was made of, byte for byte."""

import hashlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.errors import BadRequest, NotReproduced, ObjectMissing, TamperedReadout
from jobs.pages.experiment import experiment_html
from jobs.runtime.command import flag, guarded, parse
from jobs.runtime.home import Home, open_home
from jobs.runtime.plan import read_manifest
from jobs.runtime.readout_file import as_bytes
from jobs.runtime.software import software
from jobs.science.experiment.readout import from_statistics
from jobs.storage.result_folder import write_results

_VERB = "read-experiment"
_CHOICES = (".decision.outcome", ".decision.arm", ".control", ".title")


@dataclass(frozen=True)
class Reproduce:
    """Make a reading of an experiment again from its stored statistics, and hold it against what was published."""

    run_id: str = flag(
        "which reading, as netlift runs names it",
        unit="READOUT",
        example="read-experiment-autumn-mail-2026-11-22-0123456789ab",
    )
    out: Path | None = flag(
        "folder that gets the page and the document", unit="FOLDER", default=None, example="out/autumn-mail"
    )
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Reproduced:
    """A reading, made again.

    Parameters
    ----------
    run_id : str
        Run that read.
    document_key, page_key : str
        Where document and page lie among the objects.
    document_digest, page_digest : str
        SHA-256 of both, made again; equal to those that the run reported.
    made_by, made_again_by : str
        Version of netlift that read, and of this one.
    document, page : bytes
        As published.
    document_again, page_again : bool
        Whether this version makes the very same bytes; where not, the published ones are given, with their digests
        looked at, and of the document every figure was found again.
    """

    run_id: str
    document_key: str
    page_key: str
    document_digest: str
    page_digest: str
    made_by: str
    made_again_by: str
    document: bytes
    page: bytes
    document_again: bool
    page_again: bool


def reproduce(request: Reproduce, home: Home) -> Reproduced:
    """Rebuild the document from its statistics and rule, and the page from the document.

    Neither tables nor inputs are read: snapshots may have expired, and files may be gone. A later version may choose
    other words or colours: then the figures must come out as they were, and what was published is given.

    Parameters
    ----------
    request : Reproduce
        Which reading.
    home : Home
        Where the ledger and published files are.

    Returns
    -------
    Reproduced

    Raises
    ------
    BadRequest
        If there is no such run, or it is no finished reading.
    TamperedReadout
        If the stored document, or the stored page where it cannot be made again, is not the one that was published.
    NotReproduced
        If the same statistics give this version other figures.
    """
    stored = _reported(request.run_id, home)
    body = _untouched(stored["document"], stored["document_digest"], request.run_id, home)
    published = json.loads(body)
    document = from_statistics(published["statistics"])
    document_again = as_bytes(document) == body
    if not document_again and not _same(_figures(document), _figures(published)):
        raise NotReproduced(
            f"{home.objects.uri}/{stored['document']} was made by {stored['software']}, and {software()} finds other "
            "figures in the same statistics: read it with the version that made it, and report this as a defect."
        )
    page = experiment_html(published).encode()
    page_again = hashlib.sha256(page).hexdigest() == stored["page_digest"]
    return Reproduced(
        run_id=request.run_id,
        document_key=stored["document"],
        page_key=stored["page"],
        document_digest=stored["document_digest"],
        page_digest=stored["page_digest"],
        made_by=stored["software"],
        made_again_by=software(),
        document=body,
        page=page if page_again else _untouched(stored["page"], stored["page_digest"], request.run_id, home),
        document_again=document_again,
        page_again=page_again,
    )


def _figures(value: Any, name: str = "") -> dict[str, Any]:
    """Return every number, truth and choice of a document by its place; sentences are free to change."""
    if isinstance(value, dict):
        items = [(f"{name}.{key}", part) for key, part in value.items()]
    elif isinstance(value, list):
        items = [(f"{name}[{i}]", part) for i, part in enumerate(value)]
    else:
        return {name: value} if isinstance(value, int | float) or name in _CHOICES else {}
    return {at: figure for key, part in items for at, figure in _figures(part, key).items()}


def _same(again: dict[str, Any], published: dict[str, Any]) -> bool:
    """Whether all published figures were found again, as far as another library may round otherwise."""
    return all(
        name in again
        and (math.isclose(again[name], value, rel_tol=1e-9) if isinstance(value, float) else again[name] == value)
        for name, value in published.items()
    )


def _reported(run_id: str, home: Home) -> dict[str, Any]:
    """Return where a reading's document and page are, and their digests, as its run reported."""
    try:
        manifest = read_manifest(home, run_id)
    except ObjectMissing as missing:
        raise BadRequest(f"run {run_id!r} was never planned: netlift runs lists those that were.") from missing
    if manifest.verb != _VERB:
        raise BadRequest(f"run {run_id!r} is one of {manifest.verb}: only readings, of {_VERB}, can be reproduced.")
    report = home.ledger.report(manifest.key)
    if report is None:
        raise BadRequest(f"run {run_id!r} is not finished, so it said nothing: netlift rerun {run_id} completes it.")
    stored: dict[str, Any] = report["details"]["readout"]
    return stored


def _untouched(key: str, digest: str, run_id: str, home: Home) -> bytes:
    try:
        body = home.objects.get(key)
    except ObjectMissing as missing:
        raise TamperedReadout(
            f"{home.objects.uri}/{key}, the readout of run {run_id}, is gone: bring it back from a backup."
        ) from missing
    found = hashlib.sha256(body).hexdigest()
    if found != digest:
        raise TamperedReadout(
            f"{home.objects.uri}/{key} is not what run {run_id} published: its SHA-256 is {found[:16]}..., the run "
            f"reported {digest[:16]}...; bring the original back from a backup."
        )
    return body


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift reproduce READOUT``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default. The run may stand without ``--run-id``.

    Returns
    -------
    int
        0, or the exit code of the named failure.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and not words[0].startswith("-"):
        words.insert(0, "--run-id")
    request = parse(Reproduce, "netlift reproduce", words)
    return guarded(lambda: _act(request))


def _act(request: Reproduce) -> None:
    home = open_home()
    found = reproduce(request, home)
    written = {}
    if request.out is not None:
        write_results(request.out, {"experiment.html": found.page, "experiment.json": found.document})
        written = {"page": str(request.out / "experiment.html"), "document": str(request.out / "experiment.json")}
    if request.json:
        said = {name: value for name, value in vars(found).items() if not isinstance(value, bytes)}
        sys.stdout.write(json.dumps({**said, "written": written}, indent=2) + "\n")
        return
    lines = [
        f"{found.run_id}: {_said(found)}",
        f"document: {home.objects.uri}/{found.document_key}  (SHA-256 {found.document_digest})",
        f"page:     {home.objects.uri}/{found.page_key}  (SHA-256 {found.page_digest})",
        *(f"written:  {path}" for path in written.values()),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _said(found: Reproduced) -> str:
    by = "" if found.made_by == found.made_again_by else f" It was made by {found.made_by}."
    if found.document_again and found.page_again:
        return (
            f"document and page come out as they were published, byte for byte, by {found.made_again_by} from the "
            f"stored statistics.{by}"
        )
    other = "draws the page otherwise" if found.document_again else "writes other words"
    return (
        f"every figure comes out as it was published, by {found.made_again_by} from the stored statistics.{by} This "
        f"version {other}: what follows is what was published, untouched by its SHA-256."
    )


if __name__ == "__main__":
    sys.exit(main())
