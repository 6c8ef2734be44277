"""Every path that a commit can name must lie under the table's own location."""

import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.statistics import StatisticsFile
from pyiceberg.table.update import AddSnapshotUpdate, SetLocationUpdate, SetStatisticsUpdate

from infra.local.table_locations import OutsideTable, check_properties, check_updates

OWN = "s3://abc--table-s3"


def _snapshot(manifest_list: str) -> AddSnapshotUpdate:
    summary = Summary(Operation.APPEND)
    return AddSnapshotUpdate(
        snapshot=Snapshot(
            snapshot_id=1, sequence_number=1, timestamp_ms=0, manifest_list=manifest_list, summary=summary
        )
    )


def _statistics(path: str) -> SetStatisticsUpdate:
    return SetStatisticsUpdate(
        statistics=StatisticsFile.model_validate(
            {
                "snapshot-id": 1,
                "statistics-path": path,
                "file-size-in-bytes": 1,
                "file-footer-size-in-bytes": 1,
                "blob-metadata": [],
            }
        )
    )


@pytest.mark.parametrize(
    "update",
    [
        SetLocationUpdate(location="s3://elsewhere"),
        SetLocationUpdate(location=OWN + "-2"),
        SetLocationUpdate(location=OWN + "/deeper"),
        _statistics("s3://elsewhere/metadata/s.puffin"),
        _snapshot("s3://elsewhere/metadata/m.avro"),
        _snapshot(f"{OWN}-2/metadata/m.avro"),
        _snapshot(f"{OWN}/../elsewhere/m.avro"),
    ],
)
def test_a_path_outside_is_refused_before_it_is_read(update: object) -> None:
    with pytest.raises(OutsideTable):
        check_updates(OWN, [update], PyArrowFileIO())


def test_what_lies_inside_passes() -> None:
    check_updates(
        OWN, [SetLocationUpdate(location=OWN + "/"), _statistics(f"{OWN}/metadata/s.puffin")], PyArrowFileIO()
    )
    check_properties(OWN, {"write.data.path": f"{OWN}/data", "owner": "anybody"})
