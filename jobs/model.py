"""The life of a model: list, show, diff, shadow, approve, promote, rollback, retire."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from jobs.errors import BadRequest, NoInput, UnknownModel
from jobs.runtime.command import flag, guarded, parse
from jobs.runtime.home import Home, open_home
from jobs.runtime.model_gates import GATED, family, gates, said_of_failed
from jobs.storage.model_log import APPROVED, Entry, newest, retired

if TYPE_CHECKING:
    from jobs.runtime.stores import Stores
    from jobs.science.drift.shadow import Shadow

Said = tuple[dict[str, Any] | list[dict[str, Any]], list[str]]
"""An answer as JSON holds it, and as lines for people."""

_KIND: Mapping[str, Any] = {"example": "fraud", "unit": "KIND"}
_VERSION: Mapping[str, Any] = {"example": "2026-11-22-0123456789abcdef", "unit": "VERSION"}
_ELSEWHERE = {"profile", "segments", "intervals", "booster_parameters", "baselines"}
"""Parts of a card that are many figures: they stand on its page and in --json."""

_WIDTH = 34
"""Columns of a figure in a diff; with two of them and a name a terminal of 100 is full."""


@dataclass(frozen=True)
class List:
    """Every version of every kind: at work, approved, proposed, retired."""

    kind: str | None = flag("one kind only", default=None, **_KIND)
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Show:
    """One version: its gates, its figures, what was decided of it."""

    kind: str = flag("what the model is for", **_KIND)
    version: str | None = flag("which version; the one at work without it", default=None, **_VERSION)
    json: bool = flag("print JSON, with the whole card", default=False, example="--json")


@dataclass(frozen=True)
class Diff:
    """Figures of two cards side by side, those that differ."""

    kind: str = flag("what the models are for", **_KIND)
    one: str = flag("first version", **_VERSION)
    other: str = flag("second version", example="2026-11-29-fedcba9876543210", unit="VERSION")
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Approve:
    """Approve a version, as somebody other than who proposed or owns it."""

    kind: str = flag("what the model is for", **_KIND)
    version: str = flag("which version", **_VERSION)
    who: str = flag("who approves", unit="NAME", example="ada@example.com")
    why: str = flag("for what reason", unit="REASON", example="'read the card'")
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Promote:
    """Put an approved version that passes its gates to work."""

    kind: str = flag("what the model is for", **_KIND)
    version: str = flag("which version", **_VERSION)
    who: str = flag("who promotes", unit="NAME", example="ada@example.com")
    why: str = flag("for what reason", unit="REASON", example="'finds more fraud'")
    force: bool = flag(
        "also when a gate fails; the log keeps which. An approval is needed all the same",
        default=False,
        example="--force",
    )
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Rollback:
    """Put the champion before this one back to work."""

    kind: str = flag("what the model is for", **_KIND)
    who: str = flag("who decides", unit="NAME", example="ada@example.com")
    why: str = flag("for what reason", unit="REASON", example="'too many alarms'")
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Retire:
    """Forbid a version for good: a run that would score with it is refused."""

    kind: str = flag("what the model is for", **_KIND)
    version: str = flag("which version", **_VERSION)
    who: str = flag("who decides", unit="NAME", example="ada@example.com")
    why: str = flag("for what reason", unit="REASON", example="'trained on leaked labels'")
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Shadowing:
    """Score a day with a challenger too, write nothing, say what it would have done otherwise."""

    kind: str = flag("what the model is for: fraud", **_KIND)
    version: str = flag("the challenger", **_VERSION)
    run_date: date = flag("day whose payments are scored", unit="YYYY-MM-DD", example="2026-11-22")
    threads: int = flag("threads of the scorer", unit="count", default=1, example="2", low=1)
    json: bool = flag("print JSON", default=False, example="--json")


def list_models(request: List, home: Home) -> Said:
    """Return all versions with their state, the kinds in order, the newest version last."""
    known = home.models.kinds()
    if request.kind is not None and request.kind not in known:
        raise _unknown(request.kind, known)
    rows = [row for kind in known if request.kind in {None, kind} for row in _rows(kind, home)]
    if not rows:
        return rows, ["no model yet: netlift train-fraud and netlift train-uplift make some"]
    lines = [f"{'kind':<24}{'version':<29}{'state':<14}{'since':<12}who"]
    lines += [f"{r['kind']:<24}{r['version']:<29}{r['state']:<14}{r['since']:<12}{r['who']}" for r in rows]
    return rows, lines


def show(request: Show, home: Home) -> Said:
    """Return gates, figures and log of one version."""
    version = request.version or home.models.champion(request.kind)
    model = home.models.load(request.kind, version)
    entries = [entry for entry in home.models.history(request.kind) if entry["version"] == version]
    [row] = [r for r in _rows(request.kind, home) if r["version"] == version]
    judged = gates(home.models, request.kind, version) if family(request.kind) in GATED else ()
    figures = dict(_figures(model.card))
    said = {**row, "gates": [dataclasses.asdict(gate) for gate in judged], "log": entries, "card": model.card}
    lines = [f"{request.kind} {version}: {row['state']}", "", "gates"]
    lines += [f"  {'passes' if g.passed else 'FAILS':<8}{g.name:<13}{g.says}" for g in judged]
    lines += [] if judged else ["  none: the job that uses this kind renews it by itself"]
    lines += ["", "figures", *(f"  {name:<44}{_number(value)}" for name, value in figures.items()), "", "log"]
    lines += [f"  {e['at'][:16].replace('T', ' ')}  {e['event']:<12}{e['who']}: {e['why']}" for e in entries]
    return said, lines if entries else [*lines, "  nothing was decided of it yet"]


def diff(request: Diff, home: Home) -> Said:
    """Return the figures in which two cards differ."""
    one, other = (dict(_figures(home.models.load(request.kind, v).card)) for v in (request.one, request.other))
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    rows = [{"figure": name, "one": one.get(name), "other": other.get(name)} for name in names]
    if not rows:
        return rows, [f"the cards of {request.one} and {request.other} have the same figures"]
    lines = [f"{'figure':<44}{request.one:>30}{request.other:>30}"]
    lines += [f"{r['figure']:<44}{_number(r['one']):>30}{_number(r['other']):>30}" for r in rows]
    return rows, lines


def approve(request: Approve, home: Home) -> Said:
    """Note an approval."""
    home.models.approve(request.kind, request.version, request.who, request.why)
    return _last(request.kind, home, f"{request.kind} {request.version} is approved by {request.who}")


def promote(request: Promote, home: Home) -> Said:
    """Put a version to work.

    Raises
    ------
    NotApproved
        If nobody approved it.
    BadRequest
        If it is at work, or a gate fails and `force` is not given.
    """
    before = home.models.champion(request.kind)
    if before == request.version:
        raise BadRequest(f"model {request.kind} {request.version} is at work already: there is nothing to promote.")
    home.models.load_for_work(request.kind, request.version)
    judged = gates(home.models, request.kind, request.version)
    failed = said_of_failed(judged)
    if failed and not request.force:
        raise BadRequest(
            f"model {request.kind} {request.version} is not promoted: {failed}: train a better one, or say "
            f"--force with --why."
        )
    forced = {"forced": [gate.name for gate in judged if not gate.passed]} if failed else {}
    home.models.promote(request.kind, request.version, request.who, request.why, needs_approval=True, **forced)
    note = f", although {failed}" if failed else ""
    return _last(request.kind, home, f"{request.kind} {request.version} is at work, in the place of {before}{note}")


def rollback(request: Rollback, home: Home) -> Said:
    """Go back to the champion before."""
    before = home.models.champion(request.kind)
    version = home.models.roll_back(request.kind, request.who, request.why)
    return _last(request.kind, home, f"{request.kind} {version} is at work again, in the place of {before}")


def retire(request: Retire, home: Home) -> Said:
    """Forbid a version."""
    home.models.retire(request.kind, request.version, request.who, request.why)
    return _last(request.kind, home, f"{request.kind} {request.version} is retired: nothing scores with it any more")


def shadow(request: Shadowing, stores: "Stores") -> Said:
    """Score a day with the champion of that night and with the challenger; nothing is written.

    Raises
    ------
    BadRequest
        If the kind is not fraud, or the challenger is the champion of that night.
    NoInput
        If the day has no features.
    """
    # Arrow, numpy and LightGBM are for this word alone.
    from jobs.science.drift.shadow import compare  # noqa: PLC0415
    from jobs.science.fraud.score import load_scorer  # noqa: PLC0415
    from jobs.storage.tables import read_whole  # noqa: PLC0415
    from jobs.tables.outputs import FRAUD_FEATURES, FRAUD_SCORES  # noqa: PLC0415

    if request.kind != "fraud":
        raise BadRequest(f"--kind {request.kind} has no shadow: only fraud is scored so.")
    challenger = stores.models.load_for_work(request.kind, request.version)
    where = {"run_date": request.run_date}
    scored = read_whole(stores.tables, FRAUD_SCORES, where, ["model_version"])["model_version"].unique().to_pylist()
    champion = scored[0] if scored else stores.models.champion(request.kind)
    if champion == request.version:
        raise BadRequest(f"model fraud {champion} is the one that scored {request.run_date}: name another version.")
    rows = read_whole(stores.tables, FRAUD_FEATURES, where)
    if not rows.num_rows:
        raise NoInput(f"fraud_features has no row of {request.run_date}: run build-fraud-features for this day.")
    scorers = [load_scorer(files) for files in (stores.models.load(request.kind, champion).files, challenger.files)]
    probability = [scorer.probability(rows, request.threads) for scorer in scorers]
    amount = rows["amount_eur"].to_numpy()
    outcomes = [s.policy.decide(p, amount) for s, p in zip(scorers, probability, strict=True)]
    labels = _labels(rows, int(challenger.card.get("label_delay_days", 7)), stores)
    found = compare(probability[0], probability[1], (outcomes[0], outcomes[1]), *labels)
    said = {
        "kind": request.kind,
        "run_date": str(request.run_date),
        "champion": champion,
        "challenger": request.version,
    }
    return {**said, **dataclasses.asdict(found)}, _shadow_lines(request, champion, found)


def _labels(rows: Any, delay_days: int, stores: "Stores") -> tuple[Any, ...]:
    """Return what is known of the payments at the newest report; nothing where no report has arrived."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    from jobs.science.fraud.labels import labels_as_of  # noqa: PLC0415
    from jobs.tables.inputs import FRAUD_REPORTS  # noqa: PLC0415

    files = stores.inputs.files(FRAUD_REPORTS.name)
    reports = pa.concat_tables(
        [FRAUD_REPORTS.schema.empty_table(), *(t for f in files for t in stores.inputs.read(f, FRAUD_REPORTS))],
        promote_options="permissive",
    )
    known_by = pc.max(reports["reported_at"]).as_py()
    if known_by is None:
        return ()
    found = labels_as_of(rows, reports, as_of=known_by, label_delay_days=delay_days)
    return found.is_fraud, found.matured


def _shadow_lines(request: Shadowing, champion: str, found: "Shadow") -> list[str]:
    correlation = "none" if found.rank_correlation is None else f"{found.rank_correlation:.3f}"
    lines = [
        f"{request.run_date}: {found.payments:,} payments, scored by {champion} (champion) and {request.version}",
        f"  outcome differs     {found.changed_share:.2%} of them",
        *(f"    {pair:<26}{count:,}" for pair, count in found.changed.items()),
        f"  rank correlation    {correlation}",
        f"  PSI of the scores   {found.psi:.3f}",
        f"  mean probability    {found.champion_mean:.4%} champion, {found.challenger_mean:.4%} challenger",
    ]
    if found.champion_ap is None or found.challenger_ap is None:
        why = f"{found.labelled:,} labels are known, {found.frauds:,} of fraud: too few to judge by"
        return [*lines, f"  average precision   {why}", "nothing was written"]
    by = f"{found.labelled:,} labels, {found.frauds:,} of fraud"
    ap = f"{found.champion_ap:.3f} champion, {found.challenger_ap:.3f} challenger ({by})"
    return [*lines, f"  average precision   {ap}", "nothing was written"]


def _rows(kind: str, home: Home) -> list[dict[str, Any]]:
    entries, champion = home.models.history(kind), home.models.champion(kind)
    out = retired(entries)
    found = []
    for version in home.models.versions(kind):
        last = _newest_of(version, entries)
        state = "at work" if version == champion else _state(version, entries, version in out)
        found.append(
            {
                "kind": kind,
                "version": version,
                "state": state,
                "since": last["at"][:10] if last else "-",
                "who": last["who"] if last else "-",
            }
        )
    return found


def _newest_of(version: str, entries: Sequence[Entry]) -> Entry | None:
    return next((entry for entry in reversed(entries) if entry["version"] == version), None)


def _state(version: str, entries: Sequence[Entry], is_retired: bool) -> str:
    if is_retired:
        return "retired"
    last = _newest_of(version, entries)
    if last is None:
        return "registered"
    if last["event"] in {"promoted", "rolled back"}:
        return "was at work"
    return "approved" if newest(entries, version, APPROVED) else str(last["event"])


def _figures(card: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    """Single figures of a card by their path; lists, profiles and curves are on its page and in --json."""
    for name, value in card.items():
        if isinstance(value, Mapping) and name not in _ELSEWHERE:
            if path.count(".") < 2:
                yield from _figures(value, f"{path}{name}.")
        elif isinstance(value, int | float | str) and len(str(value)) < _WIDTH:
            yield f"{path}{name}", value


def _number(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _last(kind: str, home: Home, line: str) -> Said:
    return home.models.history(kind)[-1], [line]


def _unknown(kind: str, known: Sequence[str]) -> UnknownModel:
    return UnknownModel(f"model {kind} is not known (known: {', '.join(known) or 'none'}): correct it or train one.")


def _open_stores() -> "Stores":
    from jobs.runtime.stores import open_stores  # noqa: PLC0415  tables only for a shadow

    return open_stores()


@dataclass(frozen=True)
class _Word:
    request: type[Any]
    act: Callable[[Any, Any], Said]
    open: Callable[[], Any] = open_home
    places: tuple[str, ...] = ("kind", "version")


_WORDS = {
    "list": _Word(List, list_models, places=("kind",)),
    "show": _Word(Show, show),
    "diff": _Word(Diff, diff, places=("kind", "one", "other")),
    "shadow": _Word(Shadowing, shadow, _open_stores),
    "approve": _Word(Approve, approve),
    "promote": _Word(Promote, promote),
    "rollback": _Word(Rollback, rollback, places=("kind",)),
    "retire": _Word(Retire, retire),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift model WORD``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default. Kind and version may stand without their flags.

    Returns
    -------
    int
        0, 2 for a wrong word, or the exit code of the named failure.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(_usage() + "\n")
        if words:
            raise SystemExit(0)
        return 0
    if words[0] not in _WORDS:
        sys.stderr.write(f"netlift: model has no {words[0]!r}\n\n{_usage()}\n")
        return 2
    word, rest = _WORDS[words[0]], words[1:]
    placed: list[str] = []
    for name in word.places:
        if not rest or rest[0].startswith("-"):
            break
        placed += [f"--{name}", rest.pop(0)]
    request = parse(word.request, f"netlift model {words[0]}", [*placed, *rest])

    def act() -> None:
        said, lines = word.act(request, word.open())
        text = json.dumps(said, indent=2, default=str) if request.json else "\n".join(lines)
        sys.stdout.write(text + "\n")

    return guarded(act)


def _usage() -> str:
    listed = "\n".join(
        f"  {' '.join((name, *(p.upper() for p in word.places))):<28}{_about(word.request)}"
        for name, word in _WORDS.items()
    )
    return (
        "usage: netlift model WORD [flags]      netlift model WORD --help shows every flag\n\n"
        f"{listed}\n\nexample:\n  netlift model promote fraud 2026-11-22-0123456789abcdef --who ada --why 'finds more'"
    )


def _about(request: type[Any]) -> str:
    about = (request.__doc__ or "").rstrip(".")
    return about[:1].lower() + about[1:]


if __name__ == "__main__":
    sys.exit(main())
