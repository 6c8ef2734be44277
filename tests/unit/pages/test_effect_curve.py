"""The cumulative effect: the last look is marked, the planned end drawn, early bands do not flatten what follows."""

from dataclasses import replace

from jobs.pages.effect_curve import CurvePoint, effect_curve
from jobs.pages.measures import measure
from tests.unit.pages.markup import drawn, words

SPEND = measure("mean", "EUR")
POINTS = [
    CurvePoint(f"2026-03-{day:02}", 100 * day, 2.0 + (-1) ** day / day, 2.0 - 30.0 / day**2, 2.0 + 30.0 / day**2)
    for day in range(1, 21)
]


def test_the_last_look_and_the_planned_end_are_named() -> None:
    said = words(effect_curve("spend, mail", POINTS, SPEND, ends_on="2026-04-10"))
    assert {"+€2.050 now", "planned end", "1 Mar", "date of the look", "effect"} <= set(said)


def test_once_the_end_has_come_no_end_is_drawn() -> None:
    assert "planned end" not in words(effect_curve("spend, mail", POINTS, SPEND, ends_on="2026-03-20"))


def test_looks_without_dates_are_drawn_over_units() -> None:
    said = words(effect_curve("s", [replace(p, at=None) for p in POINTS], SPEND, units_planned=4000))
    assert {"units", "planned end", "4,000"} <= set(said)


def test_looks_within_a_day_keep_their_order_and_a_strange_moment_is_none() -> None:
    hours = [replace(p, at=f"2026-03-01T{n:02}:30:00") for n, p in enumerate(POINTS)]
    assert "date of the look" in words(effect_curve("s", hours, SPEND))
    assert "units" in words(effect_curve("s", [replace(p, at="first week") for p in POINTS], SPEND))


def test_the_band_of_the_first_units_is_cut_off() -> None:
    labels = [w for w in words(effect_curve("s", POINTS, SPEND)) if w.startswith(("€", "−€"))]
    assert labels
    assert all(abs(float(label.replace("€", "").replace("−", "-"))) <= 5.0 for label in labels)


def test_what_is_seen_is_said_in_words_too() -> None:
    root = drawn(effect_curve("spend, mail", POINTS, SPEND))
    description = root.find("desc")
    assert description is not None
    assert description.text == "20 looks; at the last one +€2.050, between +€1.925 and +€2.075."


def test_fewer_than_two_looks_are_no_curve() -> None:
    assert effect_curve("s", POINTS[:1], SPEND) is None
    assert effect_curve("s", [replace(p, value=float("nan")) for p in POINTS], SPEND) is None
