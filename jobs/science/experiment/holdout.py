"""Who is in a holdout: decided by a salted digest of the id, the same today, tomorrow and everywhere.

The recipe, byte by byte: SHA-256 of the UTF-8 bytes of ``salt:id``; its first eight bytes read as a big-endian unsigned
integer, divided by 2^64, is the id's number in [0, 1); it is in the holdout when that number is less than the share.
In DuckDB: ``('0x' || substr(sha256(salt || ':' || id), 1, 16))::UBIGINT``, compared with the share times 2^64.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest, BadRows

if TYPE_CHECKING:
    import pyarrow as pa  # the endpoint draws single ids, and its package brings no Arrow


def id_numbers(ids: "Iterable[str] | pa.Array | pa.ChunkedArray", salt: str) -> npt.NDArray[np.uint64]:
    """Return each id's number under a salt, times 2^64.

    Numbers of different salts are independent of each other.

    Parameters
    ----------
    ids : iterable of str, or Arrow array of strings, length n
        Who; none may be missing.
    salt : str
        What the draw is for; not empty.

    Returns
    -------
    ndarray of shape (n,), uint64

    Raises
    ------
    BadRequest
        If the salt is empty.
    BadRows
        If an id is missing.

    Examples
    --------
    >>> hex(int(id_numbers(["c00000001"], "spring")[0]))
    '0x85691c500661138e'
    """
    if not salt:
        raise BadRequest("salt is empty: name what the draw is for.")
    prefix = salt.encode() + b":"
    names: Any = ids.to_pylist() if hasattr(ids, "to_pylist") else ids
    sha256 = hashlib.sha256
    try:
        digests = b"".join([sha256(prefix + name.encode()).digest() for name in names])
    except AttributeError as wrong:
        raise BadRows("An id is missing or not a string: every row needs the id it is drawn by.") from wrong
    return np.frombuffer(digests, dtype=">u8")[::4].astype(np.uint64)


def in_holdout(ids: "Iterable[str] | pa.Array | pa.ChunkedArray", salt: str, share: float) -> npt.NDArray[np.bool_]:
    """Return who is in the holdout.

    Parameters
    ----------
    ids : iterable of str, or Arrow array of strings, length n
        Who.
    salt : str
        Name of the holdout; another salt is another, independent holdout.
    share : float
        Share of all ids, in [0, 1]. A larger share keeps everyone who was in.

    Returns
    -------
    ndarray of bool of shape (n,)

    Raises
    ------
    BadRequest
        If the share is not in [0, 1] or the salt is empty.

    Examples
    --------
    >>> in_holdout(["a", "b", "c", "d"], "spring", 0.5).tolist()
    [False, False, True, False]
    """
    if not 0 <= share <= 1:
        raise BadRequest(f"share == {share}, must be in [0, 1].")
    return below(id_numbers(ids, salt), share)


def below(numbers: npt.NDArray[np.uint64], share: float) -> npt.NDArray[np.bool_]:
    """Return which numbers of :func:`id_numbers` are those of ids in a holdout of this share.

    Parameters
    ----------
    numbers : ndarray of shape (n,), uint64
        What `id_numbers` returned.
    share : float
        Share of all ids, in [0, 1].

    Returns
    -------
    ndarray of bool of shape (n,)

    Examples
    --------
    >>> below(np.array([0, 2**62, 2**63], np.uint64), 0.5).tolist()
    [True, True, False]
    """
    # ldexp is exact, and for whole numbers n < x is the same as n < ceil(x).
    threshold = math.ceil(math.ldexp(share, 64))
    if threshold > np.iinfo(np.uint64).max:
        return np.ones(len(numbers), np.bool_)
    return np.asarray(numbers < np.uint64(threshold))
