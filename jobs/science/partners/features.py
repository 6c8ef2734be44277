"""Features of each partner at the start of each day, and what became known of the days that followed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR, Limits, Source
from jobs.science.partners.rates import category_rate, shrunk_rate
from jobs.science.partners.statement import lookback_days, statements, target_statement
from jobs.science.partners.store import Store, opened

EPOCH = dt.date(1970, 1, 1)

COUNTS = (
    "transactions_7d", "transactions_28d", "frauds_7d", "frauds_28d", "disputes_28d", "early_frauds",
    "recent_1d", "recent_7d", "recent_28d",
)  # fmt: skip
"""Columns of whole numbers; the rest are `FEATURE_NAMES`."""

FEATURE_NAMES = (
    "fraud_rate_7d", "fraud_rate_28d", "fraud_rate_shrunk", "fraud_rate_prior", "category_fraud_rate",
    "known_7d", "known_28d", "known_frauds_7d", "known_frauds_28d", "early_frauds_7d", "early_rate_7d",
    "scheme_ratio_28d", "dispute_ratio_28d", "refund_ratio_28d",
    "last_fraud_days", "first_fraud_days", "streak", "streak_days", "clean_since", "last_labels",
    "payments_1d", "payments_7d", "payments_28d", "volume_ratio_7d", "volume_z_7d", "ticket_eur_7d", "ticket_ratio_7d",
    "night_share_7d", "night_share_28d", "weekend_share_28d", "shared_customers_7d", "shared_devices_7d",
    "repeat_customers_7d", "repeat_devices_7d", "age_days",
)  # fmt: skip
"""What a model reads, beside what text adds; NaN where a partner has shown nothing of the kind."""


def partner_features(
    transactions: Source,
    fraud_reports: Source,
    *,
    first_day: dt.date,
    last_day: dt.date,
    label_delay_days: int,
    limits: Limits,
    categories: Mapping[str, str] | None = None,
    silent: Sequence[str] = (),
) -> pa.Table:
    """Compute the features of every partner at the start of each day of a range.

    Parameters
    ----------
    transactions : Source
        Rows of the declared table ``transactions``, at least `lookback_days` before the first day.
    fraud_reports : Source
        Rows of the declared table ``fraud_reports``. A report of a payment that is not there is
        skipped; a missing ``reported_at`` says "known a label delay after the payment".
    first_day, last_day : datetime.date
        First and last day (UTC, both included) at whose start the features are known.
    label_delay_days : int
        Days, at least 1, after which a payment without a report counts as genuine.
    limits : Limits
        Memory, threads, and where to spill.
    categories : mapping of str to str, optional
        Line of business of the partners, as far as it is known.
    silent : sequence of str
        Partners that shall have a row on every day even if nothing was bought there.

    Returns
    -------
    pyarrow.Table
        ``partner_id``, ``day``, `COUNTS` and `FEATURE_NAMES`, in the order of day and partner.

    Raises
    ------
    BadRequest
        If the days are out of order or the label delay is less than a day.
    BadRows, BadSchema, NoInput
        If the inputs cannot be used; see `opened`.
    """
    first_d, last_d = _span(first_day, last_day, label_delay_days)
    with opened(transactions, fraud_reports, limits, first_d - lookback_days(label_delay_days), last_d) as store:
        return features_of(store, first_d, last_d, label_delay_days, categories or {}, silent)


def training_rows(
    transactions: Source,
    fraud_reports: Source,
    *,
    first_day: dt.date,
    last_day: dt.date,
    known_by: dt.date,
    horizon_days: int,
    label_delay_days: int,
    limits: Limits,
    categories: Mapping[str, str] | None = None,
) -> pa.Table:
    """Compute features and what became known of the days after each: what a model learns from.

    Parameters
    ----------
    first_day, last_day : datetime.date
        Days (UTC) that become rows, both included.
    known_by : datetime.date
        Reports that are known at its start are the labels.
    horizon_days : int
        Days, the row's own included, whose fraud is to be foretold.
    transactions, fraud_reports, label_delay_days, limits, categories
        As in `partner_features`.

    Returns
    -------
    pyarrow.Table
        As `partner_features` gives, with ``next_transactions`` and ``next_frauds``; only partners that
        had a payment both before the day and in the days ahead.

    Raises
    ------
    BadRequest
        If the labels of the last days cannot be known by then.
    """
    first_d, last_d = _span(first_day, last_day, label_delay_days)
    end_d = last_d + horizon_days
    if end_d + label_delay_days > (known_by - EPOCH).days:
        raise BadRequest(
            f"last_day {last_day}: labels of the {horizon_days} days from it on are not known by {known_by} with a "
            f"label delay of {label_delay_days} days; end earlier."
        )
    with opened(transactions, fraud_reports, limits, first_d - lookback_days(label_delay_days), end_d) as store:
        rows = features_of(store, first_d, last_d, label_delay_days, categories or {}, ())
        ahead = target_statement(first_d, last_d, horizon_days, (known_by - EPOCH).days)
        next_ = store.connection.sql(ahead).to_arrow_table()
    next_ = pa.table(
        {
            "partner_id": next_["partner_id"],
            "day": next_["d"].cast(pa.int32()).cast(pa.date32()),
            "next_transactions": next_["n"].cast(pa.int64()),
            "next_frauds": next_["frauds"].cast(pa.int64()),
        }
    )
    joined = rows.join(next_, ["partner_id", "day"], join_type="inner", use_threads=False)
    return joined.sort_by([("day", "ascending"), ("partner_id", "ascending")])


def features_of(
    store: Store,
    first_d: int,
    last_d: int,
    label_delay_days: int,
    categories: Mapping[str, str],
    silent: Sequence[str],
) -> pa.Table:
    """Compute features in an engine that is open; see `partner_features`."""
    *prepare, query = statements(first_d, last_d, label_delay_days, devices=store.has_devices)
    for statement in prepare:
        store.connection.execute(statement)
    found = _plain(store.connection, query)
    found = _with_silent(found, first_d, last_d, silent)
    category = [categories.get(p) or "" for p in found["partner_id"].to_pylist()]
    columns = _derived(found, np.array(category, dtype=object), store)
    day = pa.array(found["d"].to_numpy().astype(np.int32)).cast(pa.date32())
    made: dict[str, Any] = {"partner_id": found["partner_id"], "day": day}
    made |= {name: found[name] for name in COUNTS}
    made |= {name: pa.array(columns[name].astype(np.float32)) for name in FEATURE_NAMES}
    return pa.table(made)


def _span(first_day: dt.date, last_day: dt.date, label_delay_days: int) -> tuple[int, int]:
    if label_delay_days < 1:
        raise BadRequest(f"label_delay_days is {label_delay_days}; give at least 1, the days until a label is known.")
    if first_day > last_day:
        raise BadRequest(f"first_day {first_day} is after last_day {last_day}; give them in order.")
    return (first_day - EPOCH).days, (last_day - EPOCH).days


def _plain(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """Read a result with its sums, which DuckDB gives in 128 bits, as plain numbers."""
    found = connection.sql(query).to_arrow_table()
    whole = {f.name for f in found.schema if pa.types.is_decimal(f.type) or pa.types.is_integer(f.type)}
    fields = [pa.field(f.name, pa.int64() if f.name in whole else f.type) for f in found.schema]
    return found.cast(pa.schema(fields))


def _with_silent(found: pa.Table, first_d: int, last_d: int, silent: Sequence[str]) -> pa.Table:
    """Add a row of nothing for each partner and day on which nothing was seen."""
    if not silent:
        return found
    there = set(zip(found["partner_id"].to_pylist(), found["d"].to_pylist(), strict=True))
    missing = [(p, d) for d in range(first_d, last_d + 1) for p in sorted({*silent}) if (p, d) not in there]
    if not missing:
        return found
    unknown = {"first_t", "last_fraud_days", "first_fraud_days", "streak_days", "clean_since"}
    unknown |= {"shared_devices", "repeat_devices"}
    columns: dict[str, Any] = {
        name: pa.nulls(len(missing), found.schema.field(name).type)
        if name in unknown
        else pa.array([0] * len(missing)).cast(found.schema.field(name).type)
        for name in found.column_names
        if name not in {"partner_id", "d"}
    }
    columns |= {"partner_id": pa.array([p for p, _ in missing]), "d": pa.array([d for _, d in missing], pa.int64())}
    more = pa.table(columns).select(found.column_names).cast(found.schema)
    return pa.concat_tables([found, more]).sort_by([("d", "ascending"), ("partner_id", "ascending")])


def _derived(found: pa.Table, category: NDArray[Any], store: Store) -> dict[str, NDArray[np.float64]]:
    def column(name: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = found[name].cast(pa.float64()).to_numpy()
        return values

    n7, n28, f7, f28 = (column(c) for c in ("transactions_7d", "transactions_28d", "frauds_7d", "frauds_28d"))
    recent7, recent28, past28 = column("recent_7d"), column("recent_28d"), column("past_28d")
    d, first_t = column("d"), column("first_t")
    shrunk, prior, of_category = (np.empty(len(d)) for _ in range(3))
    for day in np.unique(d):  # what all partners show is of one day, never of a later one
        on = d == day
        shrunk[on] = shrunk_rate(f7[on], n7[on])
        of_category[on] = category_rate(f28[on], n28[on], category[on])
        prior[on] = shrunk_rate(f28[on], n28[on], of_category[on])
    usual7 = past28 / 4
    ticket7 = _share(column("units_7d"), recent7) / AMOUNT_UNITS_PER_EUR
    ticket_past = _share(column("units_past"), past28) / AMOUNT_UNITS_PER_EUR
    refunds = column("refunds_28d") if store.has_refunds else np.full(len(d), np.nan)
    return {
        "fraud_rate_7d": _share(f7, n7),
        "fraud_rate_28d": _share(f28, n28),
        "fraud_rate_shrunk": shrunk,
        "fraud_rate_prior": prior,
        "category_fraud_rate": of_category,
        "known_7d": n7,
        "known_28d": n28,
        "known_frauds_7d": f7,
        "known_frauds_28d": f28,
        "early_frauds_7d": column("early_frauds"),
        "early_rate_7d": _share(column("early_frauds"), recent7),
        "scheme_ratio_28d": _share(f28 + column("disputes_28d"), n28),
        "dispute_ratio_28d": _share(column("disputes_28d"), n28),
        "refund_ratio_28d": _share(refunds, recent28),
        **{
            name: column(name)
            for name in ("last_fraud_days", "first_fraud_days", "streak", "streak_days", "clean_since", "last_labels")
        },
        "payments_1d": column("recent_1d"),
        "payments_7d": recent7,
        "payments_28d": recent28,
        "volume_ratio_7d": np.where(past28 > 0, recent7 / np.maximum(usual7, 0.25), np.nan),
        "volume_z_7d": (recent7 - usual7) / np.sqrt(usual7 + 1),
        "ticket_eur_7d": ticket7,
        "ticket_ratio_7d": _share(ticket7, ticket_past),
        "night_share_7d": _share(column("night_7d"), recent7),
        "night_share_28d": _share(column("night_28d"), recent28),
        "weekend_share_28d": _share(column("weekend_28d"), recent28),
        "shared_customers_7d": _share(column("shared_customers"), recent7),
        "shared_devices_7d": _share(column("shared_devices"), recent7),
        "repeat_customers_7d": _share(column("repeat_customers"), recent7),
        "repeat_devices_7d": _share(column("repeat_devices"), recent7),
        "age_days": d - first_t,
    }


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; NaN where there is nothing to divide by."""
    out = np.full(len(part), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
