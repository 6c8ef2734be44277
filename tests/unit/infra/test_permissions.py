"""Least privilege: every statement of every role names its actions and its resources."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.infra.templates import TRANSFORMED, everything, of_type

ON_ALL = {
    "batch:DescribeJobs": "Batch knows no resource for it",
    "ecr:GetAuthorizationToken": "a login to the registry is of no repository",
    "logs:CreateLogDelivery": "deliveries of logs that other services write know no resource",
    "logs:DeleteLogDelivery": "the same",
    "logs:DescribeLogGroups": "the same; Step Functions asks for it when logging is set",
    "logs:DescribeResourcePolicies": "the same",
    "logs:GetLogDelivery": "the same",
    "logs:ListLogDeliveries": "the same",
    "logs:PutResourcePolicy": "the same",
    "logs:UpdateLogDelivery": "the same",
    "xray:GetSamplingRules": "X-Ray knows no resource for a trace",
    "xray:GetSamplingTargets": "the same",
    "xray:PutTelemetryRecords": "the same",
    "xray:PutTraceSegments": "the same",
}
"""Actions that AWS allows on all resources or on none, each with the reason why it has no resource."""


def _statements(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        if "Statement" in document:
            found = document["Statement"]
            yield from found if isinstance(found, list) else [found]
        for value in document.values():
            yield from _statements(value)
    elif isinstance(document, list):
        for value in document:
            yield from _statements(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _too_wide(document: Any) -> list[str]:
    """What is wrong with the statements that allow something."""
    found = []
    for statement in _statements(document):
        if statement["Effect"] != "Allow":
            continue
        if "NotAction" in statement or "NotResource" in statement:
            found.append("what it does not allow is named, instead of what it allows")
        actions = _listed(statement.get("Action", "*"))
        found += [f"action {action}" for action in actions if "*" in action]
        if "Principal" in statement:
            principals = statement["Principal"]
            found += ["anybody"] if principals == "*" or "*" in str(principals.get("AWS", "")) else []
            if actions == ["sts:AssumeRole"]:
                continue  # a trust policy: its resource is the role it is written in
        if all(action in ON_ALL for action in actions):
            continue
        found += [f"resource {r}" for r in _listed(statement.get("Resource", "*")) if not _is_named(r)]
    return found


def _is_named(resource: Any) -> bool:
    if isinstance(resource, dict):
        text = resource.get("Fn::Sub", "named")
        if not isinstance(text, str):
            return False
        if re.fullmatch(r"\$\{(\w+\.)?\w*A(rn|RN)\}(/.+)?", text):
            return True  # what lies under the ARN of a resource of this template, or of one that it is given
    else:
        text = resource
    if text == "named":
        return set(resource) <= {"Ref", "Fn::GetAtt"}
    parts = text.split(":", 5)
    return len(parts) == 6 and parts[0] == "arn" and "*" not in "".join(parts[:5]) and not parts[5].startswith("*")


def test_every_statement_names_its_actions_and_resources() -> None:
    assert len(list(_statements(everything()))) > 25
    assert _too_wide(everything()) == []


def test_what_may_be_done_on_all_resources_stands_alone_and_is_used() -> None:
    """A statement on all resources holds nothing else, and the list has no entry that nobody needs."""
    on_all = [s for s in _statements(everything()) if s["Effect"] == "Allow" and _listed(s.get("Resource")) == ["*"]]
    assert {action for statement in on_all for action in statement["Action"]} == set(ON_ALL)


@pytest.mark.parametrize(
    "planted",
    [
        {"Effect": "Allow", "Action": "s3:*", "Resource": {"Fn::GetAtt": ["HomeBucket", "Arn"]}},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [{"Fn::Sub": "*"}]},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [{"Fn::Sub": "arn:aws:sqs:*:*:*"}]},
        {"Effect": "Allow", "Action": ["s3:GetObject"]},
        {"Effect": "Allow", "Action": ["batch:DescribeJobs", "batch:SubmitJob"], "Resource": ["*"]},
        {"Effect": "Allow", "NotAction": ["iam:CreateUser"], "Resource": ["arn:aws:s3:::a"]},
        {"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"]},
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sns:Publish"], "Resource": [{"Ref": "Reports"}]},
    ],
    ids=lambda planted: json.dumps(planted)[20:70],
)
def test_a_planted_wildcard_is_found(planted: dict[str, Any]) -> None:
    planted_in = json.loads(json.dumps(TRANSFORMED["Resources"]))
    planted_in["ChainRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(planted)
    assert _too_wide(planted_in)


def test_every_role_is_assumed_by_one_service_and_no_function_has_anothers_log() -> None:
    for name, role in of_type("AWS::IAM::Role").items():
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert list(trust["Principal"]) == ["Service"], name
    for name, function in of_type("AWS::Lambda::Function").items():
        role = of_type("AWS::IAM::Role")[function["Role"]["Fn::GetAtt"][0]]
        [logs] = [s for s in _statements(role["Policies"]) if "logs:PutLogEvents" in s["Action"]]
        assert logs["Resource"] == [{"Fn::GetAtt": [f"{name}Logs", "Arn"]}]


def test_nothing_may_be_deleted_but_what_spark_wrote_on_the_way() -> None:
    allowed = [
        (action, json.dumps(s["Resource"]))
        for s in _statements(everything())
        if s["Effect"] == "Allow" and "Resource" in s
        for action in _listed(s["Action"])
        if "Delete" in action
    ]
    assert sorted(allowed) == [
        ("logs:DeleteLogDelivery", '["*"]'),
        ("s3:DeleteObject", '[{"Fn::Sub": "${HomeBucketArn}/netlift/spark/*"}]'),
    ]
