"""Anybody's transactions, in the form that features are built from; rows that cannot be used are set aside."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadRows, BadSchema
from jobs.science.fraud.engine import DAY_S
from jobs.tables.inputs import AMOUNT

MOMENT = pa.timestamp("us", tz="UTC")
NEEDED = ("id", "customer", "partner", "amount", "time", "label")
_ISO = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_YES, _NO = ("1", "1.0", "true", "t", "yes", "y"), ("0", "0.0", "false", "f", "no", "n")


@dataclass(frozen=True)
class TransactionColumns:
    """Which column of a file says what.

    Parameters
    ----------
    id, customer, partner, amount, time, label : str
        Names of columns. A time is a timestamp, text such as 2024-05-31 12:00:00 (UTC without a zone), or
        epoch seconds; a label is 0 or 1, or true or false.
    known_at : str or None
        Column of the moment at which a label became known; without it the label delay says so.
    group : str or None
        Column of a group of customers whose false positives are held against those of the others.
    """

    id: str
    customer: str
    partner: str
    amount: str
    time: str
    label: str
    known_at: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Intake:
    """Transactions that can be used, in the order of time and id.

    Parameters
    ----------
    transactions : pyarrow.Table
        Rows of the declared table ``transactions``.
    fraud_reports : pyarrow.Table
        Rows of the declared table ``fraud_reports``, one a fraud.
    is_fraud : ndarray of shape (n_transactions,)
        The truth, as the file has it.
    known_s : ndarray of shape (n_transactions,)
        Epoch second at which a fraud is known.
    group : pyarrow.Array or None
        Group of each row.
    rows_in : int
        Rows of the file.
    set_aside : mapping of str to int
        Rows that were not used, by reason.
    """

    transactions: pa.Table
    fraud_reports: pa.Table
    is_fraud: NDArray[np.bool_]
    known_s: NDArray[np.int64]
    group: pa.Array | None
    rows_in: int
    set_aside: Mapping[str, int]


def columns_named(text: str) -> dict[str, str]:
    """Read what ``--columns`` says.

    Examples
    --------
    >>> columns_named("id=tx,customer=card,partner=shop,amount=eur,time=at,label=fraud")["partner"]
    'shop'

    Raises
    ------
    BadRequest
        If a name is missing, unknown or given twice.
    """
    named: dict[str, str] = {}
    for part in text.split(","):
        name, _, column = (piece.strip() for piece in part.partition("="))
        if name not in (*NEEDED, "group") or not column:
            raise BadRequest(
                f"--columns has {part.strip()!r}; write {','.join(f'{n}=COLUMN' for n in NEEDED)}, and group=COLUMN "
                f"if there is one."
            )
        if name in named:
            raise BadRequest(f"--columns names {name} twice, {named[name]!r} and {column!r}; name it once.")
        named[name] = column
    if missing := [name for name in NEEDED if name not in named]:
        raise BadRequest(f"--columns does not say which column is the {missing[0]}; add {missing[0]}=COLUMN.")
    return named


def take_in(rows: pa.Table, columns: TransactionColumns, *, label_delay_days: int, file: str) -> Intake:
    """Bring a file's rows into the declared form.

    Parameters
    ----------
    rows : pyarrow.Table
        The file.
    columns : TransactionColumns
        Which column says what.
    label_delay_days : int
        Days after which a label without a moment of its own is known.
    file : str
        Name of the file, for messages.

    Returns
    -------
    Intake
        What can be used; a row counts for the first reason that sets it aside.

    Raises
    ------
    BadSchema
        If a column is missing or of a type that cannot be read.
    BadRows
        If no row is left.
    """
    ids, customers, partners = (_text(rows, getattr(columns, n), n, file) for n in ("id", "customer", "partner"))
    moment = _moment(rows, columns.time, "time", file)
    amount = _number(rows, columns.amount, file)
    label = _label(rows, columns.label, file)
    known = None if columns.known_at is None else _moment(rows, columns.known_at, "known-at", file)
    occurred_us = np.asarray(pc.fill_null(moment.cast(pa.int64()), 0))
    due_us = occurred_us + label_delay_days * DAY_S * 1_000_000
    known_us = due_us if known is None else np.asarray(pc.fill_null(known.cast(pa.int64()), pa.array(due_us)))
    fraud = np.asarray(pc.fill_null(label, False))
    eur = np.asarray(pc.fill_null(amount, np.nan))
    reasons = {
        "no id": _missing(ids),
        "no customer": _missing(customers),
        "no partner": _missing(partners),
        "no time that can be read": _missing(moment),
        "no amount": np.isnan(eur),
        "a negative amount": eur < 0,
        f"an amount above {AMOUNT.high:,.0f}": eur > (AMOUNT.high or np.inf),
        "no label": _missing(label),
        "a label before its transaction": fraud & (known_us < occurred_us),
    }
    left = np.ones(rows.num_rows, dtype=bool)
    set_aside: dict[str, int] = {}
    for reason, bad in reasons.items():
        _set_aside(set_aside, reason, left, bad)
    twice = np.zeros(rows.num_rows, dtype=bool)
    kept = np.flatnonzero(left)
    codes = pc.dictionary_encode(ids.take(pa.array(kept))).indices.to_numpy(zero_copy_only=False)
    twice[np.delete(kept, np.unique(codes, return_index=True)[1])] = True
    _set_aside(set_aside, "an id that stood there before", left, twice)
    if not left.any():
        said = ", ".join(f"{count:,} {reason}" for reason, count in set_aside.items())
        raise BadRows(f"{file}: none of its {rows.num_rows:,} rows can be used ({said}); check --columns.")
    table = pa.table(
        {
            "transaction_id": ids,
            "customer_id": customers,
            "partner_id": partners,
            "occurred_at": moment,
            "amount_eur": pa.array(eur),
            "is_fraud": pa.array(fraud),
            "known_us": pa.array(known_us),
            "group": pa.nulls(rows.num_rows) if columns.group is None else _column(rows, columns.group, "group", file),
        }
    )
    table = table.filter(pa.array(left)).sort_by([("occurred_at", "ascending"), ("transaction_id", "ascending")])
    is_fraud = table["is_fraud"].to_numpy()
    reports = table.filter(table["is_fraud"]).select(["transaction_id", "is_fraud", "known_us"])
    reported_at = reports["known_us"].cast(MOMENT)
    return Intake(
        transactions=table.select(["transaction_id", "customer_id", "partner_id", "occurred_at", "amount_eur"]),
        fraud_reports=reports.select(["transaction_id", "is_fraud"]).append_column("reported_at", reported_at),
        is_fraud=is_fraud,
        known_s=-(-table["known_us"].to_numpy() // 1_000_000),
        group=None if columns.group is None else table["group"].combine_chunks(),
        rows_in=rows.num_rows,
        set_aside=set_aside,
    )


def _set_aside(counts: dict[str, int], reason: str, left: NDArray[np.bool_], bad: NDArray[np.bool_]) -> None:
    found = int((left & bad).sum())
    if found:
        counts[reason] = found
        left &= ~bad


def _missing(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.is_null(nan_is_null=True))


def _column(rows: pa.Table, name: str, what: str, file: str) -> pa.Array:
    if name not in rows.column_names:
        raise BadSchema(f"{file} has no column {name!r} ({what}); it has {', '.join(rows.column_names)}.")
    return rows[name].combine_chunks()


def _text(rows: pa.Table, name: str, what: str, file: str) -> pa.Array:
    values = _column(rows, name, what, file)
    if pa.types.is_nested(values.type):
        raise BadSchema(f"{file}: column {name!r} ({what}) holds {values.type}; give text or whole numbers.")
    text = values.cast(pa.string())
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), ""), pa.scalar(None, pa.string()), text)


def _moment(rows: pa.Table, name: str, what: str, file: str) -> pa.Array:
    values = _column(rows, name, what, file)
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zoned = values.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False)
        return zoned.cast(MOMENT) if getattr(kind, "tz", None) else pc.assume_timezone(zoned, "UTC")
    if pa.types.is_integer(kind):
        return pc.multiply(values.cast(pa.int64()), 1_000_000).cast(MOMENT)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        trimmed = pc.utf8_trim_whitespace(values.cast(pa.string()))
        readable = pc.if_else(pc.match_substring_regex(trimmed, _ISO), trimmed, pa.scalar(None, pa.string()))
        return _parsed(readable, name, what, file)
    raise BadSchema(f"{file}: column {name!r} ({what}) holds {kind}; give timestamps, ISO text or epoch seconds.")


def _parsed(text: pa.Array, name: str, what: str, file: str) -> pa.Array:
    zoned = pc.fill_null(pc.match_substring_regex(text, r"(Z|[+-]\d{2}:?\d{2})$"), False)
    none = pa.scalar(None, pa.string())
    try:
        with_zone = pc.if_else(zoned, text, none).cast(MOMENT)
        without = pc.if_else(zoned, none, text).cast(pa.timestamp("us"))
    except pa.ArrowInvalid as error:
        raise BadSchema(f"{file}: column {name!r} ({what}) holds a time that is none ({error}); mend it.") from None
    return pc.coalesce(with_zone, pc.assume_timezone(without, "UTC"))


def _number(rows: pa.Table, name: str, file: str) -> pa.Array:
    values = _column(rows, name, "amount", file)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        trimmed = pc.utf8_trim_whitespace(values.cast(pa.string()))
        values = pc.if_else(pc.match_substring_regex(trimmed, _NUMBER), trimmed, pa.scalar(None, pa.string()))
    try:
        return values.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise BadSchema(f"{file}: column {name!r} (amount) holds {values.type}; give numbers.") from None


def _label(rows: pa.Table, name: str, file: str) -> pa.Array:
    values = _column(rows, name, "label", file)
    if pa.types.is_nested(values.type) or pa.types.is_temporal(values.type):
        raise BadSchema(f"{file}: column {name!r} (label) holds {values.type}; give 0 and 1, or true and false.")
    text = pc.utf8_lower(pc.utf8_trim_whitespace(values.cast(pa.string())))
    yes, no = (pc.is_in(text, pa.array(words)) for words in (_YES, _NO))
    return pc.if_else(yes, pa.scalar(True), pc.if_else(no, pa.scalar(False), pa.scalar(None, pa.bool_())))


def day_of(moment_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first day, since 1970-01-01, at whose start what is known at a second is known.

    Examples
    --------
    >>> day_of(np.array([0, 1, 86_400])).tolist()
    [0, 1, 1]
    """
    return -(-moment_s // DAY_S)


def first_day(intake: Intake) -> dt.date:
    """Return the day of the oldest transaction (UTC)."""
    found: dt.date = intake.transactions["occurred_at"][0].as_py().date()
    return found


def last_day(intake: Intake) -> dt.date:
    """Return the day of the newest transaction (UTC)."""
    found: dt.date = intake.transactions["occurred_at"][-1].as_py().date()
    return found
