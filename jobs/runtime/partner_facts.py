"""What the partners input says of each partner: category, text, and vectors that were made elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadSchema
from jobs.science.partners.text import LONGEST_TEXT, joined
from jobs.tables.declare import Column, Table
from jobs.tables.inputs import PARTNERS


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
    """

    names: Mapping[str, str]
    categories: Mapping[str, str]
    texts: Mapping[str, str]
    vectors: Mapping[str, tuple[float, ...]]
    embeddings: tuple[str, ...]
    ids: tuple[str, ...]

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


def partners_with(embeddings: Sequence[str]) -> Table:
    """Return the partners input as declared, with columns of numbers that were made elsewhere."""
    return PARTNERS.extended(
        Column(name, pa.float32(), "", "number made elsewhere", nullable=True) for name in embeddings
    )


def partner_facts(rows: Iterable[pa.Table], embeddings: Sequence[str] = ()) -> PartnerFacts:
    """Gather what the partners input says.

    Parameters
    ----------
    rows : iterable of pyarrow.Table
        Checked rows of :func:`partners_with` the same columns; of two rows of one partner the later one stands.
    embeddings : sequence of str
        Columns of numbers that were made elsewhere.

    Raises
    ------
    BadSchema
        If no row has a value in any column of `embeddings`.
    """
    names: dict[str, str] = {}
    categories: dict[str, str] = {}
    texts: dict[str, str] = {}
    vectors: dict[str, tuple[float, ...]] = {}
    ids: dict[str, None] = {}
    for row in (row for some in rows for row in some.to_pylist()):
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
    return PartnerFacts(names, categories, texts, vectors, tuple(embeddings), tuple(ids))
