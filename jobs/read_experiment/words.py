"""What a readout says, line by line, for a terminal."""

from collections.abc import Mapping
from typing import Any


def lines(document: Mapping[str, Any]) -> list[str]:
    """Return a readout's sentences: may it be read, is it over, what was found, what now."""
    decision = document["decision"]
    said = [document["title"], "", document["split"]["sentence"]]
    if document["split"]["holds"]:
        said += [document["progress"]["sentence"], ""]
        for line in (line for metric in document["metrics"] for line in metric["lines"]):
            said.append(f"  {line['sentence']}")
            if line["exposed"] is not None:
                said.append(f"    {line['exposed']['sentence']}")
    promised = document["promised"]
    if promised and document["split"]["holds"]:
        said += ["", promised["sentence"]]
        if promised["calibration"]:
            said.append(f"Next night: {promised['calibration']['sentence']}")
    arm = f" {decision['arm']}" if decision["arm"] else ""
    said += ["", f"Decision: {decision['outcome']}{arm}", *(f"  {reason}" for reason in decision["reasons"])]
    said += [f"  Amended on {a['on']} by {a['who']}: {a['reason']}" for a in document["amendments"]]
    return said + ([""] + [f"note: {warning}" for warning in document["warnings"]] if document["warnings"] else [])
