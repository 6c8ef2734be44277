"""``python -m infra.container.sam_local IMAGE``: one ``sam local invoke`` scores a shard, another commits its table.

The local cloud runs beside as ``python -m infra.local up --sam`` and is what the containers write to.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from functions.plan_shards import handler as plan_shards
from infra.container.reach import engine
from infra.container.sam_template import image_functions
from infra.local.load import load_world
from infra.packages.declared import ROOT
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import BadEnvironment, NetliftError
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.storage.tables import read_whole
from jobs.tables.outputs import FRAUD_SCORES
from jobs.train_fraud import TrainFraud, train_fraud

DAY = date(2026, 11, 21)
MEMORY_MB = 3008
_BUILD = ROOT / "build" / "sam"
_WAIT_S = 60.0


def main(words: list[str]) -> int:
    """Run it; return 0 when the table holds the rows that the shard scored, else the code of the named failure."""
    [image] = words
    _BUILD.mkdir(parents=True, exist_ok=True)
    try:
        with _docker_api(), _cloud(_BUILD / "env.json", _BUILD / "cloud.sh") as variables:
            os.environ.update(variables)
            _score(image)
    except NetliftError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return error.exit_code
    return 0


def _score(image: str) -> None:
    stores = open_stores()
    _say("making a small world, its features and a fraud model")
    _prepare(stores)
    names = list(json.loads((_BUILD / "env.json").read_text())["Parameters"])
    (_BUILD / "template.json").write_text(json.dumps(image_functions(image, names, MEMORY_MB), indent=1))

    planned = plan_shards({"verb": "score-fraud", "kind": "fraud", "run_date": str(DAY)}, None)
    of_run = {"run_id": planned["run_id"], "attempt": planned["attempt"]}
    worked = _invoke("RunShard", {**of_run, "shard": 0})
    _say(f"sam local invoke RunShard scored a shard: {worked}")
    report = _invoke("FinishRun", of_run)
    rows = read_whole(stores.tables, FRAUD_SCORES, {"run_date": DAY})
    written = report["rows_out"][FRAUD_SCORES.name]
    _say(f"sam local invoke FinishRun committed {written} rows; the table {FRAUD_SCORES.name} holds {len(rows)}")
    if not 0 < len(rows) == written:
        raise BadEnvironment(f"{FRAUD_SCORES.name} holds {len(rows)} rows, the run's report says {written}: see above.")


def _prepare(stores: Stores) -> None:
    load_world(World(7, 1_000, DAY, days=40), stores.objects, 1_000)
    eve = DAY - timedelta(days=1)
    build_fraud_features(BuildFraudFeatures(eve, first_date=DAY - timedelta(days=24)), stores)
    train_fraud(TrainFraud(eve, train_days=10, calibration_days=3, test_days=2, rounds=60, threads=1), stores)
    build_fraud_features(BuildFraudFeatures(DAY), stores)


def _invoke(function: str, event: dict[str, Any]) -> dict[str, Any]:
    file = _BUILD / f"{function}.json"
    file.write_text(json.dumps(event))
    sam = [str(ROOT / ".venv-tools" / "bin" / "sam"), "local", "invoke", function, "--skip-pull-image"]
    where = ["--template", str(_BUILD / "template.json"), "--env-vars", str(_BUILD / "env.json"), "--event", str(file)]
    ended = subprocess.run(  # noqa: S603  our own words
        [*sam, *where], capture_output=True, text=True, check=False, env={**os.environ, "SAM_CLI_TELEMETRY": "0"}
    )
    lines = ended.stdout.strip().splitlines()
    answer = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if ended.returncode != 0 or not answer or "errorType" in answer:
        sys.stderr.write(ended.stderr)
        said = f"{answer['errorType']}: {answer['errorMessage']}" if "errorType" in answer else "nothing"
        raise BadEnvironment(f"sam local invoke {function} answered {said!r}: its log is above.")
    return dict(answer)


@contextmanager
def _docker_api() -> Iterator[None]:
    """Serve Docker's interface for sam where the engine is podman, which has no daemon of its own."""
    if engine() != "podman" or "DOCKER_HOST" in os.environ:
        yield
        return
    address = f"unix://{_BUILD / 'podman.sock'}"
    with _running(["podman", "system", "service", "--time=0", address], _BUILD / "podman.sock"):
        os.environ["DOCKER_HOST"] = address
        yield


@contextmanager
def _cloud(sam: Path, shell: Path) -> Iterator[dict[str, str]]:
    """Keep the local cloud running for a block; yield the variables that lead this process to it."""
    up = [sys.executable, "-m", "infra.local", "up", "--sam", str(sam), "--env-file", str(shell)]
    with _running(up, sam):
        exports = [line for line in shell.read_text().splitlines() if line.startswith("export ")]
        yield dict(shlex.split(line)[1].split("=", 1) for line in exports)


@contextmanager
def _running(words: list[str], sign: Path) -> Iterator[None]:
    """Keep a program running for a block that begins when the program has made a file."""
    sign.unlink(missing_ok=True)
    log_file = _BUILD / f"{Path(words[0]).name}.log"
    with log_file.open("w") as said:
        child = subprocess.Popen(words, stdout=said, stderr=said, cwd=ROOT)  # noqa: S603  our own words
    try:
        deadline = time.monotonic() + _WAIT_S
        while not sign.exists():
            if child.poll() is not None or time.monotonic() > deadline:
                raise BadEnvironment(f"{' '.join(words[:4])} did not start: {log_file.read_text().strip()[-300:]}")
            time.sleep(0.05)
        yield
    finally:
        child.terminate()
        child.wait()


def _say(sentence: str) -> None:
    sys.stderr.write(f"sam-local: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
