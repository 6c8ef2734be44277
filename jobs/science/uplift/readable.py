"""May this trial be read at all? Its arms' sizes, and what its features know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadTrial
from jobs.science.experiment.sample_ratio import SampleRatio, sample_ratio_by_propensity, sample_ratio_by_share
from jobs.science.uplift.intake import Intake
from jobs.science.uplift.leakage import Leak, find_leaks
from jobs.science.uplift.trial import Trial

FEW_EVENTS = 50
"""Customers of an arm with another outcome than the usual one, below which an interval is too sure of itself."""

FEW_CLUSTERS = 40
"""Clusters below which the same holds."""


@dataclass(frozen=True)
class Readable:
    """A trial that may be read.

    Parameters
    ----------
    trial : Trial
        The trial, without features that are outcomes.
    ratio : SampleRatio
        Sizes of the arms against those of the design, after rows were set aside.
    ratio_of : str
        What was counted: "rows" or "clusters".
    drawn : bool
        Whether the arms were drawn; where nobody drew them there is no design to hold their sizes against.
    design : str
        Where the expected sizes are from: "equal shares", "the shares given", "the propensities" or "the
        estimated propensities".
    left_out : dict of str to str
        Columns that are no feature, and why.
    warnings : tuple of str
        What to look at before the answer is believed, in whole sentences.
    """

    trial: Trial
    ratio: SampleRatio
    ratio_of: str
    drawn: bool
    design: str
    left_out: dict[str, str]
    warnings: tuple[str, ...]

    @property
    def sample_ratio_p(self) -> float | None:
        """The p-value of the check of the arms' sizes, in [0, 1]; None where nobody drew the arms."""
        return self.ratio.p_value if self.drawn else None


def must_be_readable(
    intake: Intake, *, shares: Mapping[str, float] | None = None, drawn: bool = True, file: str
) -> Readable:
    """Refuse a trial whose arms have the wrong sizes or whose features predict the arm.

    Parameters
    ----------
    intake : Intake
        The trial as it was taken in.
    shares : mapping of str to float, optional
        Designed share of each arm, the control among them; without them, and without propensities that differ from
        the arms' own shares, equal.
    drawn : bool
        Whether the arms were drawn. Where they were not, their propensities are estimates, and sizes and features that
        differ between the arms are what was estimated.
    file : str
        Where the trial is from, for messages.

    Returns
    -------
    Readable
        The trial and what there is to say of it.

    Raises
    ------
    BadTrial
        If the sizes do not fit the design, before or after rows were set aside, or a feature predicts the arm.
    BadRequest
        If the shares name other arms than the trial has.
    """
    trial = intake.trial
    design = _design(trial, shares)
    whole = _whole_clusters(trial)
    if not intake.propensity_known and whole is None:
        _check(sample_ratio_by_share(intake.drawn, design), trial, file, "rows", shares is not None)
    ratio = _ratio(trial, design, whole, intake.propensity_known)
    ratio_of = "rows" if whole is None else "clusters"
    left = (
        ratio_of
        if intake.set_aside == {}
        else f"{ratio_of} left after {sum(intake.set_aside.values()):,} were set aside"
    )
    if drawn:
        _check(ratio, trial, file, left, shares is not None or intake.propensity_known)
    leaks = find_leaks(trial)
    if drawn and leaks.arm:
        raise BadTrial(_arm_sentence(leaks.arm, file))
    outcomes = {leak.feature: f"is an outcome too: {leak.settles}" for leak in leaks.outcomes}
    features = {n: t for n, t in trial.features.items() if n not in outcomes}
    if not features:
        raise BadTrial(
            f"{file}: every column that is left settles the outcome ({', '.join(outcomes)}): add what was known of "
            "the customers before the draw"
        )
    warnings = [
        f"{leak.feature!r} may be another outcome ({leak.settles}): if it was measured after the draw, add "
        f"--exclude {leak.feature!r}."
        for leak in leaks.doubtful
    ]
    if leaks.unchecked:
        warnings.append(
            f"Too few clusters to check whether features predict the arm ({', '.join(leaks.unchecked)}): make sure "
            "that all of them were known before the draw."
        )
    return Readable(
        replace(trial, features=features),
        ratio,
        ratio_of,
        drawn,
        _expected_by(intake, shares, drawn),
        intake.left_out | outcomes,
        (*warnings, *_scarce(trial)),
    )


def _expected_by(intake: Intake, shares: Mapping[str, float] | None, drawn: bool) -> str:
    if intake.propensity_known:
        return "the propensities" if drawn else "the estimated propensities"
    return "equal shares" if shares is None else "the shares given"


def _design(trial: Trial, shares: Mapping[str, float] | None) -> list[float] | None:
    """Return the designed shares in the order of the arms, or None for equal ones."""
    if shares is None:
        return None
    for name in shares:
        if name not in trial.arms:
            raise BadRequest(f"--share names {name!r}, the trial has {', '.join(map(repr, trial.arms))}: correct it")
    for name in trial.arms:
        if name not in shares:
            raise BadRequest(f"--share does not say what share {name!r} was to get: give one for every arm")
    return [shares[name] for name in trial.arms]


def _whole_clusters(trial: Trial) -> NDArray[np.int64] | None:
    """Return a row of each cluster where whole clusters were drawn into an arm, None where rows were."""
    if trial.cluster is None:
        return None
    first, place = np.unique(trial.cluster, return_index=True, return_inverse=True)[1:]
    return first if bool(np.all(trial.arm[first][place] == trial.arm)) else None


def _ratio(
    trial: Trial, design: Sequence[float] | None, whole: NDArray[np.int64] | None, propensity_known: bool
) -> SampleRatio:
    arm = trial.arm if whole is None else trial.arm[whole]
    if propensity_known:
        propensity = trial.propensity if whole is None else trial.propensity[whole]
        return sample_ratio_by_propensity(arm, propensity, len(trial.arms))
    return sample_ratio_by_share(np.bincount(arm, minlength=len(trial.arms)).tolist(), design)


def _check(ratio: SampleRatio, trial: Trial, file: str, counted: str, design_known: bool) -> None:
    if not ratio.mismatch:
        return
    sizes = ", ".join(
        f"{name} {n:,} ({round(e):,} expected)"
        for name, n, e in zip(trial.arms, ratio.counts, ratio.expected, strict=True)
    )
    cause = (
        "rows were lost or added after the draw, find out where"
        if design_known
        else "if the arms were to be of different sizes say so (--share for every arm, or --propensity), else "
        "rows were lost or added after the draw, find out where"
    )
    raise BadTrial(
        f"do not read this trial: {file} has, counted in {counted}, {sizes}, which chance hardly brings "
        f"({_p(ratio.p_value)}): {cause}"
    )


def _arm_sentence(leaks: Sequence[Leak], file: str) -> str:
    names = ", ".join(f"{leak.feature!r} ({_p(leak.p_value)})" for leak in leaks[:5])
    names += f" and {len(leaks) - 5} more" if len(leaks) > 5 else ""
    flags = " ".join(f"--exclude {leak.feature!r}" for leak in leaks)
    return (
        f"do not read this trial: {file}: {names} predict{'s' if len(leaks) == 1 else ''} the arm, which nothing can "
        f"that was known before the draw: leave out what was measured afterwards ({flags}), and if one was known "
        "before, the draw was not random"
    )


def _p(value: float) -> str:
    # A p-value too small for a float is 0 in it, and no p-value is 0.
    return f"p = {value:.1g}" if value > 1e-300 else "p < 1e-300"


def _scarce(trial: Trial) -> list[str]:
    """Say where intervals are too sure of themselves."""
    said = []
    values, counts = np.unique(trial.outcome, return_counts=True)
    usual = values[np.argmax(counts)]
    other = {name: int(np.sum(trial.outcome[trial.arm == a] != usual)) for a, name in enumerate(trial.arms)}
    name = min(other, key=lambda n: other[n])
    if other[name] < FEW_EVENTS:
        said.append(
            f"Only {other[name]} customers of {name} have an outcome other than {usual:g} euro: with so few, intervals "
            "are too sure of themselves."
        )
    if trial.cluster is not None and (clusters := int(trial.cluster.max()) + 1) < FEW_CLUSTERS:
        said.append(f"Only {clusters} clusters: with so few, intervals are too sure of themselves.")
    return said
