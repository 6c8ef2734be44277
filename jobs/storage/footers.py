"""How many rows a Parquet file says it has: its footer is read, nothing else."""

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import BadFile
from jobs.storage.objects import SeekableObjects


def footer_rows(objects: SeekableObjects, key: str, version: str) -> int:
    """Return the number of rows that a file's footer holds.

    Parameters
    ----------
    objects : SeekableObjects
        The home.
    key, version : str
        Which file, as it was when a run was planned.

    Raises
    ------
    ObjectMissing
        If the file is gone.
    BadFile
        If it is no longer that version, or not whole Parquet.
    """
    with objects.open(key, version) as handle:
        try:
            return int(pq.read_metadata(handle).num_rows)
        except (pa.ArrowInvalid, OSError) as error:
            first_line = (str(error) or type(error).__name__).splitlines()[0]
            raise BadFile(
                f"{objects.uri}/{key} is no whole Parquet file ({first_line}): write it again, or remove it."
            ) from error
