"""moto's CloudFormation makes no policies of buckets, queues and topics: put them through each service's API."""

import json
from functools import cache
from typing import Any

from infra.local.resource_types import Made, Make, add_lacking, call


@cache
def apply() -> None:
    """Put policies of buckets, queues and topics."""
    kinds: dict[str, tuple[str, Make]] = {
        "AWS::S3::BucketPolicy": ("", _bucket),
        "AWS::SQS::QueuePolicy": ("", _queue),
        "AWS::SNS::TopicPolicy": ("", _topic),
    }
    add_lacking(__name__, kinds)


def _bucket(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    bucket = properties["Bucket"]
    call("s3", "PutBucketPolicy", {"Bucket": bucket, "Policy": _policy(properties)})
    return Made(bucket, remove=lambda: call("s3", "DeleteBucketPolicy", {"Bucket": bucket}))


def _queue(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    for url in properties["Queues"]:
        call("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": _policy(properties)}})
    return Made(properties["Queues"][0])


def _topic(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    for arn in properties["Topics"]:
        policy = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": _policy(properties)}
        call("sns", "SetTopicAttributes", policy)
    return Made(properties["Topics"][0])


def _policy(properties: dict[str, Any]) -> str:
    return json.dumps(properties["PolicyDocument"])
