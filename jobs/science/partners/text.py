"""Text of partners as one number: hashed character n-grams, TF-IDF and weights that were learnt; arrays only.

Any script works: what is hashed are runs of three to five characters. Vectors that were made elsewhere, of a
transformer say, enter as columns of their own (``embeddings``) and need nothing of this.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LONGEST_TEXT = 20_000
"""Characters that are read of a text: a site of a megabyte says in its first pages what it is."""

BUCKETS = 1 << 15
SIZES = (3, 4, 5)
COLUMN = "text_risk"
"""Feature that a text becomes."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class TextRisk:
    """How text becomes one number: how often partners whose text reads like it became risky.

    Parameters
    ----------
    idf : ndarray of shape (BUCKETS,)
        Weight of each bucket of n-grams.
    weight : ndarray of shape (BUCKETS,)
        What a bucket adds.
    usual : float
        Number of a text that holds nothing of what was learnt.
    """

    idf: NDArray[np.float32]
    weight: NDArray[np.float32]
    usual: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that come out."""
        return (COLUMN,)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the number of each text; NaN for a text that says nothing.

        Parameters
        ----------
        texts : sequence of str
            Texts; empty ones are allowed.

        Returns
        -------
        ndarray of shape (n_texts,)
            Share of days on which such a partner is expected to be risky, not held to [0, 1].
        """
        out = np.full(len(texts), np.nan, dtype=np.float32)
        for i, text in enumerate(texts):
            buckets, counts = hashed(text)
            if buckets.size:
                weighted = (1 + np.log(counts)) * self.idf[buckets]
                norm = float(np.sqrt((weighted**2).sum()))
                out[i] = self.usual + (float(self.weight[buckets] @ weighted) / norm if norm > 0 else 0.0)
        return out

    def append(self, rows: pa.Table, texts: Sequence[str]) -> pa.Table:
        """Return the rows with their texts' number as a column; equal texts are read once."""
        different = dict.fromkeys(texts)
        number = dict(zip(different, self.transform(list(different)).tolist(), strict=True))
        return rows.append_column(COLUMN, pa.array([number[text] for text in texts], pa.float32()))


def joined(*parts: str | None) -> str:
    """Return the parts of a partner's text as one.

    Examples
    --------
    >>> joined("Mill House", None, "gift cards")
    'Mill House gift cards'
    """
    return " ".join(part for part in parts if part)


def hashed(text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the buckets of a text's n-grams and how often each one stands there.

    Parameters
    ----------
    text : str
        Any text, in any script; what lies beyond `LONGEST_TEXT` characters is not read.

    Returns
    -------
    tuple of ndarray of shape (n_buckets,)
        Buckets in rising order, and counts.

    Examples
    --------
    >>> buckets, counts = hashed("Tee")
    >>> counts.tolist()  # " te", "tee", "ee ", " tee", "tee ", " tee "
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    plain = " ".join(unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).casefold().split())
    if not plain:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    # A lone surrogate is half a character: it has no code of its own, and is replaced.
    codes = np.frombuffer(f" {plain} ".encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    found = []
    for size in SIZES:
        grams = codes.size - size + 1
        if grams < 1:
            continue
        value = np.full(grams, size, dtype=np.uint64)
        for place in range(size):
            value = (value ^ codes[place : place + grams]) * _MIX
            value ^= value >> np.uint64(29)
        found.append(value % np.uint64(BUCKETS))
    buckets, counts = np.unique(np.concatenate(found), return_counts=True)
    return buckets.astype(np.int64), counts.astype(np.float64)
