"""How long Amazon S3 Tables keeps old snapshots of a table, told to it by its own API.

S3 Tables does not heed Iceberg's properties for it: where ``history.expire.*`` asks for longer than its own
configuration, it expires nothing at all and says so in a job's status alone. CloudFormation can say it of tables that
it makes; netlift makes its tables itself.
"""

from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from jobs.storage.aws_errors import named_errors

FEWEST_SNAPSHOTS = 1
"""Snapshots that are kept whatever their age: the newest is the table."""


class SnapshotRetention:
    """Sets the age at which snapshots of a table bucket's tables expire.

    Parameters
    ----------
    table_bucket_arn : str
        The table bucket; its region is the API's.
    namespace : str
        Where in it the tables are.
    hours : int
        Hours, at least 1, after which a snapshot may expire.

    References
    ----------
    Amazon S3 User Guide, "Considerations and limitations for maintenance jobs".
    """

    def __init__(self, table_bucket_arn: str, namespace: str, hours: int) -> None:
        self._table_bucket_arn = table_bucket_arn
        self._namespace = namespace
        self._hours = hours
        self._told: set[str] = set()

    def keep(self, table: str) -> None:
        """Set it for a table that exists; once a process, since saying it again changes nothing.

        Raises
        ------
        BadEnvironment
            If it may not be set (``s3tables:PutTableMaintenanceConfiguration``).
        StorageUnavailable
            If S3 Tables does not answer.
        """
        if table in self._told:
            return
        with named_errors(f"setting how long snapshots of table {self._namespace}.{table} are kept"):
            self._client.put_table_maintenance_configuration(
                tableBucketARN=self._table_bucket_arn,
                namespace=self._namespace,
                name=table,
                type="icebergSnapshotManagement",
                value={
                    "status": "enabled",
                    "settings": {
                        "icebergSnapshotManagement": {
                            "maxSnapshotAgeHours": self._hours,
                            "minSnapshotsToKeep": FEWEST_SNAPSHOTS,
                        }
                    },
                },
            )
        self._told.add(table)

    @cached_property
    def _client(self) -> Any:
        retries = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=5, read_timeout=60)
        return boto3.client("s3tables", region_name=self._table_bucket_arn.split(":")[3], config=retries)
