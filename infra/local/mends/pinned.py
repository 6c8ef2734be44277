"""The version of moto that every mend was written against, and what is said when it is another."""

from importlib.metadata import version

from jobs.errors import BadEnvironment

MOTO_VERSION = "5.2.5"


def expect_moto(mend: str, still_needed: bool) -> None:
    """Refuse to mend a moto that is not the one the mend was written against.

    Parameters
    ----------
    mend : str
        Name of the mend's module, for the sentence.
    still_needed : bool
        Whether moto shows what the mend mends; looked at by the mend itself.

    Raises
    ------
    BadEnvironment
        If moto has another version, or no longer shows what is mended.
    """
    installed = version("moto")
    if installed != MOTO_VERSION:
        raise BadEnvironment(
            f"moto {installed} is installed but {mend} mends moto {MOTO_VERSION}: "
            f"install the locked version with `make install`, or look at the mend again and raise its version."
        )
    if not still_needed:
        raise BadEnvironment(
            f"moto {installed} no longer shows what {mend} mends: "
            f"install the locked version with `make install`, or delete the mend."
        )
