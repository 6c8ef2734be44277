"""Fetch one file over HTTP: a time limit, a size limit, and another try where that can help."""

import http.client
import time
import urllib.error
import urllib.request

from jobs.errors import BadFile, BadRequest, ObjectMissing, StorageUnavailable

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


def download(
    address: str, most_bytes: int, *, tries: int = 4, timeout_s: float = 30.0, first_pause_s: float = 1.0
) -> bytes:
    """Fetch a file whole.

    Parameters
    ----------
    address : str
        http or https.
    most_bytes : int
        A longer answer is refused before it is read whole.
    tries : int
        How often to ask while the network or the server fails.
    timeout_s : float
        Seconds without a byte after which a try has failed.
    first_pause_s : float
        Seconds before the second try; each further pause is twice the one before.

    Returns
    -------
    bytes

    Raises
    ------
    ObjectMissing
        If the server says that it has no such file for us.
    StorageUnavailable
        If the network or the server failed at every try.
    BadFile
        If the answer is longer than `most_bytes`.
    BadRequest
        If the address is not one of http or https.
    """
    if not address.startswith(("http://", "https://")):
        raise BadRequest(f"{address!r} is not an address of http or https: correct it.")
    reason = ""
    for number in range(tries):
        if number:
            time.sleep(first_pause_s * 2 ** (number - 1))
        try:
            return _once(address, most_bytes, timeout_s)
        except urllib.error.HTTPError as error:
            if error.code not in _WORTH_ANOTHER_TRY:
                raise ObjectMissing(
                    f"{address} answers {error.code} {error.reason}: look for the file's new address and correct it."
                ) from error
            reason = f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
    raise StorageUnavailable(
        f"{address} could not be fetched in {tries} tries ({reason}): check the connection (HTTPS_PROXY is heeded) "
        "and run the same command again, it goes on from what is already here."
    )


def _once(address: str, most_bytes: int, timeout_s: float) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": "netlift"})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        body: bytes = answer.read(most_bytes + 1)
        promised = answer.headers.get("Content-Length")
    if len(body) > most_bytes:
        raise BadFile(f"{address} is longer than {most_bytes:,} bytes: it is another file than the published one.")
    # read(n) returns what came when the connection ends early, and says nothing.
    if promised is not None and len(body) != int(promised):
        raise http.client.IncompleteRead(body, int(promised) - len(body))
    return body
