"""The page of the partner team: the queue with its reasons, how it came about, and nothing from elsewhere."""

from dataclasses import replace
from datetime import date

from jobs.pages.partners import PartnersPage, QueueRow, partners_html
from tests.unit.pages.markup import checked

ROW = QueueRow(
    1, "p0007", "Mill Lane 7", "grocery", 0.941, 149, 20, 3, 0.14, -0.125, 3.2,
    ["known_fraud: 12 of 85 payments of the last 7 days with known labels were fraud, 20 of 149 in 28 days"],
    history=[0.1, 0.4, 0.941], days=[-2.0, -1.0, 0.0],
)  # fmt: skip
PAGE = PartnersPage(
    date(2026, 11, 21), "score-partners-1", "model 2026-11-15-ab", True, 400, 0.015, 12, [ROW], ["One note."]
)


def test_every_figure_of_the_queue_is_said_and_who_is_beyond_the_limit() -> None:
    words = checked(partners_html(PAGE))
    for said in (
        "1 partner to look into", "21 November 2026", "model 2026-11-15-ab", "Mill Lane 7", "p0007 · grocery", "94.1%",
        "20 of 149", "3 reported early", "−12.5%", "beyond", "known_fraud: 12 of 85", "One note.",
        "over 1.5% of payments",
    ):  # fmt: skip
        assert said in words, said


def test_the_history_is_drawn_large_for_the_first_and_small_for_all() -> None:
    html = partners_html(replace(PAGE, queue=[replace(ROW, rank=n, partner_id=f"p{n}") for n in range(1, 8)]))
    assert checked(html).count("Mill Lane 7") >= 7
    assert html.count("<svg") == 1 + 7


def test_without_a_model_risk_is_a_rate_and_the_page_says_that_it_is_no_probability() -> None:
    words = checked(partners_html(replace(PAGE, calibrated=False)))
    assert "Risk is the shrunk fraud rate: no probability, because no model is at work yet" in words


def test_nobody_to_look_into_and_a_first_night_leave_the_pictures_out() -> None:
    html = partners_html(replace(PAGE, queue=[]))
    assert "No partner to look into" in checked(html)
    assert "<svg" not in html
    assert "<svg" not in partners_html(replace(PAGE, queue=[replace(ROW, history=[0.9], days=[0.0])]))


def test_what_partners_write_about_themselves_is_escaped() -> None:
    html = partners_html(replace(PAGE, queue=[replace(ROW, name="<script>alert(1)</script>", category="a & b")]))
    assert "&lt;script&gt;" in html
    checked(html)
