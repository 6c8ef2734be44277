"""Where a planned run is worked: in Lambda while it is small, in AWS Batch when it is not."""

import os
from collections.abc import Mapping

from jobs.errors import BadRequest
from jobs.runtime.chain import TRAINING
from jobs.runtime.home import Home
from jobs.runtime.plan import Manifest
from jobs.runtime.size import MB, limit, shard_bytes

LAMBDA = "lambda"
BATCH = "batch"
LARGEST_ARRAY = 10_000
"""Children that an array job may have at most, as AWS has it."""


def choose(manifest: Manifest, home: Home, environment: Mapping[str, str] = os.environ) -> str:
    """Return the engine of a run.

    ``NETLIFT_BATCH_SHARDS`` and ``NETLIFT_BATCH_MB`` say how many shards a run, and how many megabytes one of its
    shards, may have at most to be worked in Lambda. Training is always worked in Batch: nobody knows how long a fit
    takes, and Lambda ends after 15 minutes.

    Parameters
    ----------
    manifest : Manifest
        The run's plan.
    home : Home
        Where the plans of the runs it builds upon are.
    environment : mapping
        Holds the two limits; 20 shards and 256 MB where they are not set.

    Returns
    -------
    str
        "lambda" or "batch".

    Raises
    ------
    BadEnvironment
        If a limit is no whole number.
    BadRequest
        If the run has more shards than an array job can have.
    """
    if manifest.shards > LARGEST_ARRAY:
        raise BadRequest(
            f"{manifest.verb} has {manifest.shards:,} files of {manifest.shard_by}, an array job takes "
            f"{LARGEST_ARRAY:,}: write fewer and larger files, of up to 128 MB."
        )
    if manifest.verb in {step.verb for step in TRAINING}:
        return BATCH
    most_shards = limit(environment, "NETLIFT_BATCH_SHARDS", 20)
    most_bytes = limit(environment, "NETLIFT_BATCH_MB", 256) * MB
    if manifest.shards > most_shards or shard_bytes(manifest, home) > most_bytes:
        return BATCH
    return LAMBDA
