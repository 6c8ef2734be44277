"""What a commit refers to must lie under the table's own location, as Amazon S3 Tables demands."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyiceberg.io import FileIO
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    SetLocationUpdate,
    SetPartitionStatisticsUpdate,
    SetPropertiesUpdate,
    SetStatisticsUpdate,
)

_PATH_PROPERTIES = ("write.data.path", "write.metadata.path", "write.object-storage.path", "write.folder-storage.path")


class OutsideTable(Exception):
    """A path that does not lie under the location of its table."""


def check_properties(location: str, properties: dict[str, str]) -> None:
    """Refuse properties that would send files elsewhere.

    Parameters
    ----------
    location : str
        The table's own location, without a slash at its end.
    properties : dict
        Table properties.

    Raises
    ------
    OutsideTable
        If one of the path properties lies outside.
    """
    for name in _PATH_PROPERTIES:
        if name in properties:
            _check(location, f"property {name}", properties[name])


def check_updates(location: str, updates: Sequence[Any], io: FileIO) -> None:
    """Refuse a commit that names files, or a location, outside the table.

    Parameters
    ----------
    location : str
        The table's own location, without a slash at its end.
    updates : sequence of pyiceberg table updates
        The commit.
    io : FileIO
        Reads the manifests that the commit adds.

    Raises
    ------
    OutsideTable
        At the first path that lies outside.
    FileNotFoundError
        If a manifest that the commit names is not there.
    """
    for update in updates:
        if isinstance(update, SetLocationUpdate):
            if update.location.rstrip("/") != location:
                raise OutsideTable(f"location {update.location} is not the table's own, {location}: leave it as it is.")
        elif isinstance(update, SetPropertiesUpdate):
            check_properties(location, update.updates)
        elif isinstance(update, SetStatisticsUpdate):
            _check(location, "statistics file", update.statistics.statistics_path)
        elif isinstance(update, SetPartitionStatisticsUpdate):
            _check(location, "partition statistics file", update.partition_statistics.statistics_path)
        elif isinstance(update, AddSnapshotUpdate):
            for what, path in _added_paths(update.snapshot, io):
                _check(location, what, path)


def _added_paths(snapshot: Snapshot, io: FileIO) -> Iterator[tuple[str, str]]:
    yield "manifest list", snapshot.manifest_list
    for manifest in snapshot.manifests(io):
        yield "manifest", manifest.manifest_path
        # manifests of earlier snapshots were checked when they came
        if manifest.added_snapshot_id == snapshot.snapshot_id:
            for entry in manifest.fetch_manifest_entry(io, discard_deleted=True):
                yield "data file", entry.data_file.file_path


def _check(location: str, what: str, path: str) -> None:
    if not path.startswith(location + "/") or "/../" in path:
        raise OutsideTable(f"{what} {path} lies outside the table's own location {location}: write it under there.")
