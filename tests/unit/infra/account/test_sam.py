"""samconfig.toml says all that build and deploy need, and the words for sam are those that sam knows."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from infra.account.__main__ import main
from infra.account.sam import CONFIG, ROOT, SAM, build_words, config_env, declared, delete_words, deploy_words, region
from infra.local.deploy_template import TEMPLATE
from jobs.errors import BadRequest
from tests.unit.infra.test_template import SOURCE

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/netlift@sha256:" + "a" * 64
ENVS = ("default", "prod", "smoke")


@pytest.mark.parametrize("env", ENVS)
def test_every_parameter_that_is_set_is_one_of_the_template(env: str) -> None:
    given = declared(env)
    assert set(given) <= set(SOURCE["Parameters"])
    for name, value in given.items():
        allowed = SOURCE["Parameters"][name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed), name
    without = {name for name, of in SOURCE["Parameters"].items() if "Default" not in of}
    assert without == {"ImageUri"}, "which the command line gives"


def test_what_may_surprise_in_production_is_asked_before_and_no_stage_is_anothers() -> None:
    config = tomllib.loads(CONFIG.read_text())
    assert config["prod"]["deploy"]["parameters"]["confirm_changeset"] is True
    assert declared("prod")["Stage"] == "prod" != declared("default")["Stage"]
    assert config["prod"]["global"]["parameters"]["stack_name"] == "netlift-prod"
    assert "Stage" not in declared("smoke")
    for env in ENVS:
        deploy = config[env]["deploy"]["parameters"]
        assert deploy["capabilities"] == "CAPABILITY_IAM"
        assert deploy["resolve_s3"] is True
        assert config[env]["build"]["parameters"]["build_in_source"] is True


def test_the_command_line_gives_what_samconfig_says_and_the_image_over_it() -> None:
    words = deploy_words("prod", IMAGE, {"JobSize": "large"})
    given = dict(word.split("=", 1) for word in words[words.index("--parameter-overrides") + 1 :])
    assert given == {**declared("prod"), "JobSize": "large", "ImageUri": IMAGE}
    assert "--no-confirm-changeset" not in words


def test_sam_boto_and_netlift_are_led_to_one_region(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str | None, str | None]] = []
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.setattr(
        "infra.account.__main__.take_away",
        lambda _: seen.append((os.environ.get("AWS_REGION"), os.environ.get("AWS_DEFAULT_REGION"))),
    )
    assert main(["remove", "--stage", "smoke1a2b"]) == 0
    assert seen == [(region("smoke"), region("smoke"))]
    assert {region(env) for env in ENVS} == {"eu-west-1"}, "one of them differs: say so in the workflows too"


def test_a_stage_that_is_none_is_named_with_those_there_are() -> None:
    with pytest.raises(BadRequest, match=r"has no stage 'production': give one of dev, prod, smoke"):
        config_env("production")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy", "--stage", "dev", "--image-uri", "netlift:latest"], "is no image in Amazon ECR"),
        (["deploy", "--stage", "dev"], "--image-uri"),
        (["remove", "--stage", "prod"], "'prod' is no stage of a smoke test, such as smoke1a2b"),
        (["smoke", "--image-uri", IMAGE, "-p", "JobSize"], "'JobSize' is no NAME=VALUE"),
    ],
)
def test_a_wrong_word_is_named(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert said in capsys.readouterr().err


@pytest.mark.skipif(not SAM.is_file(), reason="SAM is not in .venv-tools: run `make tools`")
@pytest.mark.parametrize(
    "words", [build_words("prod"), deploy_words("prod", IMAGE, confirm=False), delete_words("smoke", "s")]
)
def test_sam_knows_every_flag(words: list[str]) -> None:
    shown = subprocess.run([SAM, words[1], "--help"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    flags = [word for word in words[2:] if word.startswith("--")]
    assert flags
    for flag in flags:
        assert f"{flag} " in shown or f"/ {flag}" in shown or f"{flag}\n" in shown, flag


@pytest.mark.long
@pytest.mark.skipif(not SAM.is_file(), reason="SAM is not in .venv-tools: run `make tools`")
def test_sam_builds_the_light_functions_without_a_container_engine(tmp_path: Path) -> None:
    where = ["--template-file", str(TEMPLATE), "--build-dir", str(tmp_path / "build")]
    variables = {"PATH": f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0"}
    ran = subprocess.run(
        [*build_words("prod"), *where], capture_output=True, text=True, cwd=ROOT, env=variables, check=False
    )
    assert ran.returncode == 0, ran.stderr
    for function in ("PlanShards", "FailRun"):
        built = tmp_path / "build" / function
        assert (built / "functions" / "plan_shards.py").is_file()
        assert {folder.name for folder in built.iterdir()} == {"functions", "jobs"}
        assert sum(file.stat().st_size for file in built.rglob("*") if file.is_file()) < 10_000_000
