"""The descriptions of AWS services, read from disk once for all tests of a process.

Every boto3 session reads them anew, a fifth of a second for each client; homes of tests have sessions of their own.
"""

from typing import Any

from botocore.loaders import JSONFileLoader

_read = JSONFileLoader.load_file
_known: dict[str, Any] = {}


def share_aws_models() -> None:
    """Let all sessions of this process share what they read; within a session botocore shares it itself."""

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        found = _known.get(file_path)
        if found is None:
            found = _known[file_path] = _read(self, file_path)
        return found

    JSONFileLoader.load_file = load_file
