"""Templates of our own made into pages: everything escaped, a name that is missing is an error."""

from datetime import date
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from jobs.pages import formats


def render(template: str, **values: object) -> str:
    """Return the page that a template makes of its values.

    Parameters
    ----------
    template : str
        File name under ``jobs/pages/templates``.
    **values : object
        What the template names; numbers are written by the filters of :mod:`jobs.pages.formats`.

    Raises
    ------
    jinja2.UndefinedError
        If the template names a value that was not given.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("jobs.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": formats.count,
        "euro": formats.euro,
        "signed_euro": formats.signed_euro,
        "small_euro": formats.small_euro,
        "whole_euro": formats.whole_euro,
        "signed_whole_euro": formats.signed_whole_euro,
        "percent": formats.percent,
        "decimal": formats.decimal,
        "p_value": formats.p_value,
        "seconds": formats.seconds,
        "day": _day,
        "level": _level,
    }
    return made


def _day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def _level(confidence: float) -> str:
    return f"{100 * confidence:g}%"
