"""What scikit-uplift and CausalML say of the same scores; tests/oracles says how it was made."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "ranking_oracles.json").read_text())["cases"]


def cases_with(answer: str) -> list[dict[str, Any]]:
    """Cases of which the packages gave this answer."""
    return [case for case in CASES if answer in case]


def given(case: dict[str, Any]) -> list[NDArray[Any]]:
    """Outcome, uplift and treatment."""
    return [np.array(case[name]) for name in ("outcome", "uplift", "treatment")]
