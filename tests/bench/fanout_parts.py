"""The processes of the fan-out benchmark: what makes the homes, plans and commits, works shards, reads the tables.

``python -m tests.bench.fanout_parts make|alone|coordinate|work|digest`` reads questions as JSON lines and answers each.
"""

import importlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

DAY = date(2026, 11, 21)
RUN_DATES = tuple(DAY + timedelta(days=days) for days in range(8))
CAMPAIGN, SEED, TRIAL_CUSTOMERS = "spring", 7, 20_000
Answer = dict[str, Any]


def make(question: Answer) -> Answer:
    """Train one model in a home, then lay the same customers into homes that differ in the number of files."""
    import pyarrow as pa

    from infra.local.load import load_world, put_parquet
    from jobs.runtime.stores import open_stores
    from jobs.science.synthetic import World
    from jobs.train_uplift import TrainUplift, train_uplift

    folder, customers = Path(question["folder"]), int(question["customers"])
    first = folder / "first"
    stores = open_stores({"NETLIFT_HOME": str(first)})
    load_world(World(SEED, TRIAL_CUSTOMERS, DAY, days=2), stores.objects)
    train_uplift(TrainUplift(DAY - timedelta(days=1), CAMPAIGN, customers=customers, threads=2), stores)
    world = World(SEED, customers, DAY, days=2)
    rows = pa.concat_tables(world.customers(shard) for shard in world.shards())
    for home, files in question["homes"].items():
        for part in ("campaigns", "models"):
            shutil.copytree(first / part, Path(home) / part)
        objects = open_stores({"NETLIFT_HOME": home}).objects
        a_file = -(-rows.num_rows // files)
        for number in range(files):
            put_parquet(objects, "customers", f"part-{number:05d}", rows.slice(number * a_file, a_file))
    return {"run_dates": [str(day) for day in RUN_DATES]}


def alone(question: Answer) -> Answer:
    """Run the whole job in this process, with one thread."""
    from jobs.runtime.stores import open_stores
    from jobs.score_uplift import ScoreUplift, score_uplift

    if "cpu" in question:
        return cpu()
    day = date.fromisoformat(question["run"])
    return score_uplift(ScoreUplift(day, CAMPAIGN, threads=1), open_stores()).to_dict()


def coordinate(question: Answer) -> Answer:
    """Plan and claim a run as plan_shards does, with one thread a worker; or commit it as finish_run does."""
    from functions.finish_run import handler
    from jobs.runtime.begin import begin
    from jobs.runtime.chain import step
    from jobs.runtime.home import open_home
    from jobs.runtime.plan import plan
    from jobs.storage.ledger import Claim

    if "cpu" in question:
        return cpu()
    if "finish" in question:
        return handler(question["finish"], None)
    home, day = open_home(), date.fromisoformat(question["plan"])
    manifest = plan(step("score-uplift"), home, day, CAMPAIGN, day, {"threads": 1})
    claim = begin(manifest, home.ledger, "benchmark")
    assert isinstance(claim, Claim), "every round has a date of its own"
    return {"run_id": claim.key.run_id, "attempt": claim.attempt, "shards": list(range(manifest.shards))}


def work(question: Answer) -> Answer:
    """Work one shard with the handler of the Lambda function."""
    from functions.run_shard import handler

    if "cpu" in question:
        # The handler imports the job of its first event; here that is not to stand in the first shard's time.
        importlib.import_module("jobs.score_uplift")
        return cpu()
    return handler(question, None)


def cpu() -> Answer:
    """Say what this process has used so far, all its modules being imported, and how long it waited for a core."""
    waits = [int(task.read_text().split()[1]) for task in Path("/proc/self/task").glob("*/schedstat")]
    return {"cpu_s": time.process_time(), "waited_s": sum(waits) / 1e9}


def digest(question: Answer) -> Answer:
    """Digest the scores of a day in the order of customer and arm, without the id of the run that wrote them."""
    import hashlib

    import pyarrow as pa

    from jobs.runtime.stores import open_stores
    from jobs.storage.tables import read_whole
    from jobs.tables.outputs import UPLIFT_SCORES

    where = {"run_date": date.fromisoformat(question["digest"])}
    rows = read_whole(open_stores().tables, UPLIFT_SCORES, where).drop_columns(["run_id"])
    rows = rows.sort_by([("customer_id", "ascending"), ("arm", "ascending")]).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    found = hashlib.sha256(memoryview(sink.getvalue()))
    return {"rows": rows.num_rows, "digest": found.hexdigest()}


PARTS: dict[str, Callable[[Answer], Answer]] = {
    "make": make,
    "alone": alone,
    "coordinate": coordinate,
    "work": work,
    "digest": digest,
}


def main(part: Callable[[Answer], Answer]) -> None:
    """Answer every line, in the home that it names; what the code prints itself goes to stderr."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        question = json.loads(line)
        if "home" in question:
            os.environ["NETLIFT_HOME"] = question.pop("home")
        answers.write(json.dumps(part(question), default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(PARTS[sys.argv[1]])
