"""Online records in a DynamoDB table: one item a record, conditions and transactions for what happens once."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import uuid4

import boto3
from botocore import exceptions as aws
from botocore.config import Config

from jobs.errors import NotDeployed, StorageUnavailable
from jobs.storage.aws_errors import error_code, named
from jobs.storage.online import CHANGED_KEYS, EXPIRES_AT, READ_KEYS, TOKEN, Record, check_keys

_BATCH = 25
_WRITERS = 8
_TRIES = 8
_REFUSED = "ConditionalCheckFailed"
_BUSY = {
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "TransactionConflict",
    "TransactionInProgressException",
}


def dynamodb_client(timeout_s: float = 2.0) -> Any:
    """Return a client that gives up soon: somebody is waiting at a till."""
    settings = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        max_pool_connections=_WRITERS,
        tcp_keepalive=True,
    )
    return boto3.Session().client("dynamodb", config=settings)


class DynamoDbRecords:
    """Online records of a table whose key is ``id``, a text, and whose time to live is ``expires_at``.

    Parameters
    ----------
    table : str
        Name of the table.
    clock : callable
        Returns the moment, in UTC; DynamoDB removes what has expired only after a while.
    client : DynamoDB client, optional
        By default one from :func:`dynamodb_client`.
    """

    def __init__(self, table: str, clock: Callable[[], datetime], client: Any = None) -> None:
        self._table = table
        self._clock = clock
        with self._named_errors("opening"):
            self._client = client or dynamodb_client()

    @property
    def uri(self) -> str:
        """Address of the table."""
        return f"dynamodb://{self._table}"

    def read(self, keys: Sequence[str]) -> dict[str, dict[str, int | str]]:
        """Return the records of `keys`; one that is absent or expired is left out."""
        check_keys(keys, READ_KEYS)
        asked = {self._table: {"Keys": [{"id": {"S": key}} for key in dict.fromkeys(keys)], "ConsistentRead": True}}
        found: dict[str, dict[str, int | str]] = {}
        now = self._now()
        for attempt in range(_TRIES):
            if not asked:
                return found
            self._pause(attempt)
            with self._named_errors("reading"):
                answer = self._client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self._table, ()):
                record = {name: _value(value) for name, value in item.items()}
                key = str(record.pop("id"))
                if int(record.get(EXPIRES_AT, now + 1)) > now:
                    found[key] = record
            asked = answer.get("UnprocessedKeys") or {}
        raise self._busy("reading")

    def write(self, records: Iterable[tuple[str, Record]]) -> int:
        """Write records in the place of what stands there, and return how many; several requests at once."""
        count = 0
        remaining = iter(records)
        with ThreadPoolExecutor(_WRITERS) as writers:
            # Whole rounds, so that memory holds one round whatever the records come from.
            while batches := list(_batches(islice(remaining, _BATCH * _WRITERS * 4))):
                count += sum(writers.map(self._write_batch, batches))
        return count

    def swap(self, key: str, record: Record, token: str | None) -> bool:
        """Write a record if the one that stands there holds `token`; None: if there is none."""
        check_keys([key], 1)
        try:
            with self._named_errors("writing"):
                self._client.put_item(TableName=self._table, Item=_item(key, record), **self._expecting(token))
        except _Refused:
            # It may be our own that stands in the way, written by a try whose answer was lost.
            return TOKEN in record and self.read([key]).get(key, {}).get(TOKEN) == record[TOKEN]
        return True

    def add_once(
        self,
        key: str,
        record: Record,
        *,
        added: Mapping[str, Mapping[str, int]],
        set_to: Mapping[str, Mapping[str, str]],
        expires_at: int,
    ) -> bool:
        """Write a record if there is none under `key`, and change others with it, all or nothing."""
        others = list(dict.fromkeys([*added, *set_to]))
        check_keys([key, *others], CHANGED_KEYS)
        first = {"TableName": self._table, "Item": _item(key, {**record, EXPIRES_AT: expires_at})}
        steps: list[dict[str, Any]] = [{"Put": {**first, **self._expecting(None)}}]
        for other in others:
            update = _update(added.get(other, {}), {**set_to.get(other, {}), EXPIRES_AT: expires_at})
            steps.append({"Update": {"TableName": self._table, "Key": {"id": {"S": other}}, **update}})
        # One token for all tries: an answer that was lost is given again, and nothing is added twice.
        request_token = str(uuid4())
        for attempt in range(_TRIES):
            self._pause(attempt)
            try:
                with self._named_errors("changing"):
                    self._client.transact_write_items(TransactItems=steps, ClientRequestToken=request_token)
            except _Refused:
                return False
            except _Conflict:
                continue
            return True
        raise self._busy("changing")

    def _write_batch(self, batch: list[tuple[str, Record]]) -> int:
        for key, _ in batch:
            check_keys([key], 1)
        # Of two records under one key the later one stands; DynamoDB takes a key once a request.
        puts = [{"PutRequest": {"Item": _item(key, record)}} for key, record in dict(batch).items()]
        asked = {self._table: puts}
        for attempt in range(_TRIES):
            if not asked:
                return len(batch)
            self._pause(attempt)
            with self._named_errors("writing"):
                asked = self._client.batch_write_item(RequestItems=asked).get("UnprocessedItems") or {}
        if not asked:
            return len(batch)
        raise self._busy("writing")

    def _expecting(self, token: str | None) -> dict[str, Any]:
        if token is not None:
            return {
                "ConditionExpression": "#token = :token",
                "ExpressionAttributeNames": {"#token": TOKEN},
                "ExpressionAttributeValues": {":token": {"S": token}},
            }
        return {
            "ConditionExpression": "attribute_not_exists(#id) OR #expires_at <= :now",
            "ExpressionAttributeNames": {"#id": "id", "#expires_at": EXPIRES_AT},
            "ExpressionAttributeValues": {":now": {"N": str(self._now())}},
        }

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _pause(self, attempt: int) -> None:
        if attempt:
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  jitter, not a secret

    def _busy(self, doing: str) -> StorageUnavailable:
        return StorageUnavailable(f"{doing} {self.uri}: DynamoDB was busy {_TRIES} times in a row: try again.")

    @contextmanager
    def _named_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (aws.ClientError, aws.BotoCoreError) as error:
            raise self._ours(error, doing) from error

    def _ours(self, error: aws.ClientError | aws.BotoCoreError, doing: str) -> Exception:
        what = f"{doing} {self.uri}"
        if not isinstance(error, aws.ClientError):
            return named(error, what)
        code = error_code(error)
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
        if code == "ConditionalCheckFailedException" or _REFUSED in reasons:
            return _Refused(what)
        if reasons & _BUSY or code in _BUSY:
            return _Conflict(what)
        if code == "ResourceNotFoundException":
            return NotDeployed(f"{what}: there is no such table: deploy template.yaml, or correct NETLIFT_ONLINE.")
        return named(error, what)


class _Refused(Exception):
    """The condition of a write did not hold."""


class _Conflict(StorageUnavailable):
    """Somebody else was changing the same record, or the table is busy."""


def _batches(records: Iterable[tuple[str, Record]]) -> Iterator[list[tuple[str, Record]]]:
    remaining = iter(records)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _item(key: str, record: Record) -> dict[str, dict[str, str]]:
    return {"id": {"S": key}, **{name: _attribute(value) for name, value in record.items()}}


def _attribute(value: int | str) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _value(attribute: Mapping[str, str]) -> int | str:
    return int(attribute["N"]) if "N" in attribute else attribute["S"]


def _update(added: Mapping[str, int], set_to: Mapping[str, int | str]) -> dict[str, Any]:
    """Parts of an UpdateItem; names go in by number, for an id may hold what an expression must not."""
    names: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    clauses: dict[str, list[str]] = {"ADD": [], "SET": []}
    for verb, fields, sign in (("ADD", added, " "), ("SET", set_to, " = ")):
        for name, value in fields.items():
            n = len(names)
            names[f"#f{n}"], values[f":v{n}"] = name, _attribute(value)
            clauses[verb].append(f"#f{n}{sign}:v{n}")
    text = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
    return {
        "UpdateExpression": text,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
