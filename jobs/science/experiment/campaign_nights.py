"""Nights of a campaign joined with what came of them: outcomes, promises, sales at partners."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.experiment.campaign_statements import (
    EXPLORERS,
    FEATURES,
    OFFERS_AT_PARTNERS,
    PROMISED,
    ROWS,
    SHARED,
    SPENT,
    TABLES,
    TRIAL,
)
from jobs.science.experiment.campaign_trial import CampaignRows
from jobs.science.experiment.moments import Floats
from jobs.science.experiment.statement import literal

MOST_SCORES = 6
"""Arms up to which every arm's score is a covariate; of more, the largest and the mean of all."""


@dataclass(frozen=True)
class Joined:
    """Rows of the trial, in the order of nights and ids.

    Parameters
    ----------
    customer_id : pyarrow.Array of str, length n
        Who.
    run_date : ndarray of datetime64[D], shape (n,)
        Which night.
    rows : CampaignRows
        The trial.
    segment : numpy array of object, shape (n,)
        Name of the customer's segment on that night, or None.
    """

    customer_id: pa.Array
    run_date: NDArray[np.datetime64]
    rows: CampaignRows
    segment: NDArray[np.object_]


@dataclass(frozen=True)
class PartnerSales:
    """Sales at one partner to the customers of the trial.

    Parameters
    ----------
    partner_id : str
        Which.
    within_eur, before_eur : numpy.ndarray of shape (n,)
        Within the outcome window of each row, and in as many days before it, euro.
    offers, cost_eur : float
        Offers at the partner in the trial, each in the share of its window, and what their contacts cost.
    """

    partner_id: str
    within_eur: Floats
    before_eur: Floats
    offers: float
    cost_eur: float


def apart(nights: Sequence[date], window_days: int) -> tuple[date, ...]:
    """Return nights whose outcome windows do not overlap: the first, and every next one that is far enough.

    Parameters
    ----------
    nights : sequence of datetime.date
        In any order.
    window_days : int
        Length of the outcome window.

    Examples
    --------
    >>> [d.day for d in apart([date(2026, 11, day) for day in range(1, 31)], 14)]
    [1, 15, 29]
    """
    chosen: list[date] = []
    for night in sorted(nights):
        if not chosen or (night - chosen[-1]).days >= window_days:
            chosen.append(night)
    return tuple(chosen)


@contextmanager
def open_nights(
    window_days: int, arms: Sequence[str], *, memory_mb: int = 450, temp_directory: str | None = None
) -> Iterator["CampaignNights"]:
    """Open an empty place for the nights of a campaign.

    Parameters
    ----------
    window_days : int
        Length of the outcome window.
    arms : sequence of str
        Arms of the campaign.
    memory_mb : int
        Megabytes of the SQL engine; what does not fit is spilled.
    temp_directory : str, optional
        Where to.
    """
    # Sums in another order would have other last digits: one thread, and a rerun gives the same ones.
    config: dict[str, Any] = {"memory_limit": f"{memory_mb}MB", "threads": 1}
    if temp_directory:
        config["temp_directory"] = temp_directory
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        connection.execute(TABLES)
        yield CampaignNights(connection, window_days, tuple(arms))
    finally:
        connection.close()


class CampaignNights:
    """Nights of a campaign: put in table by table, then joined once.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Empty.
    window_days : int
        Length of the outcome window.
    arms : tuple of str
        Arms of the campaign.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, window_days: int, arms: tuple[str, ...]) -> None:
        self._connection = connection
        self._window = window_days
        self._arms = arms

    def put(self, table: str, rows: pa.Table) -> None:
        """Take rows in.

        Parameters
        ----------
        table : str
            ``outcomes`` (outcome in euro), ``decided`` (everybody who was eligible on a night), ``made`` (offers, with
            the factor of their night), ``drawn`` (explorers whose draw stood), ``scores`` or ``sales``.
        rows : pyarrow.Table
            With the columns of that table, by name.
        """
        self._connection.register("incoming", rows)
        # A duplicate score counts as the lowest, as in the allocation; of in-between nights only offers' are needed.
        self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")  # noqa: S608  our own names
        self._connection.unregister("incoming")

    def nights(self) -> dict[date, int]:
        """Return nights with outcomes, and how many customers have one."""
        found = self._connection.execute("SELECT run_date, count(*) FROM outcomes GROUP BY 1 ORDER BY 1").fetchall()
        return {night: int(count) for night, count in found}

    def drop_repeated(self) -> int:
        """Drop customers with two outcomes of one night, in two files; return how many rows that were."""
        twice = "SELECT customer_id, run_date FROM outcomes GROUP BY ALL HAVING count(*) > 1"
        before = self._count("outcomes")
        self._connection.execute(f"DELETE FROM outcomes WHERE (customer_id, run_date) IN ({twice})")  # noqa: S608
        return before - self._count("outcomes")

    def unknown(self, nights: Sequence[date]) -> int:
        """Return how many outcomes of these nights are of nobody who was eligible."""
        self._use(nights)
        return self._one(
            "SELECT count(*) FROM outcomes SEMI JOIN grid USING (run_date) "
            "ANTI JOIN decided USING (customer_id, run_date)"
        )

    def without_scores(self) -> int:
        """Return how many offers have no score any more."""
        return self._one("SELECT count(*) FROM made ANTI JOIN scores USING (customer_id, run_date, arm)")

    def eligible(self, nights: Sequence[date]) -> pa.Table:
        """Return who was eligible on any of these nights: ``customer_id``, ``held``, and whether ``always`` so."""
        self._use(nights)
        return self._table(
            "SELECT customer_id, bool_and(held) AS held, bool_and(held) = bool_or(held) AS always FROM decided "
            "SEMI JOIN grid USING (run_date) GROUP BY 1 ORDER BY 1"
        )

    def join(self, nights: Sequence[date], left_out: pa.Array) -> Joined:
        """Join everything of some nights whose windows do not overlap.

        An offer that was made on a night between counts in the share of its outcome window that lies within the windows
        that are read: effects are taken to come evenly.

        Parameters
        ----------
        nights : sequence of datetime.date
            The nights.
        left_out : pyarrow.Array of str
            Customers who are not read.
        """
        self._use(nights)
        self._connection.register("left_out", pa.table({"customer_id": left_out}))
        scores = [f"score_{i}" for i in range(len(self._score_sql()))]
        made_of = ", ".join(f"{sql} AS {name}" for sql, name in zip(self._score_sql(), scores, strict=True))
        self._connection.execute(FEATURES.format(scores=made_of))
        self._connection.execute(SHARED.format(days=self._window))
        self._connection.execute(PROMISED)
        known = ", ".join(f"coalesce(f.{name}, 0) AS {name}" for name in scores)
        self._connection.execute(TRIAL.format(scores=known))
        self._connection.execute(SPENT.format(days=self._window))
        found = self._table(ROWS)
        columns = ["spent_before", "fraud", *scores]
        self._connection.unregister("left_out")
        who = found["customer_id"].combine_chunks()
        named = {"spent_before": "spent before", "fraud": "fraud probability"} | dict(
            zip(columns[2:], self._score_names(), strict=True)
        )
        rows = CampaignRows(
            customer=who.dictionary_encode().indices.to_numpy().astype(np.int64),
            held=found["held"].to_numpy(),
            outcome_eur=found["outcome"].to_numpy(),
            model_effect_eur=found["model"].to_numpy(),
            promised_effect_eur=found["promised"].to_numpy(),
            cost_eur=found["cost"].to_numpy(),
            loss_eur=found["loss"].to_numpy(),
            covariates=np.column_stack([found[c].to_numpy() for c in columns]).reshape(len(who), len(columns)),
            covariate_names=tuple(named[c] for c in columns),
        )
        night = found["run_date"].to_numpy().astype("datetime64[D]")
        return Joined(who, night, rows, np.array(found["segment"].to_pylist(), np.object_))

    def partners(self) -> Iterator[PartnerSales]:
        """Yield sales of every partner whose offers were made, in the order of their ids; :meth:`join` comes first."""
        size = self._count("trial")
        offers = self._connection.execute(OFFERS_AT_PARTNERS).fetchall()
        for partner, made, cost in offers:
            sold = self._connection.execute(
                "SELECT place, within, before FROM spent WHERE partner_id = ? ORDER BY place", [partner]
            ).fetchnumpy()
            within, before = np.zeros(size), np.zeros(size)
            within[sold["place"]], before[sold["place"]] = sold["within"], sold["before"]
            yield PartnerSales(partner, within, before, float(made), float(cost))

    def explorers(self) -> pa.Table:
        """Return explorers of the trial: ``arm``, ``propensities``, ``outcome``, ``promised``.

        The promise is that of the offer that was drawn on the night itself; :meth:`join` comes first.
        """
        return self._table(EXPLORERS)

    def _score_sql(self) -> list[str]:
        if len(self._arms) > MOST_SCORES:
            return ["max(effect)", "avg(effect)"]
        return [f"max(effect) FILTER (arm = {literal(arm)})" for arm in self._arms]

    def _score_names(self) -> list[str]:
        if len(self._arms) > MOST_SCORES:
            return ["largest score", "mean score"]
        return [f"score of {arm}" for arm in self._arms]

    def _use(self, nights: Sequence[date]) -> None:
        self._connection.execute("DELETE FROM grid")
        for night in nights:
            self._connection.execute("INSERT INTO grid VALUES (?)", [night])

    def _table(self, sql: str) -> pa.Table:
        found: pa.Table = self._connection.sql(sql).to_arrow_table()
        return found

    def _count(self, table: str) -> int:
        return self._one(f"SELECT count(*) FROM {table}")  # noqa: S608

    def _one(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchall()[0][0])


def windows(nights: Sequence[date], window_days: int) -> tuple[date, date]:
    """Return the first and last night whose offers reach into the windows of these nights."""
    reach = timedelta(days=window_days - 1)
    return min(nights) - reach, max(nights) + reach
