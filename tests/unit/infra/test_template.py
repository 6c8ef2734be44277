"""The template keeps its promises: least privilege, nothing public, what the code reads is set."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.local.deployment import NIGHTLY, ROOT


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: ``!Sub x`` becomes {"Sub": x}."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: {tag: _plain(loader, node)})


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


TEXT = (ROOT / "template.yaml").read_text()
TEMPLATE: dict[str, Any] = yaml.load(TEXT, _Loader)
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def _of(kind: str) -> dict[str, dict[str, Any]]:
    return {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == kind}


def _statements(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        if "Statement" in document:
            yield from document["Statement"]
        for value in document.values():
            yield from _statements(value)
    elif isinstance(document, list):
        for value in document:
            yield from _statements(value)


def _too_wide(resources: Any) -> list[str]:
    """What is wrong with the statements that allow something."""
    found = []
    for statement in _statements(resources):
        if statement["Effect"] != "Allow":
            continue
        actions = statement.get("Action", "*")
        found += [f"action {a}" for a in ([actions] if isinstance(actions, str) else actions) if "*" in a]
        if actions == ["sts:AssumeRole"]:
            continue  # a trust policy: its resource is the role it is written in
        named = statement.get("Resource", "*")
        found += [f"resource {r}" for r in (named if isinstance(named, list) else [named]) if not _is_named(r)]
    return found


def _is_named(resource: Any) -> bool:
    if isinstance(resource, dict) and "Sub" in resource:
        return "${" in resource["Sub"]
    return isinstance(resource, dict) or resource.startswith("arn:")


def test_every_statement_names_its_actions_and_resources() -> None:
    assert len(list(_statements(RESOURCES))) > 10
    assert _too_wide(RESOURCES) == []


@pytest.mark.parametrize(
    "planted",
    [
        {"Effect": "Allow", "Action": "s3:*", "Resource": {"GetAtt": "HomeBucket.Arn"}},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [{"Sub": "*"}]},
        {"Effect": "Allow", "Action": ["s3:GetObject"]},
    ],
)
def test_a_planted_wildcard_is_found(planted: dict[str, Any]) -> None:
    assert _too_wide({"Policy": {"Statement": [planted]}})


def test_buckets_are_encrypted_versioned_closed_and_kept() -> None:
    (name,) = _of("AWS::S3::Bucket")
    bucket = RESOURCES[name]["Properties"]
    assert RESOURCES[name]["DeletionPolicy"] == "Retain"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (policy,) = _of("AWS::S3::BucketPolicy").values()
    (tls,) = policy["PolicyDocument"]["Statement"]
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    (tables,) = (r for r in RESOURCES.values() if r["Type"] == "AWS::S3Tables::TableBucket")
    assert tables["DeletionPolicy"] == "Retain"


def test_every_function_is_a_handler_of_this_repository_with_a_log_group_that_ends() -> None:
    functions = _of("AWS::Serverless::Function")
    handlers = {f.get("Handler") or f["ImageConfig"]["Command"][0] for f in functions.values()}
    assert handlers == {"functions.plan_shards.handler", "functions.run_shard.handler", "functions.finish_run.handler"}
    for handler in handlers:
        assert (ROOT / (handler.rpartition(".")[0].replace(".", "/") + ".py")).is_file()
    groups = _of("AWS::Logs::LogGroup")
    assert {f["LoggingConfig"]["LogGroup"]["Ref"] for f in functions.values()} == set(groups)
    assert all("RetentionInDays" in group for group in groups.values())


def test_the_state_machine_is_given_every_substitution_it_has_and_no_other() -> None:
    (machine,) = _of("AWS::Serverless::StateMachine").values()
    assert ROOT / machine["DefinitionUri"] == NIGHTLY
    assert set(machine["DefinitionSubstitutions"]) == set(re.findall(r"\$\{(\w+)\}", NIGHTLY.read_text()))


def test_the_schedule_starts_the_night_with_an_event_like_the_example() -> None:
    (schedule,) = _of("AWS::Scheduler::Schedule").values()
    given = json.loads(schedule["Target"]["Input"])
    assert given == {"scheduled_at": "<aws.scheduler.scheduled-time>"}
    assert set(given) == set(json.loads((ROOT / "events" / "nightly.json").read_text()))


def test_there_are_no_anchors_which_cloudformation_does_not_read() -> None:
    assert not re.search(r":\s+[&*][a-z]", TEXT)
