"""Random numbers by place: the same block of customers is drawn alike, whatever was drawn before it."""

from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BLOCK_CUSTOMERS = 2_000
"""Customers that share one stream of random numbers; shards are made of whole blocks."""

DAY_US = 86_400_000_000

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


class Stream(IntEnum):
    """What a stream of random numbers is for; streams never share a number."""

    PARTNERS = 0
    PEOPLE = 1
    PAYMENTS = 2
    TRIAL = 3
    PARTNER_KINDS = 4
    PARTNER_TEXT = 5
    PLANTED_PAYMENTS = 6
    AFTERMATH = 7
    HABITS = 4


def generator(seed: int, stream: Stream, block: int = 0) -> np.random.Generator:
    """Return the generator of one stream of one block.

    Parameters
    ----------
    seed : int
        Seed of the world, >= 0.
    stream : Stream
        What the numbers are for.
    block : int
        Number of the block of customers, >= 0; 0 for what the whole world shares.

    Examples
    --------
    >>> a, b = generator(7, Stream.PEOPLE, 3), generator(7, Stream.PEOPLE, 3)
    >>> a.random() == b.random()
    True
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stream), block)))


def identifiers(prefix: str, numbers: Ints, digits: int) -> Any:
    """Return string ids: a prefix and a number padded with zeros.

    Parameters
    ----------
    prefix : str
        First letters of every id.
    numbers : ndarray of shape (n,)
        Numbers, >= 0.
    digits : int
        Width to which the numbers are padded.

    Returns
    -------
    pyarrow.Array of string, length n

    Examples
    --------
    >>> identifiers("c", np.array([5, 12]), 4).to_pylist()
    ['c0005', 'c0012']
    """
    padded = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width=digits, padding="0")
    return pc.binary_join_element_wise(prefix, padded, "")


def words(codes: npt.NDArray[np.integer[Any]], vocabulary: tuple[str, ...], missing: Bools | None = None) -> Any:
    """Return the words that integer codes stand for, as an Arrow array of strings; null where `missing`."""
    indices = pa.array(codes.astype(np.int32), mask=missing)
    return pa.array(vocabulary, pa.string()).take(indices)


def timestamps(us: Ints) -> Any:
    """Return microseconds since 1970 as an Arrow array of UTC timestamps."""
    return pa.array(us, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
