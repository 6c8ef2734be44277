"""Text of partners as a few numbers: hashed character n-grams, TF-IDF, a truncated SVD; arrays only.

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
PREFIX = "text_"

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class TextVectors:
    """How text becomes numbers.

    Parameters
    ----------
    idf : ndarray of shape (BUCKETS,)
        Weight of each bucket of n-grams.
    components : ndarray of shape (n_components, BUCKETS)
        Right singular vectors.
    """

    idf: NDArray[np.float32]
    components: NDArray[np.float32]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that come out."""
        return tuple(f"{PREFIX}{i}" for i in range(len(self.components)))

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the numbers of texts; NaN for a text that says nothing.

        Parameters
        ----------
        texts : sequence of str
            Texts; empty ones are allowed.

        Returns
        -------
        ndarray of shape (n_texts, n_components)
            Coordinates.
        """
        out = np.full((len(texts), len(self.components)), np.nan, dtype=np.float32)
        for i, text in enumerate(texts):
            buckets, counts = hashed(text)
            if buckets.size:
                weight = (1 + np.log(counts)) * self.idf[buckets]
                norm = float(np.sqrt((weight**2).sum()))
                out[i] = self.components[:, buckets] @ (weight / norm) if norm > 0 else 0.0
        return out

    def append(self, rows: pa.Table, texts: Sequence[str]) -> pa.Table:
        """Return the rows with their texts' numbers as columns."""
        vectors = self.transform(texts)
        for i, name in enumerate(self.names):
            rows = rows.append_column(name, pa.array(vectors[:, i], from_pandas=False))
        return rows


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
