"""What a verdict allows to be scored with: the learner, one arm's mean effect, or nothing."""

from dataclasses import replace

from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.export import FittedUplift
from jobs.science.uplift.verdict import Verdict

_NO_EFFECT = ArmCalibration(center=0.0, level=0.0, slope=0.0)


def allowed_by(verdict: Verdict, fitted: FittedUplift) -> FittedUplift:
    """Return the fitted model with the effects that the verdict lets money be computed from.

    Parameters
    ----------
    verdict : Verdict
        What the untouched rows allowed to say.
    fitted : FittedUplift
        The learner that was judged.

    Returns
    -------
    FittedUplift
        The learner itself to personalise; for one arm, that arm's measured mean effect for everyone and no effect
        of the others; for nobody, no effect at all. An arm without effect is never worth its cost.
    """
    if verdict.kind == "personalise":
        return fitted
    constant = tuple(
        replace(c, slope=0.0) if verdict.arm == arm else _NO_EFFECT
        for arm, c in zip(fitted.arms[1:], fitted.calibration, strict=True)
    )
    return replace(fitted, calibration=constant)
