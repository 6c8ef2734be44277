"""A readout of an experiment as the lines that a terminal shows."""

import textwrap
from collections.abc import Mapping
from typing import Any

from jobs.pages.formats import count, signed_euro

_WIDTH = 100
_LABEL = 12
_SEGMENTS = 6


def readout_lines(document: Mapping[str, Any], files: Mapping[str, str] | None = None) -> str:
    """Say a readout on a terminal: what now, each metric arm by arm, then what it rests on.

    Parameters
    ----------
    document : mapping
        As :mod:`jobs.science.experiment.readout_form` describes it.
    files : mapping of str to str, optional
        What was written, and where.
    """
    lines = [_filled(_verdict(document))]
    for metric in document["metrics"]:
        lines += ["", _heading(metric, document["control"])]
        for line in metric["lines"]:
            lines += _of_arm(line)
    segments = document["segments"]
    if segments:
        sure = [segment for segment in segments if segment["verdict"] != "open"]
        lines += ["", _filled(
            f"Segments, exploratory: {len(sure)} of {len(segments)} effects stand out after the correction over all "
            "of them; plan a trial of its own before acting on one."
        )]  # fmt: skip
        lines += [_point(segment["sentence"]) for segment in sure[:_SEGMENTS]]
        if len(sure) > _SEGMENTS:
            lines.append(f"  and {len(sure) - _SEGMENTS} more, on the page")
    lines += ["", *(_fact(label, words) for label, words in _facts(document, files or {}))]
    return "\n".join(lines)


def _verdict(document: Mapping[str, Any]) -> str:
    decision = document["decision"]
    if not document["split"]["holds"]:
        return "Nothing is concluded: the arms were not drawn as they should have been."
    if decision["rule"] is None:
        return "A reading, no decision: no rule was stated (--success, --guardrail)."
    said = {
        "ship": f"Ship {decision['arm']!r}.",
        "hold": "Hold: it is not decided yet.",
        "stop": "Stop: there is nothing to ship.",
    }.get(decision["outcome"], "Nothing is decided.")
    return " ".join([said, *decision["reasons"]])


def _heading(metric: Mapping[str, Any], control: str) -> str:
    what = {"guardrail": ", a guardrail", "success": ", decides"}.get(metric["role"], "")
    how = f", {metric['adjustment']} by {', '.join(metric['covariates'])}" if metric["covariates"] else ""
    cap = f", at most {metric['cap']:,.6g}" if metric["cap"] is not None else ""
    kind = "" if metric["kind"] == "quantile" else f"{metric['kind']} of "
    return _filled(f"{metric['metric']} ({kind}{metric['columns']}{cap}{how}{what}) against {control!r}")


def _of_arm(line: Mapping[str, Any]) -> list[str]:
    own, paid = _p(line["p_value"]), line["adjusted_p_value"]
    after = "" if paid is None or _p(paid) == own else f", {_p(paid)} after the correction"
    said = [_point(f"{line['sentence']} {own}{after}.")]
    total = line["total_eur"]
    if total is not None:
        ends = f"{_level(line['alpha'])} {signed_euro(total['lower'])} to {signed_euro(total['upper'])}"
        said.append(_point(f"In euro, all units of the arm: {signed_euro(total['value'])} ({ends}).", deeper=True))
    if line["exposed"] is not None:
        said.append(_point(f"By {line['exposed']['column']}: {line['exposed']['sentence']}", deeper=True))
    return said


def _facts(document: Mapping[str, Any], files: Mapping[str, str]) -> list[tuple[str, str]]:
    source, progress = document["source"], document["progress"]
    arms = ", ".join(f"{arm['arm']} {count(arm['units'])}" for arm in document["arms"])
    reasons = "; ".join(f"{entry['reason']}: {count(entry['rows'])}" for entry in source["set_aside"])
    aside = f"; set aside: {reasons}" if reasons else ""
    kind = (
        "fixed-horizon: good for this one look, at the end"
        if progress["is_final"]
        else "always-valid: they may be looked at as often as one likes"
    )
    return [
        ("split", document["split"]["sentence"]),
        ("progress", progress["sentence"]),
        ("intervals", f"{_level(progress['alpha'])}, {kind}"),
        ("units", arms),
        ("rows", f"{count(source['rows'])} in, {count(source['rows_used'])} read{aside}"),
        *(("look", warning) for warning in document["warnings"]),
        *(("written", path) for path in files.values()),
    ]  # fmt: skip


def _level(alpha: float) -> str:
    return f"{100.0 * (1.0 - alpha):.6g}%"


def _p(value: float) -> str:
    return "p < 0.0001" if value < 1e-4 else f"p = {value:.2g}"


def _filled(text: str) -> str:
    return textwrap.fill(text[:1].upper() + text[1:], _WIDTH, break_long_words=False)


def _point(text: str, *, deeper: bool = False) -> str:
    indent = "    " if deeper else "  "
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False
    )  # fmt: skip


def _fact(label: str, words: str) -> str:
    return textwrap.fill(
        words, _WIDTH, initial_indent=f"{label:<{_LABEL}}", subsequent_indent=" " * _LABEL, break_long_words=False
    )
