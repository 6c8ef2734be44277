"""A mend refuses a moto that it was not written against, and does what it says on the one that it was."""

import importlib
import pkgutil
from collections.abc import Callable

import pytest
from moto.s3tables.models import s3tables_backends

from infra.local import mends
from infra.local.mends import (
    lambda_processes,
    pinned,
    s3tables_lists,
    s3tables_maintenance,
    s3tables_regions,
    stepfunctions_clients,
)
from jobs.errors import BadEnvironment

ALWAYS = (s3tables_regions, s3tables_lists, s3tables_maintenance, lambda_processes, stepfunctions_clients)
MENDS = tuple(
    importlib.import_module(f"{mends.__name__}.{module.name}")
    for module in pkgutil.iter_modules(mends.__path__)
    if module.name != "pinned"
)


@pytest.mark.parametrize("mend", MENDS, ids=lambda m: m.__name__.rsplit(".", 1)[1])
def test_another_version_of_moto_is_refused(mend: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned, "version", lambda _: "5.9.9")
    with pytest.raises(
        BadEnvironment, match=r"moto 5\.9\.9 is installed but infra\.local\.mends\.\w+ mends moto 5\.2\.5"
    ):
        _afresh(mend)()


def test_a_moto_that_needs_the_mend_no_more_is_refused() -> None:
    with pytest.raises(BadEnvironment, match="no longer shows what a_mend mends"):
        pinned.expect_moto("a_mend", still_needed=False)


def test_a_mend_that_is_already_there_is_seen() -> None:
    """The look at moto is a real one: after the mend it finds nothing to mend."""
    s3tables_regions.apply()
    with pytest.raises(BadEnvironment, match="no longer shows"):
        _afresh(s3tables_regions)()


def test_tables_are_served_wherever_s3_is() -> None:
    s3tables_regions.apply()
    assert s3tables_backends["123456789012"]["eu-west-1"].region_name == "eu-west-1"
    with pytest.raises(KeyError):
        s3tables_backends["123456789012"]["mars-north-1"]


def test_applying_twice_is_applying_once() -> None:
    for mend in MENDS:
        mend.apply()
        mend.apply()


def test_every_mend_is_one_file_that_says_what_moto_does() -> None:
    assert set(ALWAYS) <= set(MENDS)
    for mend in MENDS:
        assert (mend.__doc__ or "").startswith("moto"), mend.__name__


def _afresh(mend: object) -> Callable[[], None]:
    # past the memory that it was applied before
    return mend.apply.__wrapped__  # type: ignore[attr-defined, no-any-return]
