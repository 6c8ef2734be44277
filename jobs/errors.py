"""Every failure we name, its exit code, and whether a retry can help.

The class name is the contract with the state machine: it retries ``retryable`` errors by name and
stops on all others. The message is the contract with a person: what, where, and what to do.
"""

from typing import ClassVar


class NetliftError(Exception):
    """Base of every failure that netlift names."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class BadFile(NetliftError):
    """A file that cannot be read at all: empty, truncated, not what its name says."""

    exit_code = 10


class BadSchema(NetliftError):
    """A file whose columns are not the declared ones: missing, or of another type."""

    exit_code = 11


class BadRows(NetliftError):
    """Rows that break their table's rules and cannot be set aside one by one."""

    exit_code = 12


class BadCampaign(NetliftError):
    """A campaign file that does not say what it must."""

    exit_code = 13


class UnknownCampaign(NetliftError):
    """A campaign that has no file."""

    exit_code = 14


class UnknownModel(NetliftError):
    """A model kind or version that was never registered, or has no champion."""

    exit_code = 15


class TamperedModel(NetliftError):
    """A model file whose digest is not the one in its card."""

    exit_code = 16


class RetiredModel(NetliftError):
    """A version of a model that was retired: nothing scores with it any more."""

    exit_code = 27


class NotApproved(NetliftError):
    """A model that nobody approved, or whose proposer would approve it himself."""

    exit_code = 28


class NoInput(NetliftError):
    """A job that found none of the files it reads."""

    exit_code = 17


class ExportRefused(NetliftError):
    """A portable scorer that does not predict what the fitted model predicts."""

    exit_code = 18


class BadTrial(NetliftError):
    """A trial that cannot answer the question: one arm, no control rows, too few rows."""

    exit_code = 19


class RunBusy(NetliftError):
    """Another process holds the lease of the same run."""

    exit_code = 20
    retryable = True


class RunLost(NetliftError):
    """An attempt that is no longer the newest of its run: it may not commit."""

    exit_code = 21


class RowsLost(NetliftError):
    """A run whose rows in are not its rows used plus its rows quarantined."""

    exit_code = 22


class BadExperiment(NetliftError):
    """An experiment file that does not say what it must, or says other things than at the start without a reason."""

    exit_code = 23


class UnknownExperiment(NetliftError):
    """An experiment that has no file."""

    exit_code = 24


class TamperedReadout(NetliftError):
    """A stored reading that is gone, or is not the one that its run reported."""

    exit_code = 25


class NotReproduced(NetliftError):
    """A stored reading in whose statistics this version finds other figures."""

    exit_code = 26


class StorageUnavailable(NetliftError):
    """A store that did not answer, or answered that it cannot now."""

    exit_code = 30
    retryable = True


class CommitUnknown(NetliftError):
    """A commit whose outcome could not be learnt."""

    exit_code = 31
    retryable = True


class ObjectMissing(NetliftError):
    """An object that was asked for by its key and is not there."""

    exit_code = 32


class FeaturesMissing(NetliftError):
    """Features that the night should have written online, and that are not there or too old to be used."""

    exit_code = 33


class BadEnvironment(NetliftError):
    """A machine or account that lacks what a command needs."""

    exit_code = 40


class NoCredentials(BadEnvironment):
    """AWS credentials that are missing, expired, or no account's."""

    exit_code = 41


class NotPermitted(BadEnvironment):
    """An action that the credentials' role may not do."""

    exit_code = 42


class NotDeployed(BadEnvironment):
    """A bucket, table bucket, queue or image that is named and does not exist."""

    exit_code = 43


class BadRequest(NetliftError):
    """A request whose values are not allowed."""

    exit_code = 2


class BadField(BadRequest):
    """A field of a request whose value is not allowed where its form is."""

    exit_code = 3

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
