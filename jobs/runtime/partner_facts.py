"""What the partners input says of each partner: category, text, and vectors that were made elsewhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadSchema
from jobs.runtime.stores import Stores
from jobs.science.partners.text import LONGEST_TEXT, joined
from jobs.tables.check import check
from jobs.tables.declare import Column
from jobs.tables.inputs import PARTNERS

_DATED = re.compile(r"(?:^|/)date=(\d{4}-\d{2}-\d{2})/")


@dataclass(frozen=True)
class PartnerFacts:
    """Facts of all partners that the input names; empty where there is no such input.

    Parameters
    ----------
    names, categories, texts : mapping of str to str
        By partner id, where there is one.
    vectors : mapping of str to tuple of float
        Values of the columns that were asked for, by partner id; NaN where missing.
    embeddings : tuple of str
        Those columns.
    ids : tuple of str
        All partners.
    set_aside : int
        Rows that break the declared table and were not used.
    """

    names: Mapping[str, str]
    categories: Mapping[str, str]
    texts: Mapping[str, str]
    vectors: Mapping[str, tuple[float, ...]]
    embeddings: tuple[str, ...]
    ids: tuple[str, ...]
    set_aside: int

    def with_vectors(self, rows: pa.Table) -> pa.Table:
        """Return rows that name their partner with the given vectors' values as columns, NaN where missing."""
        if not self.embeddings:
            return rows
        unknown = (float("nan"),) * len(self.embeddings)
        values: NDArray[np.float32] = np.array(
            [self.vectors.get(p, unknown) for p in rows["partner_id"].to_pylist()], dtype=np.float32
        ).reshape(rows.num_rows, len(self.embeddings))
        for place, name in enumerate(self.embeddings):
            rows = rows.append_column(name, pa.array(values[:, place]))
        return rows


def partner_facts(stores: Stores, run_date: date, embeddings: Sequence[str] = ()) -> PartnerFacts:
    """Read the partners as they were known on a day.

    Of files under ``date=YYYY-MM-DD/`` those of the newest date up to the run's are read, and a file without a
    date always and first; of two rows of one partner the later one stands.

    Parameters
    ----------
    stores : Stores
        Where inputs are.
    run_date : datetime.date
        Last day whose facts may be known.
    embeddings : sequence of str
        Columns of numbers that were made elsewhere.

    Raises
    ------
    BadFile
        If a file cannot be read.
    BadSchema
        If a column is of another type than declared, or no file has a column of `embeddings`.
    """
    table = PARTNERS.extended(
        Column(name, pa.float32(), "", "number made elsewhere", nullable=True) for name in embeddings
    )
    found = [(_date_of(file.key), file) for file in stores.inputs.files(PARTNERS.name)]
    newest = max((day for day, _ in found if day and day <= run_date), default=None)
    names: dict[str, str] = {}
    categories: dict[str, str] = {}
    texts: dict[str, str] = {}
    vectors: dict[str, tuple[float, ...]] = {}
    ids: dict[str, None] = {}
    set_aside = 0
    for day, file in sorted(found, key=lambda dated: dated[0] is not None):  # a dated file is the newer one
        if day is not None and day != newest:
            continue
        first = 0
        for rows in stores.inputs.read(file, table):
            checked = check(rows, table, file=file.key, run_date=run_date, first_row=first)
            first += rows.num_rows
            set_aside += len(checked.bad)
            for row in checked.good.to_pylist():
                partner = row["partner_id"]
                ids[partner] = None
                names[partner], categories[partner] = row["name"] or "", row["category"] or ""
                text = joined(row["name"], row["description"], (row["site_text"] or "")[:LONGEST_TEXT])
                texts[partner] = text[:LONGEST_TEXT]
                vectors[partner] = tuple(float("nan") if row[e] is None else row[e] for e in embeddings)
    if embeddings and not any(not isnan(v) for values in vectors.values() for v in values):
        raise BadSchema(
            f"partners: no file has a value in {', '.join(embeddings)}: put the columns into the partners input, "
            f"or ask for none."
        )
    return PartnerFacts(names, categories, texts, vectors, tuple(embeddings), tuple(ids), set_aside)


def _date_of(key: str) -> date | None:
    match = _DATED.search(key)
    return date.fromisoformat(match[1]) if match else None
