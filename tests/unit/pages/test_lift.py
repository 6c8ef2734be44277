"""The page of a trial opens with the verdict in plain words, then shows what it rests on."""

from dataclasses import replace

import pytest

from jobs.pages.figures import ArmRow, BudgetCurve, CalibrationBin, FileRow, Interval, QiniCurve
from jobs.pages.lift import ArmCount, LiftPage, PolicyRow, SampleRatio, lift_html, verdict_sentence
from tests.unit.pages.markup import checked

BARE = LiftPage("t.csv", "nobody", "", "No offer earns its cost.", 100, 0, 0.0, None, Interval(0.0), "spend, euro")

FULL = LiftPage(
    data_name="hillstrom.csv",
    verdict="one_arm",
    arm="Mens E-Mail",
    reason="Nothing beats it beyond doubt.",
    customers=64_000,
    contacted=64_000,
    cost_eur=3_200.0,
    budget_eur=5_000.0,
    net_eur=Interval(46_080.0, 30_310.0, 61_850.0),
    outcome="spend, euro of margin",
    sample_ratio=SampleRatio(0.893, True, (ArmCount("No E-Mail", 200, 1 / 3), ArmCount("Mens E-Mail", 100, 2 / 3))),
    policies=(
        PolicyRow("Mens E-Mail to everyone", Interval(0.72, 0.47, 0.97), chosen=True),
        PolicyRow("personalised, XLearner", Interval(0.61, 0.34, 0.88), Interval(-0.11, -0.31, 0.09)),
        PolicyRow("nobody", Interval(0.0)),
    ),
    qini=(QiniCurve("XLearner", (0, 0.5, 1), (0, 0.4, 0.7)),),
    calibration=(CalibrationBin(0.5, 0.6, 0.1, 1.1),),
    budget=BudgetCurve((0, 3_200), (0, 46_080), 3_200, 46_080),
    arms=(ArmRow("Mens E-Mail", 64_000, 3_200.0, 46_080.0, "an e-mail", "morning"),),
    files=(FileRow("out/list.csv", "The list"),),
    next_steps=("Keep a random 5% back.",),
    facts=(("Rows trained on", "32,000"), ("Seed", "7")),
    warnings=("Only 50 rows bought.",),
)


def test_the_verdict_comes_first_and_every_number_is_said() -> None:
    html = lift_html(FULL)
    words = checked(html)
    assert "<h1>Send Mens E-Mail to everyone</h1>" in html
    assert words.index("Send Mens E-Mail") < words.index("+€46,080") < words.index("What was judged")
    for said in (
        "Nothing beats it beyond doubt.", "95% interval +€30,310 to +€61,850", "64.0% of €5,000", "p = 0.893", "holds",
        "+€0.720", "+€0.470 to +€0.970", "−€0.110", "−€0.310 to +€0.090", "66.7%", "33.3%", "spend, euro of margin",
        "32,000", "out/list.csv", "Keep a random 5% back.", "Only 50 rows bought.", "an e-mail, morning",
    ):  # fmt: skip
        assert said in words, said


def test_the_chosen_policy_alone_is_marked() -> None:
    html = lift_html(FULL)
    assert html.count('<tr class="chosen">') == 1
    assert html.count("the verdict</small>") == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "Send Mens E-Mail to everyone"),
        ({"contacted": 1_500}, "Send Mens E-Mail to the 1,500 customers the budget reaches"),
        ({"verdict": "nobody"}, "Send nothing to anybody"),
        ({"verdict": "personalise", "contacted": 9}, "Choose customer by customer: 9 of 64,000 get an offer"),
    ],
)
def test_each_verdict_is_a_plain_sentence(changed: dict[str, object], sentence: str) -> None:
    page = replace(FULL, **changed)  # type: ignore[arg-type]
    assert verdict_sentence(page) == sentence
    assert f"<h1>{sentence}</h1>" in lift_html(page)


def test_a_broken_sample_ratio_is_said_loudly() -> None:
    words = checked(lift_html(replace(FULL, sample_ratio=SampleRatio(1e-9, False, FULL.sample_ratio.arms))))  # type: ignore[union-attr]
    assert "broken" in words
    assert "p < 0.001" in words
    assert "before believing any figure here" in words


def test_arms_that_nobody_drew_are_not_said_to_be_drawn_as_planned() -> None:
    words = checked(lift_html(replace(FULL, sample_ratio=SampleRatio(None, True, FULL.sample_ratio.arms))))  # type: ignore[union-attr]
    assert "not drawn" in words
    assert "Nobody drew them" in words
    for absent in ("holds p", "Yes: the sizes", "Chi-squared", "Planned"):
        assert absent not in words, absent


def test_a_bare_page_has_no_empty_sections() -> None:
    html = lift_html(BARE)
    words = checked(html)
    for absent in ("What was judged", "The list", "told apart", "drawn as planned", "What to do next", "interval"):
        assert absent not in words, absent
    assert "<svg" not in html


@pytest.mark.parametrize(
    "part", ["policies", "qini", "calibration", "arms", "files", "next_steps", "facts", "warnings"]
)
def test_each_part_may_be_missing(part: str) -> None:
    checked(lift_html(replace(FULL, **{part: ()})))
    checked(lift_html(replace(BARE, **{part: getattr(FULL, part)})))


def test_text_from_outside_is_escaped() -> None:
    evil = "<script>alert('x')</script>"
    page = replace(
        FULL, data_name=evil, arm=evil, reason=evil, outcome=evil, next_steps=(evil,), facts=((evil, evil),),
        warnings=(evil,), files=(FileRow(evil, evil),), arms=(ArmRow(evil, 1, 1.0, 1.0, evil),),
        policies=(PolicyRow(evil, Interval(1.0), None, True),),
        sample_ratio=SampleRatio(0.5, True, (ArmCount(evil, 1, 1.0),)),
    )  # fmt: skip
    html = lift_html(page)
    checked(html)
    assert html.count("&lt;script&gt;") >= 14


def test_extreme_values_break_nothing() -> None:
    nan, inf = float("nan"), float("inf")
    page = replace(
        FULL, customers=0, contacted=0, budget_eur=0.0, cost_eur=inf, net_eur=Interval(nan, -inf, inf),
        sample_ratio=SampleRatio(nan, False, (ArmCount("a", 0, 0.0),)),
        policies=(PolicyRow("a", Interval(1e15, -1e15, inf), Interval(nan, nan, nan)),),
        calibration=(CalibrationBin(nan, inf),), qini=(QiniCurve("q", (0.0,), (nan,)),),
    )  # fmt: skip
    words = checked(lift_html(page)).lower().split()
    assert "nan" not in words
    assert "inf" not in words
