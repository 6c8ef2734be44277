"""Promised against measured: two rows an arm on one scale, all partners in the table, some of them drawn."""

from jobs.pages.palette import BLUE, PAPER
from jobs.pages.promised import promised
from tests.unit.pages.markup import drawn, words


def euro(value: float, half: float = 100.0) -> dict[str, float]:
    return {"value": value, "lower": value - half, "upper": value + half}


SAID = {
    "promised_eur": euro(24_310),
    "measured_eur": euro(12_900, 4_600),
    "ratio": {"value": 1.88, "lower": 1.4, "upper": 2.9},
    "calibration": {"sentence": "The effects of spring are multiplied by 0.55."},
    "sentence": "Spring brought half of what it promised.",
    "arms": [{"arm": "cashback", "promised_eur": euro(11_000), "measured_eur": euro(5_900, 2_000)}],
    "partners": [{"partner_id": f"p{n}", "promised_eur": euro(900), "measured_eur": euro(400)} for n in range(15)],
}


def test_total_and_arms_are_drawn_twice_each_promise_hollow() -> None:
    written = promised(SAID)
    root = drawn(written.picture)
    assert len(list(root.iter("circle"))) == 4
    assert {"in all", "cashback", "promised", "measured", "+€24,310", "+€12,900", "net margin, €"} <= set(
        words(written.picture)
    )
    assert [e.attrib["fill"] for e in root.iter("circle")] == [PAPER, BLUE] * 2


def test_all_partners_are_in_the_table_and_some_are_drawn() -> None:
    written = promised(SAID)
    assert len(written.partners) == 15
    assert len(list(drawn(written.partners_picture).iter("circle"))) == 16


def test_figures_and_sentences_are_those_of_the_document() -> None:
    written = promised(SAID)
    assert str(written.whole.measured_eur) == "+€12,900 (+€8,300 to +€17,500)"
    assert (str(written.ratio), written.sentence) == (
        "1.880 (1.400 to 2.900)",
        "Spring brought half of what it promised.",
    )
    assert written.calibration == "The effects of spring are multiplied by 0.55."


def test_a_ratio_without_an_end_and_nothing_measured_are_left_out() -> None:
    ratio = {"value": 1.2, "lower": 0.4, "upper": None}
    written = promised({"promised_eur": euro(100), "measured_eur": None, "ratio": ratio, "sentence": "Not yet known."})
    assert str(written.ratio) == "1.200"
    assert written.whole.measured_eur is None
    assert len(list(drawn(written.picture).iter("circle"))) == 1
    assert written.partners_picture is None
