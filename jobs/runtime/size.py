"""How much a planned run reads, as far as its files tell; what is above a limit is worked in another way."""

from collections.abc import Mapping

from jobs.errors import BadEnvironment
from jobs.runtime.chain import Step
from jobs.runtime.home import Home
from jobs.runtime.manifest import Manifest, read_manifest

MB = 1_000_000

CATALOGUE = "catalogue"
"""Input table that is planned only where a campaign's offers are a catalogue."""


def part_rows(of: Step, manifest: Manifest, home: Home, environment: Mapping[str, str]) -> int:
    """Return how many rows a part of a run has, 0 if the run is worked whole.

    ``NETLIFT_FAN_OUT_MB`` says how many megabytes the runs by whose rows it is cut may have read, if it is to be worked
    whole; ``NETLIFT_PART_ROWS`` how many rows a part has. With a catalogue of offers the whole is worked at once: its
    memory is that of each customer's few candidates. The answer stands in the manifest, so that it is the same
    in every process of the run.

    Parameters
    ----------
    of : Step
        The verb; one that has no parts is always worked whole.
    manifest : Manifest
        The run's plan.
    home : Home
        Where the plans of the runs it builds upon are.
    environment : mapping
        Holds both; 400 MB and 2,000,000 rows where they are not set.

    Raises
    ------
    BadEnvironment
        If one of them is no whole number, or a part has no row.
    """
    if of.parts_of is None or CATALOGUE in manifest.files:
        return 0
    upstream = (read_manifest(home, run_id) for run_id in manifest.upstream)
    read = sum(f.size for m in upstream if m.verb == of.parts_of for files in m.files.values() for f in files)
    if read <= limit(environment, "NETLIFT_FAN_OUT_MB", 400) * MB:
        return 0
    rows = limit(environment, "NETLIFT_PART_ROWS", 2_000_000)
    if rows == 0:
        raise BadEnvironment("NETLIFT_PART_ROWS is 0: set it to how many rows a part shall have, 1 or more.")
    return rows


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


def limit(environment: Mapping[str, str], name: str, default: int) -> int:
    """Return a limit that the environment holds.

    Raises
    ------
    BadEnvironment
        If it is no whole number.

    Examples
    --------
    >>> limit({"NETLIFT_BATCH_MB": "512"}, "NETLIFT_BATCH_MB", 256), limit({}, "NETLIFT_BATCH_MB", 256)
    (512, 256)
    """
    text = environment.get(name) or str(default)
    if not text.isdecimal():
        raise BadEnvironment(f"{name} is {text!r}: set it to a whole number, or leave it out.")
    return int(text)


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
