"""Handlers that keep the contract of the chain's functions, and do next to nothing."""

import json
import os
from typing import Any

import boto3
from botocore.exceptions import ClientError

from jobs.errors import BadFile, BadRequest, NoInput, StorageUnavailable


def plan(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """List three steps, or plan one of them."""
    if "run_id" in event:
        _put("toy/counted")
        return {"left": 2, "parts": [0, 1], "array_size": 2}
    if "verb" not in event:
        verbs, run_date = ("sharded", "done", "dry"), event["event"]["run_date"]
        if run_date == "refused":
            raise BadRequest("there is no such day: give one.")
        return {"run_date": run_date, "steps": [{"verb": v, "kind": "k", "run_date": run_date} for v in verbs]}
    if event["run_date"] == "strange":
        return {**event, "state": "half planned", "shards": []}
    if event["run_date"] == "old":
        small = {"engine": "lambda", "array_size": 1, "shards": [0]}
        return {**event, "state": "planned", **small, "fan_out": False, "run_id": "run-old", "attempt": 1}
    state = {"sharded": "planned", "done": "already done", "dry": "no input"}[event["verb"]]
    planned = {"engine": "lambda", "array_size": 3, "shards": [0, 1, 2], "fan_out": event["run_date"] == "large"}
    return {**event, "state": state, **planned, "run_id": f"run-{event['run_date']}", "attempt": 1}


def work(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work a shard; the third fails at its first attempt, and the second for good in a broken night.

    A large night is shared out, and worked in parts, before.
    """
    if event.get("phase") in {"share", "part"}:
        _put(f"toy/{event['phase']}-{event['shard']}")
        return {"parts": "prices that must not travel"}
    if event["run_id"] == "run-old":
        raise NoInput("transactions: there is no row of these days: load them.")
    if event["run_id"] == "run-broken" and event["shard"] == 1:
        raise BadFile("shard 1 is truncated: write it again.")
    if event["shard"] == 2 and _put("tried", IfNoneMatch="*"):
        raise StorageUnavailable("S3 answered 503: try again.")
    _put(f"toy/shard-{event['shard']}")
    return {"rows": "rows of customers that must not travel"}


def finish(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Finish the run and keep how many shards were there."""
    listed = boto3.client("s3").list_objects_v2(Bucket=_bucket(), Prefix="toy/shard-")
    _put(f"toy/finish-after-{listed['KeyCount']}")
    counts = {"rows_in": 3, "rows_quarantined": 0, "rows_out": {"toys": 3}, "seconds": 0.1}
    return {"run_id": event["run_id"], **counts}


def fail(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Keep that the attempt was ended, and name its failure."""
    _put(f"toy/failed-{event['run_id']}-{event['attempt']}")
    sentence = json.loads(event["failure"]["Cause"])["errorMessage"]
    return {"error": event["failure"]["Error"], "cause": sentence}


def page(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Keep that a page was asked for, and how many steps it is of."""
    if event["run_date"] == "pageless":
        raise BadFile("the partners' file is truncated: write it again.")
    _put(f"toy/page-of-{len(event['runs'])}")
    return {"run_date": event["run_date"], "page": "s3://bucket/night.html"}


def _put(key: str, **conditions: str) -> bool:
    try:
        boto3.client("s3").put_object(Bucket=_bucket(), Key=key, Body=b"", **conditions)
    except ClientError:
        return False
    return True


def _bucket() -> str:
    return os.environ["NETLIFT_HOME"].removeprefix("s3://").split("/")[0]
