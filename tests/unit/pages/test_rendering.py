"""Templates escape what they are given and refuse to guess what they are not."""

from datetime import date

import pytest
from jinja2 import UndefinedError

from jobs.pages.rendering import render


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="page"):
        render("night.html.j2")


def test_days_and_levels_are_written_in_words() -> None:
    from jobs.pages.rendering import _environment

    made = _environment().from_string("{{ d|day }}, {{ 0.95|level }}, {{ 0.995|level }}, {{ '<b>' }}")
    assert made.render(d=date(2026, 3, 5)) == "5 March 2026, 95%, 99.5%, &lt;b&gt;"
