"""An experiment whose end was read is over: later nights read nothing more of it, unless its file was amended."""

import json

from jobs.errors import NoInput
from jobs.runtime.home import Home
from jobs.runtime.layout import final_reading_key, final_reading_prefix
from jobs.runtime.manifest import Manifest, read_manifest


def mark_final(home: Home, manifest: Manifest) -> None:
    """Note that a run reads the end; it counts once the run is finished."""
    [sha256] = manifest.experiments.values()
    body = {"run_id": manifest.key.run_id, "run_date": str(manifest.run_date), "file_sha256": sha256}
    home.objects.put_if_absent(final_reading_key(manifest.kind, manifest.key.run_id), json.dumps(body).encode())


def require_not_final(home: Home, manifest: Manifest) -> None:
    """Refuse the plan of a run that would read an experiment after its end was read.

    Raises
    ------
    NoInput
        If another run of an earlier day or of this one read the end under the same file.
    """
    for found in home.objects.list(final_reading_prefix(manifest.kind)):
        said = json.loads(home.objects.get(found.key))
        run_id = said["run_id"]
        if run_id == manifest.key.run_id or said["file_sha256"] not in manifest.experiments.values():
            continue
        if home.ledger.report(read_manifest(home, run_id).key) is not None:
            raise NoInput(
                f"experiment {manifest.kind!r} is over, its last reading is run {run_id} of {said['run_date']}: "
                f"netlift reproduce {run_id} shows it again."
            )
