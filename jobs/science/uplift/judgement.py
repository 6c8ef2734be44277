"""What is found of a trial: the learners, the choice among them, the verdict, and all that a report shows."""

from dataclasses import dataclass

from jobs.science.uplift.best_arm import BestArm
from jobs.science.uplift.calibration import Decile
from jobs.science.uplift.choice import Choice
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.export import FittedUplift
from jobs.science.uplift.importance import Importance
from jobs.science.uplift.policy_rules import PolicyRules
from jobs.science.uplift.policy_tree import SegmentEffect
from jobs.science.uplift.policy_value import Contrast, PolicyValue
from jobs.science.uplift.promise import Promise
from jobs.science.uplift.qini import QiniCurve
from jobs.science.uplift.score_judgement import ScoreJudgement
from jobs.science.uplift.slices import SliceJudgement
from jobs.science.uplift.verdict import Verdict


@dataclass(frozen=True)
class ArmJudgement:
    """What the untouched rows say of one arm's predicted effects by the chosen learner.

    Parameters
    ----------
    arm : str
        Name of the arm.
    qini : float
        Qini coefficient in scikit-uplift's form, on the rows of this arm and the control.
    qini_curve : QiniCurve
        The curve behind it.
    effect : Estimate
        Mean effect against the control, in euro.
    slope : Estimate
        Calibration slope: 1 where predicted differences are true, 0 where they are noise.
    deciles : tuple of Decile
        Promised against measured effects: promised is the shrunk effect, each half of the rows shrunk by the others.
    """

    arm: str
    qini: float
    qini_curve: QiniCurve
    effect: Estimate
    slope: Estimate
    deciles: tuple[Decile, ...]


@dataclass(frozen=True)
class LearnerJudgement:
    """What the untouched rows say of one learner.

    Parameters
    ----------
    learner : str
        Name of the learner.
    works : bool
        Whether it can be put to work; else it only judges.
    scores : ScoreJudgement
        Every metric of its predicted effects.
    fit_cpu_s : float or None
        CPU seconds of its fit to the training rows; None where no clock was handed in.
    score_rows_per_cpu_s : float or None
        Rows that it scores, all arms, in a CPU second, as a scoring job would.
    """

    learner: str
    works: bool
    scores: ScoreJudgement
    fit_cpu_s: float | None
    score_rows_per_cpu_s: float | None


@dataclass(frozen=True)
class EffectSegments:
    """Segments of effect: the policy tree's rules, and what untouched rows measured of each.

    Parameters
    ----------
    rules : PolicyRules
        Grown on the training rows.
    effects : tuple of SegmentEffect
        Every arm in every segment.
    gain : Contrast
        What giving arms by the rules earns more than the best single policy of the training rows, one arm for
        everyone or nobody, without a budget; in euro a customer.
    """

    rules: PolicyRules
    effects: tuple[SegmentEffect, ...]
    gain: Contrast


@dataclass(frozen=True)
class Judgement:
    """A fitted model, and what may be said of it.

    Parameters
    ----------
    fitted : FittedUplift
        What to export: the learner that was judged, not refitted on the rows that judged it. Only its calibration
        uses all rows.
    verdict : Verdict
        Personalise, one arm for everyone, or nobody.
    choice : Choice
        The learner that is put to work, chosen on the training rows, and why.
    learners : tuple of LearnerJudgement
        Every learner on the untouched rows.
    best_arm : BestArm
        The best single arm and its honest gain.
    arms : tuple of ArmJudgement
        One for each arm but the control.
    policies : tuple of PolicyValue
        The chosen learner's policy, every baseline, every arm for everyone, the other learners' policies.
    contrasts : tuple of Contrast
        The chosen learner's policy against every other.
    promise : Promise
        What the chosen learner's policy promises against what is measured of it.
    segments : EffectSegments
        Segments of effect.
    importances : tuple of Importance
        What the chosen learner's effects, as learnt, rest on, the most important first.
    rows_train, rows_held_out : int
        Rows that fitted and rows that judged.
    slices : tuple of SliceJudgement
        Effects by slice, exploratory; empty where no slices were given.
    """

    fitted: FittedUplift
    verdict: Verdict
    choice: Choice
    learners: tuple[LearnerJudgement, ...]
    best_arm: BestArm
    arms: tuple[ArmJudgement, ...]
    policies: tuple[PolicyValue, ...]
    contrasts: tuple[Contrast, ...]
    promise: Promise
    segments: EffectSegments
    importances: tuple[Importance, ...]
    rows_train: int
    rows_held_out: int
    slices: tuple[SliceJudgement, ...] = ()

    @property
    def chosen(self) -> LearnerJudgement:
        """What the untouched rows say of the chosen learner."""
        return next(found for found in self.learners if found.learner == self.choice.learner)
