"""moto denies all where a policy denies what comes without TLS, since it takes no condition of a denial into account.

The local cloud stands for one that is reached by TLS: such a denial is none of its callers'.
"""

from functools import cache
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from infra.local.mends.pinned import expect_moto

TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}

_original = IAMPolicyStatement.is_action_permitted


@cache
def apply() -> None:
    """Pass over denials of what comes without TLS.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or passes over them by itself.
    """
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": TLS_ONLY}
    said = IAMPolicyStatement(denial).is_action_permitted("s3:PutObject", "arn:aws:s3:::bucket/key")
    expect_moto(__name__, said == PermissionResult.DENIED)
    IAMPolicyStatement.is_action_permitted = _is_action_permitted


def _is_action_permitted(self: IAMPolicyStatement, *args: Any, **kwargs: Any) -> PermissionResult:
    if self._statement.get("Effect") == "Deny" and self._statement.get("Condition") == TLS_ONLY:
        return PermissionResult.NEUTRAL
    return _original(self, *args, **kwargs)
