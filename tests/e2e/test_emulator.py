"""The handlers on AWS's own Runtime Interface Emulator, each with the libraries of its package and no other."""

import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from infra.local.cloud import LocalCloud
from infra.local.emulator import Emulators, why_no_emulator
from infra.local.home import LocalHome
from infra.local.load import put_parquet
from infra.packages.code import copy_code
from infra.packages.declared import ROOT
from jobs import errors
from jobs.runtime.stores import open_stores
from jobs.science.synthetic import World
from jobs.tables.outputs import FRAUD_FEATURES
from tests.trained import DAY, SEED, rows_of
from tests.unit.infra.test_packages import FUNCTIONS

TOYS = "tests.unit.infra.local.toy_functions"


@pytest.fixture
def home(emulated: LocalCloud) -> Iterator[LocalHome]:
    home = emulated.fresh_home()
    with home.applied():
        yield home


@pytest.fixture(scope="module")
def light_zip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("light")
    copy_code(folder)
    return _zip({str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*.*") if f.suffix in {".py", ".j2"}})


def _zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def _create(home: LocalHome, handler: str, code: bytes | None = None, timeout_s: int = 60) -> str:
    """Create a function: of a zip, or where there is none, of the image; return its name."""
    name = f"emulated-{uuid4().hex[:8]}"
    trust = {"Version": "2012-10-17", "Statement": []}
    role = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    what: dict[str, Any] = {
        "PackageType": "Image",
        "Code": {"ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/netlift:1"},
        "ImageConfig": {"Command": [handler]},
    }
    if code is not None:
        what = {"Runtime": "python3.12", "Handler": handler, "Code": {"ZipFile": code}}
    boto3.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Timeout=timeout_s,
        MemorySize=1024,
        Environment={"Variables": home.environment()},
        **what,
    )
    return name


def _invoke(name: str, event: Any) -> tuple[Any, str | None]:
    answer = boto3.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    return json.load(answer["Payload"]), answer.get("FunctionError")


def test_it_is_the_emulator_that_runs_them(emulated: LocalCloud, home: LocalHome) -> None:
    program = "import os, sys\ndef handler(event, context):\n    return [os.getcwd(), sys.path, sorted(os.environ)]\n"
    name = _create(home, "own.handler", _zip({"own.py": program}))
    (task, path, variables), error = _invoke(name, {})
    assert error is None
    assert emulated.engine == "emulator"
    assert "AWS_LAMBDA_RUNTIME_API" in variables, "the address that Lambda's runtime asks for events"
    assert path[0] == task != str(ROOT), "its own zip is its code"
    assert not [entry for entry in path if Path(entry).is_relative_to(ROOT / ".venv")]
    assert "REPORT RequestId" in emulated.function_log(name)


@pytest.mark.parametrize(("handler", "kind"), FUNCTIONS)
def test_every_handler_of_the_template_imports_with_its_package_alone(
    handler: str, kind: str, home: LocalHome, light_zip: bytes
) -> None:
    """It answers the example of its event, or refuses it under a name of our own: nothing is planned here yet."""
    event = json.loads((ROOT / "events" / f"{handler.split('.')[1]}.json").read_text())
    answer, error = _invoke(_create(home, handler, light_zip if kind == "Zip" else None), event)
    if error is not None:
        assert issubclass(getattr(errors, answer["errorType"], type), errors.NetliftError), answer


def test_a_library_that_a_package_does_not_declare_is_missed_by_name(home: LocalHome) -> None:
    program = "import numpy\ndef handler(event, context):\n    return numpy.pi\n"
    answer, error = _invoke(_create(home, "own.handler", _zip({"own.py": program})), {})
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
    assert "No module named 'numpy'" in answer["errorMessage"]


def test_a_run_is_planned_by_the_zip_and_worked_and_committed_by_the_image(home: LocalHome, light_zip: bytes) -> None:
    stores = open_stores()
    world = World(SEED, 300, DAY, days=10)
    for shard in world.shards():
        put_parquet(stores.objects, "transactions", "part-0", world.transactions(shard))
        put_parquet(stores.objects, "fraud_reports", "part-0", world.fraud_reports(shard))
    plan = _create(home, "functions.plan_shards.handler", light_zip)
    planned, error = _invoke(plan, {"verb": "build-fraud-features", "kind": "fraud", "run_date": str(DAY)})
    assert (error, planned["state"], planned["shards"]) == (None, "planned", [0]), planned
    of_run = {"run_id": planned["run_id"], "attempt": planned["attempt"]}
    worked, error = _invoke(_create(home, "functions.run_shard.handler"), {**of_run, "shard": 0})
    assert error is None, worked
    finish = _create(home, "functions.finish_run.handler")
    report, error = _invoke(finish, of_run)
    assert (error, report["state"]) == (None, "finished"), report
    rows = rows_of(stores, FRAUD_FEATURES, run_date=DAY)
    assert 0 < len(rows) == report["rows_out"][FRAUD_FEATURES.name]
    assert worked["rows"] == sum(report["rows_out"].values()), "rows that were set aside are staged too"
    assert set(rows["run_id"].to_pylist()) == {planned["run_id"]}
    assert _invoke(plan, {"verb": "build-fraud-features", "kind": "fraud", "run_date": str(DAY)})[0]["state"] == (
        "already done"
    )


@pytest.mark.parametrize(
    ("how", "name", "sentence"),
    [
        ("bad file", "BadFile", "inputs/customers/a.parquet is empty: write it again."),
        ("die", "Runtime.ExitError", "exit status 3"),
        ("kill", "Runtime.ExitError", "signal: killed"),
        ("no json", "Runtime.MarshalError", "not JSON serializable"),
        ("hang", "Sandbox.Timedout", "timed out after 1.00 seconds"),
    ],
)
def test_a_failure_comes_back_as_lambda_tells_it(home: LocalHome, how: str, name: str, sentence: str) -> None:
    function = _create(home, f"{TOYS}.misbehave", _zip({"README": ""}), timeout_s=1 if how == "hang" else 30)
    answer, error = _invoke(function, {"how": how})
    assert (error, answer["errorType"]) == ("Unhandled", name)
    assert sentence in answer["errorMessage"]
    assert _invoke(function, {"how": "well"}) == ({}, None), "and the function lives on"


def test_an_answer_that_looks_like_an_error_is_an_answer(home: LocalHome) -> None:
    answer = {"errorType": "BadFile", "errorMessage": "told, not raised"}
    program = f"def handler(event, context):\n    return {answer!r}\n"
    assert _invoke(_create(home, "own.handler", _zip({"own.py": program})), {}) == (answer, None)


def test_two_invocations_at_once_have_two_emulators_and_a_third_waits(home: LocalHome) -> None:
    function = _create(home, f"{TOYS}.echo", _zip({"README": ""}))
    answers: list[Any] = []
    calls = [threading.Thread(target=lambda n=n: answers.append(_invoke(function, {"n": n}))) for n in range(6)]
    for call in calls:
        call.start()
    for call in calls:
        call.join(60)
    assert sorted(answer["event"]["n"] for answer, _ in answers) == list(range(6))
    assert len({answer["pid"] for answer, _ in answers}) <= 2


def test_a_function_that_is_configured_anew_starts_cold(home: LocalHome) -> None:
    function = _create(home, f"{TOYS}.echo", _zip({"README": ""}))
    first, second = (_invoke(function, {})[0]["pid"] for _ in range(2))
    boto3.client("lambda").update_function_configuration(FunctionName=function, Timeout=31)
    assert first == second != _invoke(function, {})[0]["pid"]


def test_nothing_is_left_when_the_cloud_ends() -> None:
    if why_no_emulator():
        pytest.skip(why_no_emulator())
    with LocalCloud(functions="emulator") as cloud, cloud.applied():
        function = _create(cloud.home, f"{TOYS}.echo", _zip({"README": ""}))
        runtime = _invoke(function, {})[0]["pid"]
        os.kill(runtime, 0)
    with pytest.raises(ProcessLookupError):
        _signal_unless_zombie(runtime)


def _signal_unless_zombie(process: int) -> None:
    status = Path(f"/proc/{process}/stat")
    # a killed process whose parent was killed too is reaped by init, at its leisure
    if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
        raise ProcessLookupError(process)
    os.kill(process, 0)


@pytest.mark.parametrize(
    ("tools", "system", "reason"),
    [
        ("absent", "linux", "is not in absent: run `make tools`"),
        ("absent", "darwin", "runs on Linux only, this is darwin"),
    ],
)
def test_where_there_is_no_emulator_it_says_why(tools: str, system: str, reason: str, tmp_path: Path) -> None:
    assert reason in why_no_emulator(tmp_path / tools, system)


def test_without_the_emulator_processes_take_its_place_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr("infra.local.cloud.why_no_emulator", lambda: "there is none")
    with LocalCloud(functions="emulator") as cloud:
        assert cloud.engine == "processes"
    assert "Lambda functions run in plain processes: there is none" in caplog.text
    with pytest.raises(errors.BadEnvironment, match="needs none"):
        Emulators({}, tools=tmp_path)
