"""A run's plan: which files, which shards, on which models, after which runs; and the key they give.

Nothing heavy is imported here: the function that plans the night fits a small package.
"""

import dataclasses
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from jobs.errors import BadRequest, NoInput, ObjectMissing, UnknownCampaign, UnknownExperiment
from jobs.runtime.chain import After, Per, Read, Step, step
from jobs.runtime.final_reading import require_not_final
from jobs.runtime.home import Home
from jobs.runtime.layout import (
    HOUSE_RULES_KEY,
    campaign_ids,
    campaign_key,
    experiment_ids,
    experiment_key,
    input_prefix,
    manifest_key,
)
from jobs.runtime.manifest import Manifest, PlannedFile, read_manifest
from jobs.runtime.size import part_rows

__all__ = ["Manifest", "PlannedFile", "asked", "kinds", "plan", "read_manifest"]

_DATED = re.compile(r"(?:^|/)date=(\d{4}-\d{2}-\d{2})/")


def plan(
    of: Step,
    home: Home,
    run_date: date,
    kind: str,
    first_date: date,
    request: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
) -> Manifest:
    """Plan a run and keep the plan among the objects.

    Parameters
    ----------
    of : Step
        The verb.
    home : Home
        Where inputs, campaigns, models and the ledger are.
    run_date, first_date : datetime.date
        Last and first day whose rows the run replaces.
    kind : str
        Id of the campaign or experiment for a verb that runs for each, else the step's kind.
    request : mapping
        Values of the request that are not its defaults.
    environment : mapping
        Says above which size a run is worked in parts; see :func:`jobs.runtime.size.part_rows`.

    Raises
    ------
    NoInput
        If an input table has no file for these days and is not optional, no run that it builds upon has finished, or
        the experiment draws nobody that day.
    UnknownCampaign
        If the campaign has no file.
    UnknownExperiment
        If the experiment has no file.
    UnknownModel
        If a model that is needed has no champion.
    """
    # In this order a campaign without a file is named before the model that it cannot have.
    about = asked(of, kind, home)
    campaigns = {c: _digest(home, c) for c in _campaigns(of, home, about)}
    experiments = {e: _experiment_digest(home, e) for e in _experiments(of, home, about)}
    if of.while_drawn:
        require_drawn(home, about.get("experiment", kind), run_date)
    upstream = _upstream(of, home, about, first_date, run_date)
    rules = _house_rules(home) if of.house_rules else ""
    manifest = Manifest(
        verb=of.verb,
        kind=kind,
        first_date=first_date,
        run_date=run_date,
        request=dict(request),
        files=_all_files(of, home, kind, about, sorted(campaigns), first_date, run_date),
        shard_by=of.shard_by,
        models=_models(of, home, kind, upstream),
        campaigns=campaigns,
        experiments=experiments,
        upstream=upstream,
        house_rules=rules,
        # Without house rules, or an experiment, nothing counts what was done before.
        earlier=_earlier(of, home, kind, first_date) if rules or of.per_experiment else (),
    )
    if of.until_final:
        require_not_final(home, manifest)
    manifest = dataclasses.replace(manifest, part_rows=part_rows(of, manifest, home, environment))
    home.objects.put_if_absent(manifest_key(manifest.key.run_id), manifest.to_json())
    return manifest


def kinds(of: Step, home: Home) -> tuple[str, ...]:
    """Kinds that a verb runs for: its own, or the id of every campaign, of every experiment, or of both."""
    if of.kind is not None:
        return (of.kind,)
    campaigns = campaign_ids(home.objects) if of.per_campaign else ()
    return campaigns + (experiment_ids(home.objects) if of.per_experiment else ())


def listed(chain: Sequence[Step], home: Home) -> tuple[tuple[Step, str], ...]:
    """Return each step of a chain with each kind that it runs for, in the order in which they run.

    Experiments come last: an offer depends on none of them, so one whose file is wrong fails when the lists are out.
    A run whose awaited input has not begun to come is left out.
    """
    experiments = set(experiment_ids(home.objects)) if any(step.per_experiment for step in chain) else set()
    found = [
        (step, kind)
        for step in chain
        for kind in kinds(step, home)
        if _begun(step, kind, "experiment" if kind in experiments else "campaign", home)
    ]
    return tuple(sorted(found, key=lambda run: run[0].per_experiment and run[1] in experiments))


def _begun(of: Step, kind: str, per: Per, home: Home) -> bool:
    awaited = [read for read in of.reads if read.awaited and read.per in {None, per}]
    return all(home.objects.list(_folder(read, kind)) for read in awaited)


def _folder(read: Read, kind: str) -> str:
    return input_prefix(read.table) + (f"{kind}/" if read.by_campaign else "")


def asked(of: Step, kind: str, home: Home) -> dict[str, str]:
    """Return what a request for a run of this kind names: its campaign, its experiment, or nothing.

    Raises
    ------
    BadRequest
        If a campaign and an experiment have the same id, and the verb runs for both.
    """
    if of.kind is not None:
        return {}
    if not of.per_experiment:
        return {"campaign": kind}
    if not of.per_campaign:
        return {"experiment": kind}
    is_campaign, is_experiment = kind in campaign_ids(home.objects), kind in experiment_ids(home.objects)
    if is_campaign and is_experiment:
        raise BadRequest(f"{kind!r} is a campaign and an experiment: give the experiment another name.")
    return {"experiment": kind} if is_experiment else {"campaign": kind}


def _all_files(
    of: Step,
    home: Home,
    kind: str,
    about: Mapping[str, str],
    campaigns: Sequence[str],
    first_date: date,
    run_date: date,
) -> dict[str, tuple[PlannedFile, ...]]:
    files = {}
    for read in of.reads:
        if read.per is not None and read.per not in about:
            continue
        folders: Sequence[str] = (kind,)
        if read.only_with is not None:
            having = [c for c in campaigns if _has_section(home, c, read.only_with)]
            # A plan that is without keeps the digest that it had before there were such sections.
            if not having:
                continue
            folders = having if read.by_campaign else folders
        files[read.table] = tuple(f for folder in folders for f in _files(home, read, folder, first_date, run_date))
    return files


def _has_section(home: Home, campaign_id: str, section: str) -> bool:
    """Whether a campaign file has a section; of one that cannot be read the job says what is wrong with it."""
    try:
        return section in tomllib.loads(home.objects.get(campaign_key(campaign_id)).decode())
    except ValueError:
        return False


def _files(home: Home, read: Read, kind: str, first_date: date, run_date: date) -> tuple[PlannedFile, ...]:
    prefix = _folder(read, kind)
    found = [o for o in home.objects.list(prefix) if o.key.endswith(".parquet")]
    dated = [(_date_of(o.key), PlannedFile(o.key, o.size, o.version)) for o in found]
    oldest = date.min if read.days_back is None else first_date - timedelta(days=read.days_back)
    if read.newest:
        oldest = max((day for day, _ in dated if day and day <= run_date), default=date.min)
        # Where a later row stands in the place of an earlier one, what has a date is the later.
        dated.sort(key=lambda found: found[0] is not None)
    chosen = tuple(file for day, file in dated if day is None or oldest <= day <= run_date)
    if not chosen and not read.optional:
        raise NoInput(
            f"{home.objects.uri}/{prefix} has no Parquet file for {run_date}: put the {read.table} there, "
            f"or ask for another date."
        )
    return chosen


def _date_of(key: str) -> date | None:
    match = _DATED.search(key)
    return date.fromisoformat(match[1]) if match else None


def _campaigns(of: Step, home: Home, about: Mapping[str, str]) -> Sequence[str]:
    if "campaign" in about:
        return (about["campaign"],)
    return campaign_ids(home.objects) if of.campaigns else ()


def _experiments(of: Step, home: Home, about: Mapping[str, str]) -> Sequence[str]:
    own = (about["experiment"],) if "experiment" in about else ()
    return tuple(sorted({*own, *experiment_ids(home.objects)})) if of.experiments else own


def _models(of: Step, home: Home, kind: str, upstream: Sequence[str]) -> dict[str, str]:
    needed = [f"uplift-{kind}" if model == "campaign" else model for model in of.models]
    if of.models_if_any:
        needed += sorted(set(of.models_if_any) & set(home.models.kinds()))
    before = _models_of(upstream, home) if of.models_of_before else {}
    return before | {model: home.models.champion(model) for model in needed}


def _models_of(runs: Sequence[str], home: Home) -> dict[str, str]:
    """Models that finished runs say they used."""
    used: dict[str, str] = {}
    for run_id in runs:
        report = home.ledger.report(read_manifest(home, run_id).key)
        used |= report["models"] if report is not None else {}
    return used


def _digest(home: Home, campaign_id: str) -> str:
    known = campaign_ids(home.objects)
    if campaign_id not in known:
        raise UnknownCampaign(
            f"campaign {campaign_id!r} has no file {home.objects.uri}/{campaign_key(campaign_id)} "
            f"(known: {', '.join(known) or 'none'}): write it or correct the name."
        )
    return hashlib.sha256(home.objects.get(campaign_key(campaign_id))).hexdigest()


def require_drawn(home: Home, experiment_id: str, day: date) -> None:
    """Do nothing if an experiment draws units on a day, or its file does not say so: the job says what is wrong.

    Raises
    ------
    NoInput
        If it does not.
    """
    key = experiment_key(experiment_id)
    try:
        said = tomllib.loads(home.objects.get(key).decode())
    except ValueError:
        return
    first, last = said.get("starts_on"), said.get("ends_on")
    # type, not isinstance: TOML's moments are dates too, and the file's check refuses them
    why = ""
    if type(first) is date and day < first:
        why = f"starts on {first}"
    elif type(last) is date and day > last:
        why = f"drew its last on {last}"
    if why:
        raise NoInput(f"experiment {experiment_id!r} {why}: nobody is drawn on {day}; see {key}.")


def _experiment_digest(home: Home, experiment_id: str) -> str:
    known = experiment_ids(home.objects)
    if experiment_id not in known:
        raise UnknownExperiment(
            f"experiment {experiment_id!r} has no file {home.objects.uri}/{experiment_key(experiment_id)} "
            f"(known: {', '.join(known) or 'none'}): write it or correct the name."
        )
    return hashlib.sha256(home.objects.get(experiment_key(experiment_id))).hexdigest()


def _house_rules(home: Home) -> str:
    try:
        return hashlib.sha256(home.objects.get(HOUSE_RULES_KEY)).hexdigest()
    except ObjectMissing:
        return ""


def _upstream(of: Step, home: Home, about: Mapping[str, str], first_date: date, run_date: date) -> tuple[str, ...]:
    found: list[str] = []
    needed: list[str] = []
    for after in of.after:
        if after.per is not None and after.per not in about:
            continue
        upstream = step(after.verb)
        first = first_date - timedelta(days=after.days_back)
        for kind in _kinds_before(after, upstream, home, about):
            finished = home.ledger.finished(after.verb, kind, first, run_date)
            found.extend(finished)
            needed.extend(finished if after.needed else ())
    if any(after.needed for after in of.after) and not needed:
        verbs = " and ".join(a.verb for a in of.after if a.needed)
        raise NoInput(f"{of.verb} builds on {verbs}, and none has finished for {run_date}: run it first.")
    return tuple(found)


def _kinds_before(after: After, upstream: Step, home: Home, about: Mapping[str, str]) -> tuple[str, ...]:
    if after.per is not None:
        return (about[after.per],)
    return campaign_ids(home.objects) if after.of_campaigns else kinds(upstream, home)


def _earlier(of: Step, home: Home, kind: str, first_date: date) -> tuple[str, ...]:
    first, last = first_date - timedelta(days=of.looks_back_days), first_date - timedelta(days=1)
    return tuple(home.ledger.finished(of.verb, kind, first, last))
