"""What a light function imports of storage loads neither pandas nor Arrow nor Iceberg."""

import subprocess
import sys

import pytest

HEAVY = {"pandas", "awswrangler", "pyiceberg", "pyarrow", "numpy", "sqlalchemy"}


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        (
            "jobs.storage.objects, jobs.storage.folder_objects, jobs.storage.ledger, jobs.storage.models",
            HEAVY | {"boto3"},
        ),
        ("jobs.storage.s3_objects", HEAVY),
        ("jobs.storage.inputs", {"pandas", "awswrangler", "pyiceberg"}),
    ],
)
def test_nothing_heavy_is_loaded(modules: str, heavy: set[str]) -> None:
    program = f"import sys, {modules}; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
