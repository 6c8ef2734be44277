"""Doubt falls back to the simpler policy."""

from jobs.science.uplift.best_arm import BestArm
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.policy_value import Contrast
from jobs.science.uplift.verdict import Verdict, decide

SURE, UNSURE = Estimate(1.0, 0.1), Estimate(0.1, 0.1)


def verdict(over_arms: list[Estimate], over_nobody: Estimate, gain: Estimate) -> Verdict:
    return decide(
        [Contrast("personalised", f"arm {i}", e) for i, e in enumerate(over_arms, 1)],
        Contrast("personalised", "nobody", over_nobody),
        BestArm(1, gain),
        arms=("none", "arm 1", "arm 2"),
        treated_share=0.4,
        affordable_share=0.7,
        customers=1000,
    )


def test_personalising_must_beat_every_arm_and_nobody() -> None:
    said = verdict([SURE, SURE], SURE, SURE)
    assert (said.kind, said.arm, said.treated_share) == ("personalise", None, 0.4)
    assert said.net_eur == Estimate(1000.0, 100.0)


def test_beating_the_best_arm_but_not_another_is_one_arm_for_everyone() -> None:
    said = verdict([SURE, UNSURE], SURE, Estimate(2.0, 0.5))
    assert (said.kind, said.arm, said.treated_share) == ("one arm for everyone", "arm 1", 0.7)
    assert said.net_eur == Estimate(2000.0, 500.0)
    assert "arm 1 for everyone earns 2.000 euro" in said.reason


def test_beating_every_arm_but_not_nobody_is_nobody() -> None:
    said = verdict([SURE, SURE], UNSURE, UNSURE)
    assert (said.kind, said.arm, said.treated_share) == ("nobody", None, 0.0)
    assert said.net_eur == Estimate(0.0, 0.0)


def test_a_choice_that_is_no_choice_is_said_without_an_interval_of_nothing() -> None:
    nothing = Estimate(0.0, 0.0)
    alike = verdict([nothing, UNSURE], SURE, SURE)
    assert alike.kind == "one arm for everyone"
    assert alike.reason.endswith("Choosing by customer would give arm 1 to the same customers.")
    nobody = verdict([UNSURE, UNSURE], nothing, UNSURE)
    assert nobody.kind == "nobody"
    assert nobody.reason.endswith("choosing by customer would choose nobody: no contact is surely worth its cost.")


def test_a_loss_reads_as_a_loss_and_a_doubt_names_what_is_doubted() -> None:
    worse = verdict([Estimate(-0.5, 0.1), UNSURE], UNSURE, SURE).reason
    assert "Choosing by customer earns 0.500 euro a customer (95% interval 0.304 to 0.696) less than arm 1" in worse
    unsure_of_nobody = verdict([SURE, SURE], UNSURE, SURE).reason
    assert unsure_of_nobody.endswith("so it is not surely better than no contact.")
    small = verdict([UNSURE, UNSURE], UNSURE, Estimate(0.00002, 0.00001)).reason
    assert "earns 0.00002 euro" in small
