"""The panel of the split: arms inside what chance brings are blue, one outside is orange, numbers stand beside."""

from jobs.pages.palette import BLUE, ORANGE
from jobs.pages.sample_ratio_panel import ArmSize, sample_ratio_panel
from tests.unit.pages.markup import drawn, words


def colours(*arms: ArmSize) -> list[str]:
    return [e.attrib["fill"] for e in drawn(sample_ratio_panel(arms)).iter("circle")]


def test_an_arm_beyond_what_chance_brings_stands_out() -> None:
    assert colours(ArmSize("none", 5010, 0.5, 5000.0), ArmSize("mail", 4990, 0.5, 5000.0)) == [BLUE, BLUE]
    assert colours(ArmSize("none", 5250, 0.5, 5000.0), ArmSize("mail", 4750, 0.5, 5000.0)) == [ORANGE, ORANGE]


def test_units_and_shares_stand_as_text() -> None:
    said = words(sample_ratio_panel([ArmSize("none", 900, 0.9, 905.0), ArmSize("mail", 100, 0.1, 95.0)]))
    assert {"none", "900, 90.0% (plan 90.0%)", "units more or less than planned"} <= set(said)


def test_long_names_and_tiny_arms_stay_inside() -> None:
    arms = [ArmSize("an arm of a very long name " * 4, n, 1 / 6, 7.5) for n in range(5, 11)]
    assert len(colours(*arms)) == 6


def test_no_units_are_no_picture() -> None:
    assert sample_ratio_panel([]) is None
    assert sample_ratio_panel([ArmSize("none", 0, 0.5, 0.0)]) is None
