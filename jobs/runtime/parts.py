"""A run that is too large for one process: shared out once, worked part by part, joined by its only shard.

In the state machine each of these is a process of its own; in one process they come one after another.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from jobs.errors import BadRequest
from jobs.runtime.logs import about
from jobs.runtime.manifest import Manifest
from jobs.runtime.shard import OpenShard
from jobs.runtime.sharing import Sharing, keep_sharing, missing_parts, sharing_of, usable_sharing
from jobs.runtime.stores import Stores

log = logging.getLogger(__name__)

RequestT = TypeVar("RequestT")

_AHEAD = 3
"""Parts that are fetched while one is looked at."""


@dataclass(frozen=True)
class HandedOver:
    """What all parts of a run handed over.

    Parameters
    ----------
    sharing : Sharing
        What they were told.
    stores : Stores
        Where it lies.
    """

    sharing: Sharing
    stores: Stores

    @property
    def told(self) -> dict[str, Any]:
        """What all parts were told."""
        return self.sharing.told

    def bodies(self, parts: list[int]) -> Iterator[bytes]:
        """Yield what some parts handed over, in this order; the next few are fetched meanwhile."""
        with ThreadPoolExecutor(_AHEAD) as readers:
            fetched: list[Future[bytes]] = []
            for part in parts:
                fetched.append(readers.submit(self.stores.objects.get, self.sharing.key(part)))
                if len(fetched) > _AHEAD:
                    yield fetched.pop(0).result()
            for body in fetched:
                yield body.result()


@dataclass(frozen=True)
class Parts(Generic[RequestT]):
    """How a job is worked in parts.

    Parameters
    ----------
    share : callable
        Looks once at what there is; returns how many parts there are and what all of them are told.
    work : callable
        Works one part, by what it is told and its number; returns what it hands over.
    join : callable
        Works the run's only shard: stages rows from what all parts handed over.
    """

    share: Callable[[RequestT, Stores, Manifest], tuple[int, dict[str, Any]]]
    work: Callable[[RequestT, Stores, dict[str, Any], int], bytes]
    join: Callable[[RequestT, Stores, OpenShard, HandedOver], None]


def share_out(parts: Parts[RequestT], manifest: Manifest, request: RequestT, stores: Stores) -> Sharing:
    """Share a run out, unless that was done and still holds."""
    run_id = manifest.key.run_id
    made = usable_sharing(stores, run_id)
    if made is not None:
        log.info("%s is shared out already, in %d parts", run_id, made.parts)
        return made
    count, told = parts.share(request, stores, manifest)
    return keep_sharing(stores, run_id, count, told)


def work_part(parts: Parts[RequestT], manifest: Manifest, part: int, request: RequestT, stores: Stores) -> int:
    """Work one part and keep what it hands over; a part that has done so is not worked again.

    Returns
    -------
    int
        Bytes that it handed over.

    Raises
    ------
    BadRequest
        If the run has no such part.
    """
    run_id = manifest.key.run_id
    sharing = sharing_of(stores, run_id)
    if not 0 <= part < sharing.parts:
        raise BadRequest(
            f"part {part} is none of run {run_id}, which has {sharing.parts} parts, numbered from 0: "
            f"take a number that the sharing out gave."
        )
    there = [o for o in stores.objects.list(sharing.key(part)) if o.key == sharing.key(part)]
    if there:
        log.info("part %d of %s has handed over already", part, run_id)
        return there[0].size
    body = parts.work(request, stores, sharing.told, part)
    stores.objects.put_if_absent(sharing.key(part), body)
    return len(body)


def work_all_parts(
    parts: Parts[RequestT],
    manifest: Manifest,
    request: RequestT,
    stores: Stores,
    shown: Callable[[str], AbstractContextManager[Any]] = lambda _: nullcontext(),
) -> None:
    """Share a run out and work its parts one after another, those that are left; memory is that of one part.

    Parameters
    ----------
    parts : Parts
        How the job is worked in parts.
    manifest, request, stores
        The run, what was asked, where rows come from.
    shown : callable
        Called with the name of each piece of work; its context is open meanwhile.
    """
    with shown("sharing out"):
        sharing = share_out(parts, manifest, request, stores)
    for part in missing_parts(stores, sharing):
        with about(part=part), shown(f"part {part} of {sharing.parts}"):
            work_part(parts, manifest, part, request, stores)


def join(parts: Parts[RequestT], request: RequestT, shard: OpenShard, stores: Stores) -> None:
    """Join what all parts handed over.

    Raises
    ------
    BadRequest
        If a part has not handed over yet.
    """
    sharing = sharing_of(stores, shard.run_id)
    missing = missing_parts(stores, sharing)
    if missing:
        raise BadRequest(
            f"part {missing[0]} of {sharing.parts} of run {shard.run_id} has handed nothing over: work it first."
        )
    parts.join(request, stores, shard, HandedOver(sharing, stores))
