"""Truth of the Handbook's terminals, and how a queue of fifty a day is judged by it."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics import average_precision_score

FIRST_DAY = dt.date(2018, 4, 1)
TERMINALS, LASTING_DAYS, JUDGED_STARTS_DAYS, LOOKED_INTO = 10_000, 28, 14, 50


@dataclass(frozen=True)
class Found:
    """What a queue found: means over days, and compromises of the first two weeks."""

    precision_at_50: float
    average_precision: float
    median_days: float
    found: int
    of: int


def compromises() -> list[tuple[str, int]]:
    """Return terminal and first day, counted from 2018-04-01, of every compromise: the simulator's recipe."""
    drawn = ((day, pd.Series(range(TERMINALS)).sample(n=2, random_state=day)) for day in range(183))
    return [(str(terminal), day) for day, two in drawn for terminal in two]


def judge(rows: pa.Table, score: np.ndarray) -> Found:
    """Judge scores of terminal-days, each known at the start of its day."""
    day = rows["day"].cast(pa.int32()).to_numpy() - (FIRST_DAY - dt.date(1970, 1, 1)).days
    terminal = np.array(rows["partner_id"].to_pylist())
    starts: dict[str, list[int]] = {}
    for name, start in compromises():
        starts.setdefault(name, []).append(start)
    truth = np.array(
        [any(s <= d < s + LASTING_DAYS for s in starts.get(t, ())) for t, d in zip(terminal, day, strict=True)]
    )
    values = np.nan_to_num(np.asarray(score, dtype=float), nan=-1e9)
    precision, average, top = [], [], {}
    for one in np.unique(day):
        on = np.flatnonzero(day == one)
        first = on[np.argsort(-values[on], kind="stable")[:LOOKED_INTO]]
        precision.append(truth[first].mean())
        average.append(average_precision_score(truth[on], values[on]))
        top[int(one)] = set(terminal[first].tolist())
    begin = int(day.min())
    judged = [(t, s) for t, s in compromises() if begin <= s < begin + JUDGED_STARTS_DAYS]
    waited = []
    for name, start in judged:
        seen = [d - start for d in range(start, start + LASTING_DAYS) if name in top.get(d, ())]
        waited += seen[:1]
    median = float(np.median(waited)) if waited else float("inf")
    return Found(float(np.mean(precision)), float(np.mean(average)), median, len(waited), len(judged))
