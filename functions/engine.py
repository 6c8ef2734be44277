"""Where a planned run is worked: in Lambda while it is small, in AWS Batch when it is not."""

import os
from collections.abc import Mapping

from jobs.errors import BadEnvironment, BadRequest
from jobs.runtime.chain import TRAINING
from jobs.runtime.home import Home
from jobs.runtime.plan import Manifest, read_manifest

LAMBDA = "lambda"
BATCH = "batch"
LARGEST_ARRAY = 10_000
"""Children that an array job may have at most, as AWS has it."""

_MB = 1_000_000


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
    most_shards = _limit(environment, "NETLIFT_BATCH_SHARDS", 20)
    most_bytes = _limit(environment, "NETLIFT_BATCH_MB", 256) * _MB
    if manifest.shards > most_shards or shard_bytes(manifest, home) > most_bytes:
        return BATCH
    return LAMBDA


def shard_bytes(manifest: Manifest, home: Home) -> int:
    """Return an upper guess of what one shard reads, in bytes.

    Its own input files, and where it reads tables instead, the input files of the runs that wrote them: of each
    verb the largest day, and what that one builds upon in its turn.
    """
    own = max(
        sum(file.size for table in manifest.files for file in manifest.shard_files(table, shard))
        for shard in range(manifest.shards)
    )
    return own + _upstream_bytes(manifest, home, {})


def _upstream_bytes(manifest: Manifest, home: Home, known: dict[str, int]) -> int:
    largest: dict[str, int] = {}
    for run_id in manifest.upstream:
        upstream = read_manifest(home, run_id)
        if run_id not in known:
            read = sum(file.size for files in upstream.files.values() for file in files)
            known[run_id] = read + _upstream_bytes(upstream, home, known)
        of = f"{upstream.verb} {upstream.kind}"
        largest[of] = max(known[run_id], largest.get(of, 0))
    return sum(largest.values())


def _limit(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal():
        raise BadEnvironment(f"{name} is {text!r}: set it to a whole number, or leave it out.")
    return int(text)
