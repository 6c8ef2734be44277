"""``deploy`` keeps the template running, ``run`` in another process starts what its schedule starts."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import deploy, deploy_run
from infra.local.__main__ import main

AT = "2026-11-22T02:00:00Z"


@pytest.mark.long
def test_what_is_deployed_here_is_run_from_another_shell(tmp_path: Path) -> None:
    env_file = tmp_path / "cloud.sh"
    words = [sys.executable, "-m", "infra.local", "deploy", "--stage", "shell", "--env-file", str(env_file)]
    words += ["--functions", "processes"]
    deployed = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert deployed.stdout is not None
        lines = []
        while not lines or not lines[-1].startswith("export NETLIFT_CATALOG_URL="):
            line = deployed.stdout.readline()
            assert line, "it ended before it had printed the environment"
            lines.append(line)
        exports = dict(shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export"))
        run = [sys.executable, "-m", "infra.local", "run", "nightly", "--stage", "shell", "--at", AT, "--json"]
        ran = subprocess.run(
            run, env={**os.environ, **exports}, capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        deployed.send_signal(signal.SIGTERM)
        _, said = deployed.communicate(timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert {step["state"] for step in json.loads(ran.stdout)} == {"no input"}
    assert "ListSteps" in ran.stderr
    assert "\nSUCCEEDED\n" in ran.stderr
    assert deployed.returncode == 0
    assert re.search(r"netlift-shell: \d\d resources were made", said)
    assert "Traceback" not in said + ran.stderr
    assert exports["NETLIFT_HOME"] in env_file.read_text()


def test_a_run_is_never_started_on_another_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://states.eu-west-1.amazonaws.com")
    assert main(["run", "nightly"]) == 40
    assert "AWS_ENDPOINT_URL is https://states.eu-west-1.amazonaws.com, which is not this machine" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--stage", "Prod!"], "'Prod!' must be 2 to 10 small letters and digits, a letter first"),
        (["--stage", "elevenchars"], "'elevenchars' must be"),
        (["--parameter", "Spot"], "'Spot' is no NAME=VALUE, such as BatchAboveShards=3"),
    ],
)
def test_a_wrong_flag_is_named(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (deploy.main, lambda flags: deploy_run.main(["nightly", *flags])):
        with pytest.raises(SystemExit):
            command(words)
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hourly"], "invalid choice: 'hourly'"),
        (["nightly", "--at", "tonight"], "'tonight' is not a moment like 2026-11-22T02:00:00+00:00"),
        (["nightly", "--customers", "7"], "'7': give a whole number of at least 8000"),
    ],
)
def test_a_wrong_run_is_named(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        deploy_run.main(words)
    assert said in capsys.readouterr().err
