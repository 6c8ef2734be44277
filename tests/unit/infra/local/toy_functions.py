"""Handlers whose behaviour is known, for the tests of the local cloud."""

import os
import time
from collections import Counter
from typing import Any

import boto3

from jobs.errors import BadFile, RunBusy, StorageUnavailable

_calls: Counter[str] = Counter()


def echo(event: Any, context: Any) -> dict[str, Any]:
    """Answer with the event and what the handler sees of its surroundings."""
    print("echo was called")
    return {
        "event": event,
        "name": context.function_name,
        "home": os.environ["NETLIFT_HOME"],
        "pid": os.getpid(),
        "remaining_ms": context.get_remaining_time_in_millis(),
    }


def put(event: dict[str, str], context: Any) -> dict[str, int]:
    """Call back into the cloud that invoked this."""
    bucket = os.environ["NETLIFT_HOME"].removeprefix("s3://").split("/")[0]
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key=event["key"], Body=b"x")
    return {"objects": s3.list_objects_v2(Bucket=bucket)["KeyCount"]}


def misbehave(event: dict[str, Any], context: Any) -> Any:
    """Fail in the way that the event asks for."""
    match event["how"]:
        case "bad file":
            raise BadFile("inputs/customers/a.parquet is empty: write it again.")
        case "busy once":
            _calls["busy"] += 1
            if _calls["busy"] == 1:
                raise StorageUnavailable("S3 answered 503: try again.")
            return {"calls": _calls["busy"]}
        case "busy":
            raise RunBusy("held by another")
        case "die":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), 9)
        case "hang":
            time.sleep(60)
        case "no json":
            return object()
    return {}
