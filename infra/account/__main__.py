"""``python -m infra.account``: deploy a stage, try the template out with one that is deleted again, train, promote."""

import argparse
import json
import logging
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime

import boto3

from infra.account.models import candidates, promote
from infra.account.sam import ROOT, SAM, build_words, config_env, delete_words, deploy_words, region
from infra.account.smoke import environment_of, night, outputs_of, remove, smoke
from infra.account.spark import Cluster, StageFraudFeatures, build_on_spark, stage_rows
from infra.local.flags import add_parameter
from infra.spark.local_mode import Asked
from jobs.errors import BadEnvironment
from jobs.runtime.command import guarded
from jobs.runtime.home import open_home
from jobs.runtime.stores import open_stores
from jobs.storage.models import ModelStore

_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+(:[\w.-]+|@sha256:[0-9a-f]{64})")
_SMOKE = "smoke"


def deploy(flags: argparse.Namespace) -> None:
    """Build, and deploy a stage of samconfig.toml."""
    env = config_env(flags.stage)
    _sam(build_words(env))
    _sam(deploy_words(env, flags.image_uri, dict(flags.parameter), confirm=not flags.yes))


def try_out(flags: argparse.Namespace) -> None:
    """Deploy a stage of its own, run a small night in it, delete all of it, also when something fails."""
    stage = f"{_SMOKE}{uuid.uuid4().hex[:4]}"
    stack = f"netlift-{stage}"
    _sam(build_words(_SMOKE))
    try:
        _sam(deploy_words(_SMOKE, flags.image_uri, {"Stage": stage, **dict(flags.parameter)}, stack, confirm=False))
        environment = {**os.environ, **environment_of(outputs_of(boto3.client, stack))}
        came_to = smoke(boto3.client, stack, environment, datetime.now(UTC), _say)
        sys.stdout.write(json.dumps(asdict(came_to)) + "\n")
    finally:
        if flags.keep:
            _say(f"{stack} is kept: delete it with 'python -m infra.account remove --stage {stage}'")
        else:
            _remove(stack)


def train(flags: argparse.Namespace) -> None:
    """Start what the weekly schedule of a stage starts, and follow it to its end."""
    night(boto3.client, f"netlift-{flags.stage}", "weekly", datetime.now(UTC), _say)


def list_candidates(flags: argparse.Namespace) -> None:
    """Print the candidates that pass their gates as one JSON list, and say what all of them were judged by."""
    found = candidates(_models(flags.stage))
    for candidate in found:
        _say(f"{candidate.kind} {candidate.version} {'passes' if candidate.passed else 'fails'}: {candidate.why}")
    sys.stdout.write(json.dumps([asdict(candidate) for candidate in found if candidate.passed]) + "\n")


def put_to_work(flags: argparse.Namespace) -> None:
    """Promote a candidate that somebody approved."""
    put = promote(_models(flags.stage), flags.kind, flags.version, flags.who, flags.why)
    _say(f"{put.kind} {put.version} is at work, in the place of {put.champion}")


def features_on_spark(flags: argparse.Namespace) -> None:
    """Build features of many days on EMR Serverless and commit them."""
    outputs = outputs_of(boto3.client, f"netlift-{flags.stage}")
    if "SparkApplicationId" not in outputs:
        raise BadEnvironment(f"stage {flags.stage} has no Spark: deploy it with SparkFeatures=ENABLED.")
    stores = open_stores(environment_of(outputs))
    cluster = Cluster(outputs["SparkApplicationId"], outputs["SparkRoleArn"])
    asked = Asked(flags.first_date, flags.run_date, flags.label_delay_days)
    rows = build_on_spark(asked, cluster, stores, boto3.client("emr-serverless"), _say)
    _say(f"rows are in {stores.objects.uri}/{rows}: they are committed now")
    report = stage_rows(StageFraudFeatures(flags.run_date, flags.first_date, rows), stores)
    sys.stdout.write(json.dumps(report.to_dict(), default=str) + "\n")


def take_away(flags: argparse.Namespace) -> None:
    """Delete a stage that was kept."""
    _remove(f"netlift-{flags.stage}")


def _models(stage: str) -> ModelStore:
    return open_home(environment_of(outputs_of(boto3.client, f"netlift-{stage}"))).models


def _remove(stack: str) -> None:
    remove(boto3.client, stack, lambda: _sam(delete_words(_SMOKE, stack)), _say)


def _sam(words: Sequence[str]) -> None:
    if not SAM.is_file():
        raise BadEnvironment(f"{SAM.relative_to(ROOT)} is not there: run 'make tools', which makes it from its lock.")
    _say(" ".join(["sam", *words[1:]]))
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    ended = subprocess.run(words, cwd=ROOT, env=environment, check=False)  # noqa: S603  our own words
    if ended.returncode:
        raise BadEnvironment(f"sam {words[1]} ended with {ended.returncode}: what it said stands above.")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _image(text: str) -> str:
    if not _IMAGE.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no image in Amazon ECR with a tag or digest: 'make image' pushes one and prints it"
        )
    return text


def _smoke_stage(text: str) -> str:
    # what holds a team's data is not deleted by a mistyped word
    if not re.fullmatch(rf"{_SMOKE}[0-9a-f]{{4}}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no stage of a smoke test, such as {_SMOKE}1a2b")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.account", description=(__doc__ or "").split(": ", 1)[1])
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("deploy", help="build and deploy a stage of samconfig.toml")
    one.add_argument("--stage", required=True, help="a stage of samconfig.toml: dev or prod")
    one.add_argument("--yes", action="store_true", help="do not wait for a yes, even where samconfig.toml says so")
    one.set_defaults(act=deploy)
    two = verbs.add_parser("smoke", help="deploy a stage of its own, run a night of 1,000 customers, delete everything")
    two.add_argument("--keep", action="store_true", help="do not delete it, to look at what is there")
    two.set_defaults(act=try_out)
    for verb in (one, two):
        verb.add_argument("--image-uri", type=_image, required=True, help="the image, as make image printed it")
        add_parameter(verb, "a parameter over those of samconfig.toml, such as JobSize=large")
    four = verbs.add_parser("train", help="start what the weekly schedule of a stage starts, and follow it")
    four.set_defaults(act=train)
    five = verbs.add_parser("candidates", help="newly trained models that pass their gates, as one JSON list")
    five.set_defaults(act=list_candidates)
    six = verbs.add_parser("promote", help="put a candidate to work that somebody approved")
    six.add_argument("--kind", required=True, help="what the model is for, such as fraud")
    six.add_argument("--version", required=True, help="which version")
    six.add_argument("--who", required=True, help="who approved it")
    six.add_argument("--why", required=True, help="where the approval can be read")
    six.set_defaults(act=put_to_work)
    seven = verbs.add_parser("spark", help="build fraud features of many days on EMR Serverless, and commit them")
    seven.add_argument("--first-date", type=date.fromisoformat, required=True, help="first day, YYYY-MM-DD")
    seven.add_argument("--run-date", type=date.fromisoformat, required=True, help="last day, YYYY-MM-DD")
    seven.add_argument("--label-delay-days", type=int, default=7, help="as build-fraud-features takes it (default 7)")
    seven.set_defaults(act=features_on_spark)
    for verb in (four, five, six, seven):
        verb.add_argument("--stage", required=True, help="name of the deployed stage")
    three = verbs.add_parser("remove", help="delete a stage of a smoke test that was kept")
    three.add_argument("--stage", type=_smoke_stage, required=True, help="its name, such as smoke1a2b")
    three.set_defaults(act=take_away)
    return parser


def _act(flags: argparse.Namespace) -> None:
    stage = getattr(flags, "stage", _SMOKE)
    where = region(_SMOKE if stage.startswith(_SMOKE) else config_env(stage))
    # one region for sam, for boto3 and for netlift: that of samconfig.toml
    os.environ.update({"AWS_REGION": where, "AWS_DEFAULT_REGION": where})
    flags.act(flags)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what is asked; a named failure is one sentence on stderr."""
    flags = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    return guarded(lambda: _act(flags))


if __name__ == "__main__":
    sys.exit(main())
