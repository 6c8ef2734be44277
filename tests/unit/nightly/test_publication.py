"""A page is published once under a name of its own, and copied as a whole."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from jobs.errors import BadEnvironment, BadRequest
from jobs.nightly.publication import check_place, publish_page
from jobs.pages.figures import Interval
from jobs.pages.night import Headline, NightPage, night_html
from jobs.runtime.home import Home, open_home

PAGE = NightPage(date(2026, 3, 1), "run-1", "somewhere", Headline(1, 0, 0, 0, 0.0, None, Interval(0.0)))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home({"NETLIFT_HOME": str(tmp_path / "home")})


def test_the_same_page_is_one_object_and_another_page_another(home: Home) -> None:
    first, again = publish_page(PAGE, home), publish_page(PAGE, home)
    other = publish_page(replace(PAGE, source="elsewhere"), home)
    assert first == again != other
    kept = [o.key for o in home.objects.list("published/night/2026-03-01/")]
    assert {f"{home.objects.uri}/{key}" for key in kept} == {first, other}
    assert home.objects.get(first.removeprefix(f"{home.objects.uri}/")) == night_html(PAGE).encode()


def test_a_copy_replaces_the_file_that_stood_there_and_leaves_nothing_beside_it(home: Home, tmp_path: Path) -> None:
    copy = tmp_path / "out" / "night.html"
    copy.parent.mkdir()
    copy.write_text("old")
    publish_page(PAGE, home, copy)
    assert copy.read_text() == night_html(PAGE)
    assert list(copy.parent.iterdir()) == [copy]


def test_a_copy_that_cannot_be_put_in_place_leaves_nothing_beside_it(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "taken").mkdir(parents=True)
    with pytest.raises(BadEnvironment, match="cannot be written"):
        publish_page(PAGE, home, folder / "taken")
    assert [p.name for p in folder.iterdir()] == ["taken"]


def test_a_place_that_cannot_hold_the_copy_is_refused_before_the_night(tmp_path: Path) -> None:
    check_place(None)
    check_place(tmp_path / "night.html")
    with pytest.raises(BadRequest, match="there is no folder"):
        check_place(tmp_path / "absent" / "night.html")
    with pytest.raises(BadRequest, match="is a folder"):
        check_place(tmp_path)
