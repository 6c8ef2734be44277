"""The model at work is looked after: a new champion is taken up soon, a silent store is outlasted for an hour."""

from pathlib import Path

import pytest

from functions.champion import CHECK_S, OLDEST_S, RETRY_S, Champions
from jobs.errors import StorageUnavailable, UnknownModel
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.models import ModelStore
from tests.clock import Clock
from tests.unit.functions.online_worlds import small_model


class Seconds:
    """A clock that only goes forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Silent(FolderObjects):
    """Objects that do not answer while they are told not to."""

    silent = False

    def list(self, prefix):  # type: ignore[no-untyped-def]
        if self.silent:
            raise StorageUnavailable("the store is silent: try again.")
        return super().list(prefix)


@pytest.fixture
def objects(tmp_path: Path) -> Silent:
    return Silent(tmp_path)


@pytest.fixture
def models(objects: Silent) -> ModelStore:
    return ModelStore(objects, Clock())


def _promote(models: ModelStore, seed: int) -> str:
    version = models.register("fraud", small_model(seed).to_files(), {"seed": seed})
    models.promote("fraud", version, "a test", "it was asked for")
    return version


def test_a_new_champion_is_taken_up_at_the_next_look(models: ModelStore) -> None:
    seconds = Seconds()
    champions = Champions(models, seconds)
    first = _promote(models, 1)
    assert champions.current().version == first
    second = _promote(models, 2)
    seconds.now = CHECK_S - 1
    assert champions.current().version == first
    seconds.now = CHECK_S
    assert champions.current().version == second


def test_the_same_champion_is_not_loaded_twice(models: ModelStore) -> None:
    seconds = Seconds()
    champions = Champions(models, seconds)
    _promote(models, 1)
    before = champions.current()
    seconds.now = CHECK_S
    assert champions.current() is before


def test_without_a_champion_there_is_none(models: ModelStore) -> None:
    with pytest.raises(UnknownModel):
        Champions(models).current()


def test_a_silent_store_is_outlasted_for_an_hour_and_asked_again_soon(models: ModelStore, objects: Silent) -> None:
    seconds = Seconds()
    champions = Champions(models, seconds)
    first = _promote(models, 1)
    champions.current()
    objects.silent = True
    seconds.now = OLDEST_S
    assert champions.current().version == first
    seconds.now = OLDEST_S + RETRY_S - 1
    assert champions.current().version == first, "not asked at every request"
    seconds.now = OLDEST_S + RETRY_S
    with pytest.raises(StorageUnavailable):
        champions.current()
    objects.silent = False
    assert champions.current().version == first
