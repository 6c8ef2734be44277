"""Both shares of every bin are drawn, and what was given is escaped."""

import re

from jobs.pages.histogram_chart import HistogramBin, histogram_chart
from tests.unit.pages.markup import drawn

BINS = (
    HistogramBin("below 5", 0.5, 0.25, "<5"),
    HistogramBin("5 and more", 0.5, 0.5, "≥5"),
    HistogramBin("without a value", 0.0, 0.25, "missing", missing=True),
)


def test_each_share_that_is_not_nought_has_a_bar_and_its_words() -> None:
    """Two before, three now; of the latter one is apart, for it is of rows without a value."""
    picture = str(histogram_chart("age", BINS))
    drawn(picture)
    assert [path.count("z") for path in re.findall(r'<path d="([^"]*)" fill="var', picture)] == [2, 2, 1]
    assert "below 5: 50.0% before, 25.0% now" in picture
    assert ">missing<" in picture


def test_names_of_categories_are_escaped_and_cut() -> None:
    bins = [HistogramBin("<b>&", 0.5, 0.5, "<b>& a very long name of a category")] * 9
    picture = str(histogram_chart("name", bins))
    drawn(picture)
    assert "&lt;b&gt;" in picture
    assert "very long name of a category" not in picture


def test_without_a_bin_there_is_no_picture_and_without_a_row_an_empty_one() -> None:
    assert histogram_chart("none", []) is None
    empty = str(histogram_chart("empty", [HistogramBin("any", 0.0, 0.0)]))
    drawn(empty)
    assert 'fill="var(--blue' not in empty
