"""``python -m infra.local up`` runs until it is told to end, and says how to be reached."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from infra.local.__main__ import COMMANDS, main


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_what_it_prints_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    env_file = tmp_path / "cloud.sh"
    running = subprocess.Popen(
        [sys.executable, "-m", "infra.local", "up", "--env-file", str(env_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        printed = []
        while not printed or not printed[-1].startswith("export NETLIFT_CATALOG_URL="):
            line = running.stdout.readline()
            assert line, "it ended before it had printed the environment"
            printed.append(line)
        exports = dict(shlex.split(line)[1].split("=", 1) for line in printed if line.startswith("export"))
        bucket = exports["NETLIFT_HOME"].removeprefix("s3://").split("/")[0]
        s3 = boto3.client(
            "s3",
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name=exports["AWS_REGION"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )
        assert s3.head_bucket(Bucket=bucket)
        assert env_file.read_text() == "".join(printed)
    finally:
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "has ended" in errors
    assert "Traceback" not in errors


def test_a_wrong_word_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bogus"]) == 2
    shown = capsys.readouterr().err
    assert "'bogus' is not a command" in shown
    assert all(name in shown for name in COMMANDS)


def test_help_shows_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["up", "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(flag in shown for flag in ("--port", "--catalog-port", "--region", "--env-file", "example:"))
    assert shown.count("default") == 3


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_a_port_that_is_none_is_named(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["up", f"--port={port}"])
    assert ended.value.code == 2
    assert f"port == '{port}', must be a whole number" in capsys.readouterr().err


def test_an_unknown_region_is_one_sentence_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert main(["up", "--region", "mars-north-1"]) == 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert capsys.readouterr().err.startswith("BadRequest: region == 'mars-north-1'")


def test_importing_the_command_line_does_not_import_the_cloud() -> None:
    program = "import sys, infra.local.__main__; print('moto' in sys.modules, 'boto3' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ)
    assert run.stdout.split() == ["False", "False"]
