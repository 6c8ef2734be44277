"""May this experiment be read? Its arms and its holdout must have the sizes that the assignment promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.errors import BadTrial
from jobs.science.experiment.sample_ratio import SampleRatio, sample_ratio_by_share


@dataclass(frozen=True)
class Split:
    """Sizes of an experiment against its design.

    Parameters
    ----------
    arms : SampleRatio
        Arms among each other.
    holdout : SampleRatio or None
        Held back against all others; None where the design holds nobody back.
    names : tuple of str
        Arms, in the order of `arms`.
    """

    arms: SampleRatio
    holdout: SampleRatio | None
    names: tuple[str, ...]

    @property
    def mismatch(self) -> bool:
        """Whether either is off."""
        return self.arms.mismatch or (self.holdout is not None and self.holdout.mismatch)


def check_split(
    counts: Mapping[str, int],
    shares: Mapping[str, float],
    *,
    held: int | None = None,
    outside: int = 0,
    holdout_shares: Sequence[float] = (),
) -> Split:
    """Hold sizes against a design.

    Parameters
    ----------
    counts : mapping of str to int
        Units (clusters, where clusters are drawn) of every arm.
    shares : mapping of str to float
        Designed shares of the same arms.
    held : int, optional
        Units in any holdout; required with `holdout_shares`.
    outside : int
        Eligible units that are in no arm and no holdout, because exposure or layer keep them out.
    holdout_shares : sequence of float
        Shares of the holdouts, drawn independently: a unit may be in several.

    Returns
    -------
    Split

    Raises
    ------
    BadTrial
        If the arms are not those of the design, or a count that the check needs is not given.

    Examples
    --------
    >>> check_split({"none": 480, "mail": 470}, {"none": 0.5, "mail": 0.5}, held=50, holdout_shares=[0.05]).mismatch
    False
    """
    if set(counts) != set(shares):
        raise BadTrial(f"the arms are {sorted(counts)} and the design's are {sorted(shares)}: they must be the same.")
    names = tuple(shares)
    empty = [name for name in names if counts[name] < 1]
    if empty:
        raise BadTrial(f"arm {empty[0]!r} has no units: nothing can be said of it.")
    arms = sample_ratio_by_share([counts[name] for name in names], [shares[name] for name in names])
    kept = 1.0
    for share in holdout_shares:
        kept *= 1.0 - share
    if kept == 1.0:
        if held:
            raise BadTrial(f"{held} units are held back and the design holds nobody back: state the holdouts' shares.")
        return Split(arms, None, names)
    if held is None:
        raise BadTrial("the design has a holdout and its units were not counted: count the eligible units held back.")
    rest = sum(counts.values()) + outside
    return Split(arms, sample_ratio_by_share([held, rest], [1.0 - kept, kept]), names)


def refuse_mismatch(split: Split) -> Split:
    """Return a split that may be read.

    Raises
    ------
    BadTrial
        If it may not: no effect is to be believed before the cause is known.
    """
    ratio = split.holdout if not split.arms.mismatch else split.arms
    if not split.mismatch or ratio is None:
        return split
    names = split.names if ratio is split.arms else ("held back", "not held back")
    sizes = ", ".join(
        f"{name!r} has {count} units where {expected:.0f} were to be expected"
        for name, count, expected in zip(names, ratio.counts, ratio.expected, strict=True)
    )
    raise BadTrial(
        f"sample-ratio mismatch (p = {ratio.p_value:.2g}): {sizes}; units were lost or moved, so no effect is "
        "concluded: find the cause, and read again."
    )
