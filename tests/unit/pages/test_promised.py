"""Promised against measured: two rows an arm on one scale, all partners in the table, some of them drawn."""

from jobs.pages.palette import BLUE, PAPER
from jobs.pages.promised import promised
from tests.unit.pages.markup import drawn, words


def euro(value: float, half: float = 100.0) -> dict[str, float]:
    return {"value": value, "lower": value - half, "upper": value + half}


SAID = {
    "promised_eur": euro(24_310),
    "measured_eur": euro(12_900, 4_600),
    "ratio": {"value": 0.53, "lower": 0.34, "upper": None},
    "ratio_name": "Measured over promised effects",
    "calibration": {"sentence": "effects of spring are multiplied by 0.55"},
    "contact_cost_eur": 2_500.0,
    "fraud_loss_eur": 310.0,
    "nights": ["2026-03-01", "2026-03-02"],
    "sentence": "Spring brought half of what it promised.",
    "arms": [{"arm": "cashback", "offers": 120, "promised_eur": euro(11_000), "measured_eur": euro(5_900, 2_000)}],
    "partners": [
        {"partner_id": f"p{n}", "offers": n, "promised_eur": euro(900), "measured_eur": euro(400)} for n in range(15)
    ],
}


def test_total_arms_and_partners_are_drawn_apart_each_promise_hollow() -> None:
    written = promised(SAID)
    for picture, name in ((written.picture, "in all"), (written.arms_picture, "cashback")):
        assert [e.attrib["fill"] for e in drawn(picture).iter("circle")] == [PAPER, BLUE]
        assert {name, "promised", "measured", "net margin, €"} <= set(words(picture))
    assert {"+€24,310", "+€12,900"} <= set(words(written.picture))


def test_all_partners_are_in_the_table_and_some_are_drawn() -> None:
    written = promised(SAID)
    assert [(p.name, p.offers) for p in written.partners] == [(f"p{n}", n) for n in range(15)]
    assert len(list(drawn(written.partners_picture).iter("circle"))) == 16


def test_figures_and_sentences_are_those_of_the_document() -> None:
    written = promised(SAID)
    assert written.title == "+€12,900 measured, €24,310 promised"
    assert str(written.whole.measured_eur) == "+€12,900 (+€8,300 to +€17,500)"
    assert (str(written.ratio), written.sentence) == ("53.0%", "Spring brought half of what it promised.")
    assert "2 nights, 1 March 2026 to 2 March 2026, have closed" in written.over
    assert written.taken_off.startswith("Both sums are after €2,500 for contacts and €310 of loss by fraud")
    assert written.calibration == "Effects of spring are multiplied by 0.55."


def test_a_promise_without_limits_nothing_drawn_and_no_calibration_leave_their_parts_out() -> None:
    alone = {**SAID, "promised_eur": {"value": 100.0, "lower": None, "upper": None}, "arms": [], "partners": []}
    written = promised({**alone, "ratio": None, "calibration": None, "nights": ["2026-03-01"]})
    assert "the night of 1 March 2026 has closed" in written.over
    assert str(written.whole.promised_eur) == "+€100"
    assert (written.ratio, written.calibration, written.arms_picture, written.partners_picture) == (
        None,
        "",
        None,
        None,
    )
