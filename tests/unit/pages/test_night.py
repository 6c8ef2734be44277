"""The page of a night says what it was told, escapes it, and leaves out what it was not told."""

from dataclasses import replace
from datetime import date

import pytest

from jobs.pages.figures import (
    ArmRow,
    BudgetCurve,
    CalibrationBin,
    DriftRow,
    FileRow,
    Interval,
    QiniCurve,
    ReasonRow,
)
from jobs.pages.night import CampaignPart, Headline, NightPage, night_html
from jobs.pages.night_rows import ModelRow, PartnerRow, ReviewRow, StepRow
from tests.unit.pages.markup import checked

EVIL = "<script>alert('x')</script> & \"quoted\""

EMPTY = NightPage(date(2026, 11, 1), "run-1", "an empty world", Headline(0, 0, 0, 0, 0.0, None, Interval(0.0)))

CAMPAIGN = CampaignPart(
    "autumn",
    "marta",
    qini=(QiniCurve("XLearner", (0, 0.5, 1), (0, 2, 3), (0, 1, 2), (0, 3, 4)),),
    calibration=(CalibrationBin(0.5, 0.6, 0.1, 1.1), CalibrationBin(2, 1.8, 1, 2.5)),
    budget=BudgetCurve((0, 100, 200), (0, 900, 1000), 100, 900),
    arms=(ArmRow("mail", 120, 60.0, 700.5, "10% off", "evening", "p7"), ArmRow("call", 40, 40.0, 199.5)),
    not_offered=(ReasonRow("holdout", 50), ReasonRow("no consent", 9)),
)

FULL = NightPage(
    run_date=date(2026, 11, 11),
    run_id="nightly-2026-11-11-1",
    source="synthetic world, seed 7",
    headline=Headline(12_345, 67, 1_000, 160, 100.0, 120.0, Interval(900.0, 700.0, 1100.0), 950.0),
    notes=("Row i of one file was joined to customer i of another.",),
    steps=(
        StepRow("score-uplift", "autumn", 1_000, 990, 10, 3_960, 3.21, "done"),
        StepRow("publish-offers", "autumn", 990, 990, 0, 160, 0.5, "already done"),
        StepRow("monitor-drift", "fraud", 10, 10, 0, 0, 0.1, "failed"),
    ),
    campaigns=(CAMPAIGN, replace(CAMPAIGN, campaign_id="winter")),
    reviews=tuple(
        ReviewRow(i, f"t{i}", f"c{i}", f"p{i}", 10.0 * i, 1 - i / 100, ("paid at night", "large amount"))
        for i in range(1, 31)
    ),
    partners=(PartnerRow(1, "p9", "Kiosk & Co", 0.31, 90, 28), PartnerRow(2, "p8", "", 0.1, 50, 4)),
    drift=(
        DriftRow("fraud", "hour", 0.01, 0, 0, 500, "stable"),
        DriftRow("fraud", "amount", 0.5, 0.2, 0, 500, "alarm", (0.1, 0.2, 0.5)),
        DriftRow("fraud", "score", 0.15, 0, 0, 500, "watch"),
    ),
    models=(ModelRow("fraud", "v1", "1,000 payments", "average precision 0.7"),),
    files=(FileRow("out/autumn.csv", "The list"),),
    next_commands=("netlift lift --data trial.csv --arm segment",),
)


def test_a_full_page_is_whole_and_says_its_numbers() -> None:
    words = checked(night_html(FULL))
    for said in (
        "The night of 11 November 2026", "synthetic world, seed 7", "nightly-2026-11-11-1",
        "12,345", "67", "+€900.00", "95% interval", "+€700.00 to +€1,100", "+€950.00", "83.3% of €120.00",
        "score-uplift", "990", "3,960", "3.2 s", "already done", "mail", "10% off", "evening", "+€700.50", "All arms",
        "+€900.00", "holdout", "no consent", "t1", "99.0%", "paid at night", "Kiosk & Co", "31.0%", "amount", "0.500",
        "20.0%", "average precision 0.7", "out/autumn.csv", "netlift lift --data trial.csv --arm segment",
        "Row i of one file was joined to customer i of another.", "20 more in table fraud_scores",
    ):  # fmt: skip
        assert said in words, said


def test_every_picture_is_there_once_a_campaign() -> None:
    html = night_html(FULL)
    for title in (
        "Expected net margin at every budget",
        "Why the others got nothing",
        "Promised against measured effect",
    ):
        assert html.count(f"<title>{title}</title>") == 2, title


def test_an_empty_page_has_no_empty_sections() -> None:
    words = checked(night_html(EMPTY))
    for absent in ("Campaign", "Review queue", "Partners", "Drift", "Steps", "Models", "Where things are", "interval"):
        assert absent not in words, absent
    assert "<svg" not in night_html(EMPTY)
    assert "<table" not in night_html(EMPTY)


@pytest.mark.parametrize("part", ["steps", "campaigns", "reviews", "partners", "drift", "models", "files"])
def test_each_part_may_be_missing(part: str) -> None:
    checked(night_html(replace(FULL, **{part: ()})))
    checked(night_html(replace(EMPTY, **{part: getattr(FULL, part)})))


def test_a_campaign_without_a_model_shows_its_offers_alone() -> None:
    part = CampaignPart("autumn", arms=CAMPAIGN.arms)
    html = night_html(replace(EMPTY, campaigns=(part,)))
    assert "+€700.50" in checked(html)
    assert "<svg" not in html


def test_drift_stands_worst_first_and_all_that_is_not_stable_is_shown() -> None:
    words = checked(night_html(FULL))
    table = words[words.index("Drift, worst first") :]
    assert table.index("amount") < table.index("score") < table.index("hour")
    many = tuple(DriftRow("fraud", f"v{i}", 0.3, 0, 0, 9, "alarm") for i in range(40))
    calm = tuple(DriftRow("fraud", f"w{i}", 0.0, 0, 0, 9, "stable") for i in range(40))
    shown = checked(night_html(replace(EMPTY, drift=calm + many)))
    assert all(f"v{i} fraud" in shown for i in range(40))
    assert "w0 fraud" not in shown
    assert "40 more, all stable" in shown


def test_what_wants_a_look_is_said_at_the_top() -> None:
    words = checked(night_html(FULL))
    top = words[: words.index("Campaign autumn")]
    assert "monitor-drift (fraud) failed" in top
    assert "1 variable drifted far from what the models know: amount." in top
    assert "1 variable drifted a little: score." in top
    assert "67 rows (0.5% of those read) set aside" in top


def test_a_table_that_is_given_in_part_says_how_much_is_left_out() -> None:
    page = replace(FULL, reviews=FULL.reviews[:10], reviews_in_all=58, partners_in_all=400)
    words = checked(night_html(page))
    assert "48 more in table fraud_scores" in words
    assert "398 more in table partner_risk" in words
    assert " more in table" not in checked(night_html(replace(page, reviews_in_all=10, partners_in_all=2)))


def test_what_a_campaign_and_its_promise_have_to_say_is_said() -> None:
    head = replace(FULL.headline, interval_says="Luck is not in it.")
    part = replace(CAMPAIGN, sentences=("The trial says so.", "No list is better."))
    words = checked(night_html(replace(FULL, headline=head, campaigns=(part,))))
    for said in ("Luck is not in it.", "The trial says so.", "No list is better."):
        assert said in words


def test_a_partner_in_the_queue_goes_by_its_name() -> None:
    row = ReviewRow(1, "t1", "c1", "p77", 5.0, 0.9, partner_name="Kiosk & Co")
    words = checked(night_html(replace(EMPTY, reviews=(row,))))
    assert "Kiosk & Co" in words
    assert "p77" in words


def test_a_step_without_input_is_no_alarm() -> None:
    page = replace(EMPTY, steps=(StepRow("score-uplift", "autumn", 0, 0, 0, 0, 0.0, "no input"),))
    html = night_html(page)
    assert "no input" in checked(html)
    assert '<ul class="look"' not in html


def test_where_nothing_is_promised_and_nothing_comes_true_there_is_no_picture() -> None:
    head = replace(FULL.headline, net_eur=Interval(0.0), true_net_eur=0.0)
    assert "<svg" not in night_html(replace(EMPTY, headline=head))


def test_a_quiet_night_says_nothing_alarming() -> None:
    assert '<ul class="look"' not in night_html(EMPTY)


def test_text_from_outside_is_escaped_everywhere() -> None:
    part = replace(
        CAMPAIGN,
        campaign_id=EVIL,
        owner=EVIL,
        sentences=(EVIL,),
        qini=(replace(CAMPAIGN.qini[0], name=EVIL),),
        arms=(ArmRow(EVIL, 1, 1.0, 1.0, EVIL, EVIL, EVIL),),
        not_offered=(ReasonRow(EVIL, 1),),
    )
    page = NightPage(
        date(2026, 1, 1), EVIL, EVIL, FULL.headline,
        notes=(EVIL,),
        steps=(StepRow(EVIL, EVIL, 1, 1, 0, 1, 1.0, "failed"),),
        campaigns=(part,),
        reviews=(ReviewRow(1, EVIL, EVIL, EVIL, 1.0, 0.5, (EVIL,), EVIL),),
        partners=(PartnerRow(1, EVIL, EVIL, 0.1, 1, 1),),
        drift=(DriftRow(EVIL, EVIL, 1.0, 0, 0, 1, "alarm"),),
        models=(ModelRow(EVIL, EVIL, EVIL, EVIL),),
        files=(FileRow(EVIL, EVIL),),
        next_commands=(EVIL,),
    )  # fmt: skip
    html = night_html(page)
    checked(html)
    assert html.count("&lt;script&gt;") > 20


def test_extreme_values_break_nothing() -> None:
    nan, inf = float("nan"), float("inf")
    strange = Headline(10**15, 10**15, 0, 10**12, 1e18, 1e-9, Interval(nan, -inf, inf), -1e18)
    part = CampaignPart(
        "x" * 300,
        qini=(QiniCurve("n" * 300, (0, nan, 1), (inf, nan, -1e18)),),
        calibration=(CalibrationBin(nan, nan), CalibrationBin(-1e15, 1e15, nan, inf)),
        budget=BudgetCurve((0, 1e18), (nan, -1e18), nan, nan),
        arms=(ArmRow("a", 10**15, nan, -inf),),
        not_offered=(ReasonRow("word " * 90, 10**15), ReasonRow("none", 0)),
    )
    page = replace(
        EMPTY, headline=strange, campaigns=(part,), drift=(DriftRow("k", "v", inf, nan, nan, 0, "alarm", (nan, inf)),)
    )
    words = checked(night_html(page))
    assert "nan" not in words.lower().split()
    assert "inf" not in words.lower().split()


def test_a_large_night_stays_small() -> None:
    """Thirty campaigns, a thousand variables in alarm, a queue of ten thousand."""
    page = replace(
        FULL,
        campaigns=tuple(replace(CAMPAIGN, campaign_id=f"c{i}") for i in range(30)),
        reviews=FULL.reviews * 400,
        drift=tuple(DriftRow("fraud", f"v{i}", 1.0, 0, 0, 9, "alarm") for i in range(1_000)),
    )
    checked(night_html(page))
