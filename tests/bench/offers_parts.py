"""In a process of its own: an allocation in parts phase by phase, each with its CPU seconds, on a home with scores.

``python -m tests.bench.offers_parts HOME PART_ROWS``
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.allocate_offers import JOB, AllocateOffers, joining
from jobs.runtime.begin import begin
from jobs.runtime.parts import share_out, work_part
from jobs.runtime.plan import plan
from jobs.runtime.report import Report
from jobs.runtime.run import finish_run, work_shard
from jobs.runtime.stores import open_stores
from tests.bench.cpu_seconds import timed
from tests.unit.allocate_offers.score_world import DAY


def main(home: Path, part_rows: int) -> None:
    """Work every phase and print what it took."""
    stores = open_stores({"NETLIFT_HOME": str(home)})
    limits = {"NETLIFT_FAN_OUT_MB": "0", "NETLIFT_PART_ROWS": str(part_rows)}
    manifest = plan(JOB.step, stores, DAY, "offers", DAY, {}, limits)
    claim = begin(manifest, stores.ledger, "benchmark")
    if isinstance(claim, Report):
        raise SystemExit(f"{home} was allocated before: give a new one")
    request, parts = AllocateOffers(DAY), JOB.parts_of(manifest)
    took: dict[str, float] = {"repair": 0.0}

    def measured(name: str, call: Callable[[], Any]) -> Any:
        kept: list[Any] = []
        took[name] = took.get(name, 0.0) + timed(lambda: kept.append(call())).cpu_s
        return kept[0]

    honest = joining.repair
    joining.repair = lambda *of, **how: measured("repair", lambda: honest(*of, **how))
    sharing = measured("share", lambda: share_out(parts, manifest, request, stores))
    for part in range(sharing.parts):
        measured("pick", lambda part=part: work_part(parts, manifest, part, request, stores))
    measured("join", lambda: work_shard(JOB, manifest, claim, 0, request, stores))
    report = finish_run(manifest, claim, stores)
    [certificate] = report.details["campaigns"].values()
    print(json.dumps({"cpu_s": took, "parts": sharing.parts, "certificate": certificate}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
