"""A partner's page: what the offers added, how sure that is, how it was measured, what it does not say."""

from datetime import date

from jobs.pages.partner_lift import partner_lift_html, partner_words
from jobs.tables.outputs import PARTNER_LIFT
from tests.unit.pages.markup import checked

ROW = {
    "run_date": date(2026, 12, 5),
    "campaign_id": "spring",
    "partner_id": "p0007",
    "first_night": date(2026, 11, 1),
    "last_day": date(2026, 12, 4),
    "nights": 7,
    "offers": 3120.4,
    "customers": 36_120,
    "held_customers": 3_961,
    "sales_a_customer_eur": 14.82,
    "held_sales_a_customer_eur": 14.11,
    "incremental_sales_eur": 25_640.0,
    "incremental_sales_low_eur": 4_010.0,
    "incremental_sales_high_eur": 47_270.0,
    "shrunk_sales_eur": 17_330.0,
    "shrunk_sales_low_eur": 6_020.0,
    "shrunk_sales_high_eur": 28_640.0,
    "shrinkage": 0.42,
    "contact_cost_eur": 1_404.0,
    "run_id": "read-1",
}


def test_the_page_is_of_a_row_of_the_table() -> None:
    assert set(ROW) == {column.name for column in PARTNER_LIFT.columns}


def test_every_figure_is_said_and_the_shrinkage_explained() -> None:
    words = checked(partner_lift_html(ROW, name="Mill Lane 7", contact="ana@example.com"))
    for said in (
        "Offers of spring brought Mill Lane 7 about €17,330 of sales", "between €6,020 and €28,640",
        "more than chance alone explains", "nights from 1 November 2026, purchases until 4 December 2026", "3,120",
        "in 7 nights", "€14.82", "€14.11", "€1,404", "held back 3,961 customers", "counts 42.0%", "€25,640", "+€25,640",
        "These are sales, not profit", "ana@example.com", "run read-1",
    ):  # fmt: skip
        assert said in words, said


def test_a_figure_of_its_own_is_shown_alone() -> None:
    html = partner_lift_html({**ROW, "shrinkage": 0.0})
    assert "Figures of other partners play no part in it" in checked(html)
    assert html.count("<circle") == 1


def test_what_chance_could_bring_is_not_claimed() -> None:
    row = {**ROW, "shrunk_sales_low_eur": -500.0}
    assert (
        partner_words(row, "Mill Lane 7").title
        == "Whether offers of spring brought Mill Lane 7 more sales is not known yet"
    )
    assert "chance alone could bring this too" in checked(partner_lift_html(row))


def test_a_loss_is_called_a_loss() -> None:
    row = {**ROW, "shrunk_sales_eur": -900.0, "shrunk_sales_low_eur": -1600.0, "shrunk_sales_high_eur": -200.0}
    assert partner_words(row, "p0007").title == "Offers of spring took about €900 of sales from p0007"


def test_what_partners_are_called_is_escaped() -> None:
    html = partner_lift_html({**ROW, "campaign_id": "a & b"}, name="<script>alert(1)</script>")
    assert "&lt;script&gt;" in html
    checked(html)
