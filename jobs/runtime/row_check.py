"""Before a run commits: every row of the files that it was cut into came in, once.

The plan holds files without their rows, because it is made in a package without Arrow; so their footers are read
here, at the end: one or two requests a file, eight at a time.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import cast

from jobs.errors import RowsLost
from jobs.runtime.plan import Manifest, PlannedFile
from jobs.runtime.shard import Counts, ShardRecord
from jobs.runtime.stores import Stores
from jobs.storage.footers import footer_rows
from jobs.storage.objects import SeekableObjects

_READERS = 8


def require_all_rows(manifest: Manifest, stores: Stores) -> None:
    """Do nothing if each shard that is staged took in the rows that its file holds.

    A shard that is not staged is left to :func:`jobs.runtime.run.finish_run`, and a run of one shard that holds all
    files to its own counts.

    Raises
    ------
    RowsLost
        If a shard took in more rows or fewer.
    ObjectMissing
        If a file of the plan is gone.
    BadFile
        If a file has changed since the plan.
    """
    table = manifest.shard_by
    if table is None:
        return
    # Whatever opens a home for a job gives one whose objects can be read in parts: Inputs stands on the same.
    objects = cast("SeekableObjects", stores.objects)

    def rows(file: PlannedFile) -> int:
        return footer_rows(objects, file.key, file.version)

    with ThreadPoolExecutor(_READERS) as readers:
        expected = list(readers.map(rows, manifest.files[table]))
    for shard, values in sorted(stores.ledger.staged(manifest.key).items()):
        taken_in = ShardRecord.from_dict(values).counts.get(table, Counts()).rows_in
        if taken_in != expected[shard]:
            raise RowsLost(
                f"run {manifest.key.run_id}, shard {shard}: {taken_in} rows of {manifest.files[table][shard].key} came "
                f"in, the file holds {expected[shard]}: nothing was committed, report this as a defect."
            )
