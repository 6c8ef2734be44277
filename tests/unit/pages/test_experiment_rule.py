"""A rule is said in sentences: what decides, how sure is sure, what must not suffer, what it was planned for."""

from jobs.pages.experiment_rule import rule_sentences

RULE = {
    "success": ["visit"],
    "correction": "none",
    "alpha": 0.05,
    "power": 0.9,
    "better": {"visit": "lower"},
    "minimum_effect": {"visit": 0.01},
    "minimum_relative_effect": {"spend": 0.05},
    "guardrails": [
        {"metric": "spend", "margin": 0.25, "better": "higher", "relative": False},
        {"metric": "returns", "margin": 0.1, "better": "lower", "relative": True},
    ],
    "guardrail_alpha": 0.05,
}
METRICS = [
    {"metric": "visit", "kind": "proportion", "unit": "share"},
    {"metric": "spend", "kind": "mean", "unit": "EUR"},
]


def test_every_part_is_said_in_the_units_of_its_metric() -> None:
    assert rule_sentences(RULE, METRICS) == [
        "An arm ships when visit is surely better and every guardrail holds.",
        "Sure is at alpha 0.05, two-sided, each by itself, for the rule asks for no correction.",
        "Lower is better of visit.",
        "Guardrail spend: it may be €0.250 lower at most, sure to 95%.",
        "Guardrail returns: it may be 10% higher at most, sure to 95%.",
        "It was planned for the smallest effect worth having, visit 1.00 pp and spend 5%, to be found with a "
        "power of 90%.",
    ]


def test_of_a_broken_split_the_rule_is_said_without_units() -> None:
    assert "Guardrail spend: it may be 0.25 lower at most, sure to 95%." in rule_sentences(RULE)


def test_no_rule_is_no_sentence() -> None:
    assert rule_sentences(None) == []
