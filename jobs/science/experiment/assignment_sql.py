"""The draw of :mod:`jobs.science.experiment.assignment` as SQL, for DuckDB and for Spark, equal byte for byte.

A number below 2^64 and its sixteen hexadecimal digits have the same order, so digits are compared with digits: no
engine needs an unsigned integer, and none rounds.
"""

import math
from collections.abc import Mapping
from typing import Literal, get_args

from jobs.errors import BadRequest
from jobs.science.experiment.assignment import HOLDOUT, OUTSIDE, Assignment
from jobs.science.experiment.statement import literal

Engine = Literal["duckdb", "spark"]

_DIGITS = 16


def assignment_sql(
    rule: Assignment, relation: str, unit: str, stratum: str | None = None, *, engine: Engine = "duckdb"
) -> str:
    """Return the statement that draws every row of a relation.

    Parameters
    ----------
    rule : Assignment
        How to draw.
    relation : str
        Table or view, or what may stand after FROM.
    unit : str
        Column of what is drawn, text: the customer, or the household or partner of the row.
    stratum : str, optional
        Column of the stratum; required when the rule has strata.
    engine : str
        ``duckdb`` or ``spark``.

    Returns
    -------
    str
        All columns of the relation, then ``arm``, ``propensity``, ``salt`` and ``version``.

    Raises
    ------
    BadRequest
        If the rule has strata and no column of them is named, or the engine is another.

    Examples
    --------
    >>> rule = Assignment("spring", {"none": 0.5, "mail": 0.5})
    >>> "sha2(concat('spring/arm:', " in assignment_sql(rule, "customers", "customer_id", engine="spark")
    True
    """
    if engine not in get_args(Engine):
        raise BadRequest(f"engine {engine!r}: choose {', '.join(get_args(Engine))}.")
    if rule.strata and stratum is None:
        raise BadRequest(f"the rule of {rule.salt!r} has strata: name the column of the stratum.")
    id_ = _name(unit, engine)

    def number(salt: str) -> str:
        before = _text(salt + ":", engine)
        # DuckDB's concat() skips NULL; || returns it, as Spark's concat() does: a row without an id is no draw
        text = f"{before} || {id_}" if engine == "duckdb" else f"concat({before}, {id_})"
        return f"substr({_digest(text, engine)}, 1, {_DIGITS})"

    inside = [_below(number(rule.entry_salt), rule.exposure)]
    if rule.slot is not None:
        place = number(rule.slot.layer)
        inside += [_below(place, rule.slot.end), f"NOT {_below(place, rule.slot.start)}"]
    held = [_below(number(h.salt), h.share) for h in rule.holdouts] or ["FALSE"]
    number_of_arm = number(rule.arm_salt)

    def drawn(holdout: str, outside: str, *, names: bool) -> str:
        among = _by_stratum(rule, number_of_arm, stratum, engine, names=names)
        return (
            f"CASE WHEN {id_} IS NULL THEN NULL WHEN {' OR '.join(held)} THEN {holdout} "
            f"WHEN NOT ({' AND '.join(inside)}) THEN {outside} ELSE {among} END"
        )

    arm = drawn(_text(HOLDOUT, engine), _text(OUTSIDE, engine), names=True)
    propensity = drawn("NULL", "NULL", names=False)
    return (
        f"SELECT *, {arm} AS arm, {propensity} AS propensity, {_text(rule.salt, engine)} AS salt, "  # noqa: S608
        f"{rule.version} AS version FROM {relation}"
    )


def _by_stratum(rule: Assignment, number: str, stratum: str | None, engine: Engine, *, names: bool) -> str:
    plain = _arms(rule.shares, rule.bounds(), number, engine, names=names)
    if not rule.strata or stratum is None:
        return plain
    column = _name(stratum, engine)
    whens = " ".join(
        f"WHEN {column} = {_text(name, engine)} THEN {_arms(shares, rule.bounds(name), number, engine, names=names)}"
        for name, shares in rule.strata.items()
    )
    return f"CASE {whens} ELSE {plain} END"


def _arms(shares: Mapping[str, float], bounds: tuple[float, ...], number: str, engine: Engine, *, names: bool) -> str:
    said = [_text(arm, engine) if names else f"CAST({share!r} AS DOUBLE)" for arm, share in shares.items()]
    whens = " ".join(f"WHEN {_below(number, bound)} THEN {what}" for bound, what in zip(bounds, said[:-1], strict=True))
    return f"CASE {whens} ELSE {said[-1]} END"


def _below(number: str, share: float) -> str:
    """Return the comparison of digits that :func:`jobs.science.experiment.holdout.below` makes of numbers."""
    threshold = math.ceil(math.ldexp(share, 64))
    return "TRUE" if threshold >= 1 << 64 else f"({number} < '{threshold:0{_DIGITS}x}')"


def _digest(text: str, engine: Engine) -> str:
    return f"sha256({text})" if engine == "duckdb" else f"sha2({text}, 256)"


def _name(name: str, engine: Engine) -> str:
    mark = '"' if engine == "duckdb" else "`"
    return mark + name.replace(mark, mark * 2) + mark


def _text(text: str, engine: Engine) -> str:
    # Spark reads \ as an escape unless told otherwise
    return literal(text) if engine == "duckdb" else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
