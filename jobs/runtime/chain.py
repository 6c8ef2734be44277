"""The chain of verbs, declared once: what each reads, how it is cut into shards, what comes before it.

The in-process night, the planner behind the state machine and the state machine's own test all read
this file.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from jobs.errors import BadRequest

Per = Literal["campaign", "experiment"]
"""What may have runs of its own: every campaign, every experiment."""


@dataclass(frozen=True)
class Read:
    """An input table that a verb reads.

    Parameters
    ----------
    table : str
        Name of the input table.
    days_back : int or None
        Of files under ``date=YYYY-MM-DD/``, those of so many days up to the run's date are read;
        None: all up to the run's date. A file without a date is always read.
    newest : bool
        Whether only the newest date up to the run's date is read (a snapshot, such as customers).
    by_campaign : bool
        Whether each campaign has a folder of its own, named by its id.
    optional : bool
        Whether the verb does its work without a file too.
    only_with : str or None
        Section of a campaign file: without a campaign that has it the table is not read. With `by_campaign`, a verb
        whose run is that of all campaigns reads the folders of those that have it.
    per : str or None
        Of a verb with runs of campaigns and of experiments: for which of them it is read; None: for both.
    awaited : bool
        Whether a chain leaves a run out, without a word, as long as the table has no file at all: nothing is late.
    """

    table: str
    days_back: int | None = None
    newest: bool = False
    by_campaign: bool = False
    optional: bool = False
    only_with: str | None = None
    per: Per | None = None
    awaited: bool = False


@dataclass(frozen=True)
class After:
    """A verb whose finished runs another one builds upon.

    Parameters
    ----------
    verb : str
        The verb.
    days_back : int
        Runs of so many days before the run's first day count too.
    needed : bool
        Whether it is one of those of which at least one must have finished.
    per : str or None
        For runs of a campaign, or of an experiment, alone: then of its own runs only; None: for all, of all.
    of_campaigns : bool
        Whether, of a verb with runs of campaigns and of experiments, those of campaigns count only.
    """

    verb: str
    days_back: int = 0
    needed: bool = True
    per: Per | None = None
    of_campaigns: bool = False


@dataclass(frozen=True)
class Step:
    """One verb of the chain.

    Parameters
    ----------
    verb : str
        Name on the command line; the module is ``jobs.<verb with underscores>``.
    kind : str or None
        Kind of its runs; None: a run for each of `per`, whose id is the kind.
    per : tuple of str
        Of a step without a kind: whether it runs for each campaign, for each experiment, or for both.
    reads : tuple of Read
        Input tables whose files make the manifest.
    shard_by : str or None
        Input table whose files are the shards, one each; None: one shard holds all.
    models : tuple of str
        Kinds of models whose champions it uses; "campaign" is the model of the run's campaign.
    models_if_any : tuple of str
        Kinds of models whose champions it uses where there are any; without one it works all the same.
    models_of_before : bool
        Whether it uses the models, in the versions, that the runs before it used.
    campaigns : bool
        Whether the result depends on every campaign file (a run of one campaign depends on its own).
    experiments : bool
        Whether the result depends on every experiment file (a run of one experiment depends on its own).
    house_rules : bool
        Whether the result depends on what holds for all campaigns together.
    writes : tuple of str
        Output tables it commits.
    after : tuple of After
        Verbs whose finished runs it builds upon.
    while_drawn : bool
        Whether an experiment has runs from its first day to its last only, and not while its outcomes ripen.
    until_final : bool
        Whether an experiment has no run more once one of them said that it was the last.
    looks_back_days : int
        Days before of whose runs of the same verb the house rules, or an experiment, speak; there may be none.
    parts_of : str or None
        Verb before it by whose rows a large run is cut into parts; None: its job has no parts.
    """

    verb: str
    kind: str | None
    per: tuple[Per, ...] = ("campaign",)
    reads: tuple[Read, ...] = ()
    shard_by: str | None = None
    models: tuple[str, ...] = ()
    models_if_any: tuple[str, ...] = ()
    models_of_before: bool = False
    campaigns: bool = False
    experiments: bool = False
    house_rules: bool = False
    writes: tuple[str, ...] = ()
    after: tuple[After, ...] = ()
    while_drawn: bool = False
    until_final: bool = False
    looks_back_days: int = 0
    parts_of: str | None = None

    @property
    def module(self) -> str:
        """Module that holds the job."""
        return "jobs." + self.verb.replace("-", "_")

    @property
    def function(self) -> str:
        """Name of the job's function in its module."""
        return self.verb.replace("-", "_")

    @property
    def per_campaign(self) -> bool:
        """Whether every campaign has a run of its own."""
        return self.kind is None and "campaign" in self.per

    @property
    def per_experiment(self) -> bool:
        """Whether every experiment has a run of its own."""
        return self.kind is None and "experiment" in self.per


HISTORY_DAYS = 45
"""Days of transactions a feature may look back on: the longest window, the label delay, and a week."""

RISK_DAYS = 14
"""Days of scored transactions that a customer's risk is averaged over, the run's date included."""

TRAINING_DAYS = 120
"""Days of features that training may read."""

SEGMENT_DAYS = 90
"""Days of payments that a customer's segment is made of, the run's date included."""

PARTNER_TRAINING_DAYS = 180
"""Days of transactions that the training of partners' risk may read."""

CANDIDATE_DAYS = 90
"""Most days of purchases by which customers' candidates are chosen from a catalogue, the run's date included."""

EXPERIMENT_DAYS = 366
"""Most days that an experiment may draw units for, its first and its last included."""

PERFORMANCE_DAYS = 28
"""Days of scored payments whose labels are looked at night by night, the run's date included."""

HOLDOUT_DAYS = 180
"""Days of outcomes, and of transactions, by which a campaign's holdout is read, the run's date included."""

CALIBRATION_DAYS = 90
"""Days before a night of which the newest reading of a holdout still counts for its promises."""

CONTACT_DAYS = 30
"""Most days over which a customer's contacts may be counted, the run's date included."""

_TRANSACTIONS = Read("transactions", days_back=HISTORY_DAYS)
_FRAUD_REPORTS = Read("fraud_reports", days_back=HISTORY_DAYS)
_CUSTOMERS = Read("customers", newest=True)
_PARTNERS = Read("partners", newest=True, optional=True)

NIGHT = (
    Step(
        "build-fraud-features",
        kind="fraud",
        reads=(_TRANSACTIONS, _FRAUD_REPORTS),
        writes=("fraud_features",),
    ),
    Step(
        "score-fraud",
        kind="fraud",
        models=("fraud",),
        writes=("fraud_scores", "customer_risk"),
        after=(After("build-fraud-features", days_back=RISK_DAYS - 1),),
    ),
    Step(
        "segment-customers",
        kind="customers",
        reads=(
            Read("transactions", days_back=SEGMENT_DAYS - 1),
            Read("fraud_reports", days_back=SEGMENT_DAYS - 1),
            _CUSTOMERS,
        ),
        writes=("customer_segments",),
    ),
    Step(
        "assign-treatment",
        kind=None,
        per=("experiment",),
        reads=(_CUSTOMERS,),
        shard_by="customers",
        # Places in a layer are held against those of all others.
        experiments=True,
        while_drawn=True,
        writes=("assignments",),
        looks_back_days=EXPERIMENT_DAYS - 1,
    ),
    Step(
        "score-partners",
        kind="partners",
        reads=(_TRANSACTIONS, _FRAUD_REPORTS, _PARTNERS),
        models_if_any=("partner-risk",),
        writes=("partner_risk",),
    ),
    Step(
        "score-uplift",
        kind=None,
        reads=(_CUSTOMERS,),
        shard_by="customers",
        models=("campaign",),
        writes=("uplift_scores",),
    ),
    Step(
        # Before the offers: what a holdout measured counts for the promises of the same night.
        "read-experiment",
        kind=None,
        per=("campaign", "experiment"),
        reads=(
            Read("measurements", by_campaign=True, per="experiment", awaited=True),
            Read("outcomes", days_back=HOLDOUT_DAYS - 1, by_campaign=True, per="campaign", awaited=True),
            # Sales at partners, within the windows and before them.
            Read("transactions", days_back=HOLDOUT_DAYS - 1, optional=True, per="campaign"),
        ),
        until_final=True,
        writes=("readouts", "partner_lift"),
        after=(After("assign-treatment", needed=False, per="experiment"),),
    ),
    Step(
        "allocate-offers",
        kind="offers",
        reads=(
            # Optional, so that a night whose files are missing is refused by name and not left out.
            Read("catalogue", newest=True, by_campaign=True, optional=True, only_with="candidates"),
            Read("transactions", days_back=CANDIDATE_DAYS - 1, optional=True, only_with="candidates"),
            Read("fraud_reports", days_back=CANDIDATE_DAYS - 1, optional=True, only_with="candidates"),
            Read("partners", newest=True, optional=True, only_with="candidates"),
        ),
        campaigns=True,
        house_rules=True,
        writes=("offers",),
        after=(
            After("score-uplift"),
            After("score-fraud"),
            After("segment-customers", needed=False),
            After("score-partners", needed=False),
            After("read-experiment", days_back=CALIBRATION_DAYS, needed=False, of_campaigns=True),
        ),
        looks_back_days=CONTACT_DAYS - 1,
        parts_of="score-uplift",
    ),
    Step(
        "publish-offers",
        kind="offers",
        after=(After("allocate-offers"),),
    ),
    Step(
        "monitor-drift",
        kind="models",
        reads=(_CUSTOMERS, Read("fraud_reports", days_back=PERFORMANCE_DAYS - 1, optional=True)),
        # Not the champions: one that is promoted meanwhile has scored nothing of the batch, and its profile says
        # nothing of it.
        models_of_before=True,
        campaigns=True,
        house_rules=True,
        writes=("drift", "performance"),
        after=(
            After("build-fraud-features"),
            After("score-fraud"),
            After("segment-customers"),
            After("score-partners"),
            After("score-uplift"),
        ),
    ),
)
"""What runs every night, in this order; runs of experiments after all others (:func:`jobs.runtime.plan.listed`)."""

TRAINING = (
    Step(
        "train-fraud",
        kind="fraud",
        reads=(Read("fraud_reports"),),
        after=(After("build-fraud-features", days_back=TRAINING_DAYS),),
    ),
    Step(
        "train-partner-risk",
        kind="partners",
        reads=(Read("transactions", days_back=PARTNER_TRAINING_DAYS), Read("fraud_reports"), _PARTNERS),
    ),
    Step("train-uplift", kind=None, reads=(Read("trial", by_campaign=True),), writes=("uplift_segments",)),
)
"""What makes the models that the night uses."""


def step(verb: str, among: Iterable[Step] = NIGHT + TRAINING) -> Step:
    """Return the step called `verb`.

    Raises
    ------
    BadRequest
        If the chain has no such verb.
    """
    steps = {s.verb: s for s in among}
    if verb not in steps:
        raise BadRequest(f"verb {verb!r} is not in the chain: use one of {', '.join(steps)}.")
    return steps[verb]
