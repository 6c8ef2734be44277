"""`netlift doctor`: a line a check; of what is missing one sentence with what to do, and an exit code of its own."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from jobs import errors
from jobs.doctor import FAILED, OK, SKIPPED, Doctor, Finding, doctor, lines, main
from jobs.runtime.stores import Stores, open_stores
from tests.unit.runtime.worlds import CAMPAIGN, small_home


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials of this machine's own; a test that wants some takes `local_home`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, str]:
    """The environment of a home in a folder that lacks nothing."""
    stores = small_home(tmp_path)
    promote(stores)
    return {"NETLIFT_HOME": str(tmp_path)}


@pytest.fixture
def ready(local_home: LocalHome) -> Stores:
    """Stores of a home in the local cloud that lacks nothing."""
    stores = open_stores()
    stores.objects.put_if_absent("campaigns/spring.toml", CAMPAIGN)
    uplift = stores.models.register("uplift-spring", {"m": b"1"}, {})
    stores.models.promote("uplift-spring", uplift, "test", "first")
    promote(stores)
    return stores


def promote(stores: Stores) -> None:
    stores.models.promote("fraud", stores.models.register("fraud", {"m": b"1"}, {}), "test", "first")


def seen(environment: Mapping[str, str], *, write: bool = False) -> dict[str, Finding]:
    return {f.check: f for f in doctor(Doctor(write=write), environment)}


def broken(findings: Mapping[str, Finding]) -> dict[str, int]:
    """Checks that failed, with their exit codes; each says one sentence, with what to do behind a colon."""
    failed = [f for f in findings.values() if f.state == FAILED]
    for finding in failed:
        assert "\n" not in finding.said
        assert finding.said.endswith(".")
        assert ": " in finding.said
    return {f.check: f.exit_code for f in failed}


@contextmanager
def answering(status: int, body: dict[str, Any]) -> Iterator[str]:
    """A service of AWS that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("x-amzn-ErrorType", str(body.get("__type", "")))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_folder_that_lacks_nothing_is_well(folder: dict[str, str], tmp_path: Path) -> None:
    findings = seen(folder, write=True)
    assert {f.state for f in findings.values()} == {OK}
    assert list(findings) == [
        "environment", "objects", "campaigns", "campaign spring", "house rules", "experiments", "model fraud",
        "model uplift-spring", "write objects", "tables", "write tables",
    ]  # fmt: skip
    assert "1 arms, budget 100.00 euro, owner growth" in findings["campaign spring"].said
    assert not list(tmp_path.glob("tables/**/*doctor_probe*/**/*.parquet")), "the probe table is purged"


def test_without_write_nothing_is_written(folder: dict[str, str], tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*.json")) | set(tmp_path.rglob("*.parquet"))
    assert "write tables" not in seen(folder)
    assert set(tmp_path.rglob("*.json")) | set(tmp_path.rglob("*.parquet")) == before


def test_a_home_in_the_cloud_that_lacks_nothing_is_well(ready: Stores, local_home: LocalHome) -> None:
    findings = seen(os.environ, write=True)
    assert broken(findings) == {}
    assert findings["credentials"].said.startswith("arn:aws:sts::")
    assert seen(os.environ, write=True)["write objects"].state == OK, "a second visit finds the first one's object"


def test_a_new_home_is_told_to_write_a_campaign_and_train(local_home: LocalHome) -> None:
    assert broken(seen(os.environ)) == {"campaigns": 14, "model fraud": 15}


def test_a_campaign_that_does_not_parse_and_a_missing_champion_are_named(tmp_path: Path) -> None:
    stores = open_stores({"NETLIFT_HOME": str(tmp_path)})
    stores.objects.put_if_absent("campaigns/autumn.toml", CAMPAIGN.replace(b"100.0", b"-1"))
    findings = seen({"NETLIFT_HOME": str(tmp_path)})
    assert broken(findings) == {"campaign autumn": 13, "model fraud": 15, "model uplift-autumn": 15}
    assert "budget_eur" in findings["campaign autumn"].said


def test_house_rules_and_experiments_are_read_and_what_is_wrong_in_them_is_named(
    folder: dict[str, str], tmp_path: Path
) -> None:
    assert seen(folder)["house rules"].said == "rules/night.toml limits nothing, or is not there"
    rules, experiment = tmp_path / "rules/night.toml", tmp_path / "experiments/mail.toml"
    for path, text in ((rules, "[contacts]\nmost = 2\ndays = 7\n"), (experiment, "id = 3\n")):
        path.parent.mkdir()
        path.write_text(text)
    findings = seen(folder)
    assert findings["house rules"].said == "2 contacts in 7 days"
    assert findings["experiments"].said == "mail"
    assert broken(findings) == {"experiment mail": 23}
    experiment.unlink()
    for wrong in (b"[contacts]\nmost = -2\ndays = 7\n", b"\xff"):
        rules.write_bytes(wrong)
        findings = seen(folder)
        assert broken(findings) == {"house rules": 13}
        assert "rules/night.toml" in findings["house rules"].said


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "NETLIFT_HOME is not set"),
        ({"NETLIFT_HOME": "s3://bucket/netlift"}, "NETLIFT_TABLES is not set"),
        ({"NETLIFT_HOME": "home", "NETLIFT_PRICES": "cheap"}, "NETLIFT_PRICES is 'cheap'"),
    ],
)
def test_a_variable_that_is_missing_or_wrong_is_named_and_the_rest_is_skipped(
    environment: dict[str, str], said: str
) -> None:
    findings = seen(environment, write=True)
    assert broken(findings) == {"environment": 40} | ({"credentials": 41} if "credentials" in findings else {})
    assert said in findings["environment"].said
    assert {findings[name].state for name in ("objects", "tables", "write objects", "write tables")} == {SKIPPED}


def test_no_credentials(ready: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    findings = seen(os.environ)
    assert broken(findings) == {"credentials": 41}
    assert "no valid AWS credentials (Unable to locate credentials): set AWS_PROFILE" in findings["credentials"].said
    assert {findings["objects"].state, findings["tables"].state} == {SKIPPED}


def test_a_wrong_secret_is_no_credentials(ready: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local catalog verifies signatures."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert broken(seen(os.environ)) == {"tables": 41}


def test_an_endpoint_that_does_not_answer(ready: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    findings = seen(os.environ)
    assert broken(findings) == {"credentials": 30}
    assert "no answer" in findings["credentials"].said
    assert "check the network" in findings["credentials"].said


def test_a_catalog_that_does_not_answer(ready: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETLIFT_CATALOG_URL", "http://127.0.0.1:9/iceberg")
    assert broken(seen(os.environ)) == {"tables": 30}


def test_a_bucket_that_does_not_exist(ready: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETLIFT_HOME", "s3://netlift-no-such-bucket/netlift")
    findings = seen(os.environ, write=True)
    assert broken(findings) == {"objects": 43}
    assert "bucket netlift-no-such-bucket does not exist: deploy template.yaml, or correct NETLIFT_HOME" in (
        findings["objects"].said
    )
    assert findings["write objects"].state == SKIPPED


def test_a_table_bucket_that_does_not_exist(
    ready: Stores, local_home: LocalHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETLIFT_TABLES", local_home.table_bucket_arn + "-gone")
    findings = seen(os.environ, write=True)
    assert broken(findings) == {"tables": 43}
    assert "-gone does not exist: deploy template.yaml, or correct NETLIFT_TABLES" in findings["tables"].said
    assert findings["write tables"].state == SKIPPED


def test_an_arn_that_is_none(ready: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETLIFT_TABLES", "arn:aws:s3:::bucket")
    assert broken(seen(os.environ)) == {"tables": 40}


def test_a_permission_to_write_objects_that_is_missing(
    ready: Stores, local_home: LocalHome, local_cloud: LocalCloud
) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{local_home.bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    local_cloud.client("s3").put_bucket_policy(Bucket=local_home.bucket, Policy=policy)
    findings = seen(os.environ, write=True)
    assert broken(findings) == {"write objects": 42}
    assert "s3:PutObject is refused" in findings["write objects"].said
    assert broken(seen(os.environ)) == {}, "only --write tells"


def test_a_permission_to_look_at_the_table_bucket_that_is_missing(
    ready: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"__type": "AccessDeniedException", "message": "not authorized to perform s3tables:GetTableBucket"}
    with answering(403, refusal) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3TABLES", url)
        findings = seen(os.environ)
    assert broken(findings) == {"tables": 42}
    assert "s3tables:GetTableBucket is refused (AccessDenied" in findings["tables"].said


def test_an_expired_token_is_no_credentials(ready: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(403, {"__type": "ExpiredTokenException", "message": "expired"}) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3TABLES", url)
        assert broken(seen(os.environ)) == {"tables": 41}


def test_a_queue_and_an_image_that_are_named_must_be_there(
    ready: Stores, local_home: LocalHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETLIFT_QUEUE", "no-such-queue")
    monkeypatch.setenv("NETLIFT_IMAGE", f"123456789012.dkr.ecr.{local_home.region}.amazonaws.com/no-such-image:1")
    assert broken(seen(os.environ)) == {"queue": 43, "image": 43}


def test_the_command_prints_a_line_a_check_and_ends_with_the_first_failures_code(
    folder: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jobs.doctor.to_stderr", lambda _: None)
    for name in ("NETLIFT_TABLES", "NETLIFT_QUEUE", "NETLIFT_IMAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETLIFT_HOME", folder["NETLIFT_HOME"])
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert shown.endswith("all is well\n")
    assert shown == lines(doctor(Doctor())) + "\n"
    assert main(["--json"]) == 0
    assert {f["state"] for f in json.loads(capsys.readouterr().out)} == {OK}
    Path(folder["NETLIFT_HOME"], "campaigns/spring.toml").unlink()
    assert main([]) == 14
    assert capsys.readouterr().out.endswith("1 of 7 checks failed\n")
    monkeypatch.delenv("NETLIFT_HOME")
    assert main([]) == 40


def _schedule(name: str, expression: str, state: str = "ENABLED") -> None:
    boto3.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        State=state,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:x", "RoleArn": "arn:aws:iam::1:role/r"},
    )


def test_schedules_of_a_stage_are_looked_at_and_one_that_cannot_start_anything_is_named(ready: Stores) -> None:
    environment = {**os.environ, "NETLIFT_STAGE": "docs"}
    assert "netlift-docs-nightly does not exist" in seen(environment)["schedule nightly"].said
    _schedule("netlift-docs-nightly", "cron(61 2 * * ? *)")
    _schedule("netlift-docs-weekly", "rate(7 days)", "DISABLED")
    findings = seen(environment)
    assert "minutes is '61', must be from 0 to 59" in findings["schedule nightly"].said
    assert findings["schedule nightly"].exit_code == errors.BadRequest.exit_code
    assert "is DISABLED: deploy with ScheduleState=ENABLED" in findings["schedule weekly"].said
    for name, expression in (("nightly", "cron(0 2 * * ? *)"), ("weekly", "rate(7 days)")):
        boto3.client("scheduler").delete_schedule(Name=f"netlift-docs-{name}")
        _schedule(f"netlift-docs-{name}", expression)
    assert seen(environment)["schedule nightly"].said == "cron(0 2 * * ? *) in UTC"
