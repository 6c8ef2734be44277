"""The rival of the feature statement: the same kinds of features with pandas' rolling windows, the best way we know.

Labels become known a delay after their payment and are never withdrawn here, which is easier than what the statement
does. Windows are those of pandas: a payment of the same second is left out, a delay is the difference of two windows.
"""

import numpy as np
import pandas as pd

from jobs.tables.online import KNOWN_LAST, KNOWN_RATE_DAYS, PARTNER_COUNT_DAYS, PARTNER_LARGE_DAYS
from jobs.tables.outputs import COUNT_WINDOWS_S, LARGE_DAYS, LARGE_TIMES, WINDOWS_DAYS


def customer_features(rows: pd.DataFrame) -> pd.DataFrame:
    """What looks at a customer's own past.

    Parameters
    ----------
    rows : DataFrame
        Columns customer_id, partner_id, occurred_at and amount_eur, every payment of these customers.
    """
    rows = rows.sort_values(["customer_id", "occurred_at"], ignore_index=True)
    amount = rows["amount_eur"]
    found: dict[str, object] = {}

    def rolling(seconds: int, column: str = "amount_eur", by: str | list[str] = "customer_id"):
        window = f"{seconds}s"
        return rows.groupby(by, sort=True).rolling(window, on="occurred_at", closed="left")[column]

    for name, seconds in COUNT_WINDOWS_S.items():
        found[f"customer_count_{name}"] = rolling(seconds).count().to_numpy()
    for days in WINDOWS_DAYS:
        mean = rolling(days * 86_400).mean().to_numpy()
        found[f"customer_mean_eur_{days}d"] = mean
        found[f"amount_to_mean_{days}d"] = amount / mean
    month = rolling(30 * 86_400)
    found["amount_to_median_30d"] = ratio = amount / month.median().to_numpy()
    found["amount_to_max_30d"] = amount / month.max().to_numpy()
    found["amount_z_30d"] = (amount - found["customer_mean_eur_30d"]) / np.maximum(1, month.std(ddof=0).to_numpy())
    found["customer_hours_since_last"] = rows.groupby("customer_id")["occurred_at"].diff().dt.total_seconds() / 3600
    rows["is_large"] = (ratio > LARGE_TIMES).astype(float)
    found[f"customer_large_{LARGE_DAYS}d"] = rolling(LARGE_DAYS * 86_400, "is_large").sum().to_numpy()
    pairs = rolling(30 * 86_400, by=["customer_id", "partner_id"]).count()
    found["pair_count_30d"] = pairs.to_numpy()
    return pd.DataFrame(found)


def partner_features(rows: pd.DataFrame, delay_days: int) -> pd.DataFrame:
    """What looks at a partner.

    Parameters
    ----------
    rows : DataFrame
        Columns partner_id, occurred_at, is_large and is_fraud, every payment at these partners.
    delay_days : int
        Days after which a label is known.
    """
    rows = rows.sort_values(["partner_id", "occurred_at"], ignore_index=True)
    groups = rows.groupby("partner_id", sort=True)
    found: dict[str, object] = {}

    def rolling(days: int, column: str):
        return groups.rolling(f"{days}D", on="occurred_at", closed="left")[column]

    for days in PARTNER_COUNT_DAYS:
        found[f"partner_count_recent_{days}d"] = rolling(days, "is_fraud").count().to_numpy()
    found[f"partner_large_{PARTNER_LARGE_DAYS}d"] = rolling(PARTNER_LARGE_DAYS, "is_large").sum().to_numpy()
    young, young_frauds = rolling(delay_days, "is_fraud").count(), rolling(delay_days, "is_fraud").sum()
    for days in KNOWN_RATE_DAYS:
        window = rolling(days + delay_days, "is_fraud")
        count = window.count().to_numpy() - young.to_numpy()
        frauds = np.nan_to_num(window.sum().to_numpy()) - np.nan_to_num(young_frauds.to_numpy())
        found[f"partner_count_{days}d"] = count
        found[f"partner_fraud_rate_{days}d"] = frauds / np.where(count > 0, count, np.nan)
    # The state after each payment is what is known once its label is: looked up a delay later.
    after = {f"last_{last}": groups["is_fraud"].rolling(last, min_periods=1).mean().to_numpy() for last in KNOWN_LAST}
    genuine = (rows["is_fraud"] == 0).groupby(rows["partner_id"]).cumsum()
    after["run_length"] = rows.groupby([rows["partner_id"], genuine])["is_fraud"].cumsum().to_numpy()
    after["run_first"] = rows.groupby([rows["partner_id"], genuine])["occurred_at"].transform("first").to_numpy()
    for name, kind in (("last_fraud", 1.0), ("last_genuine", 0.0)):
        when = rows["occurred_at"].where(rows["is_fraud"] == kind)
        after[name] = when.groupby(rows["partner_id"]).ffill().to_numpy()
    known = pd.DataFrame(after).assign(
        partner_id=rows["partner_id"], known_at=rows["occurred_at"] + pd.Timedelta(days=delay_days)
    )
    looked_up = pd.merge_asof(
        rows[["partner_id", "occurred_at"]].sort_values("occurred_at"),
        known.sort_values("known_at"),
        left_on="occurred_at",
        right_on="known_at",
        by="partner_id",
    )
    return pd.concat([pd.DataFrame(found), looked_up], axis=1)
