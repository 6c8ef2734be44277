"""Which columns of a trial's file are what, and the table of them that later statements read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jobs.errors import BadRequest, BadSchema
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.statement import quoted

# Names that no file's own columns have: the file's arm may be called "spend", and its spend "arm".
ROW, ARM, UNIT, CLUSTER, AT, ASSIGNED_AT = (
    f"netlift {name}" for name in ("row", "arm", "unit", "cluster", "at", "assigned at")
)
UNREAD_COLUMN, UNREAD_VALUE = "netlift unread column", "netlift unread value"


@dataclass(frozen=True)
class TrialColumns:
    """Columns of a trial.

    Parameters
    ----------
    arm : str
        Of the arm that was drawn.
    metrics : tuple of Metric
        What is measured.
    unit : str, optional
        Of the id; without it every row is a unit.
    cluster : str, optional
        Of what was drawn, where several rows were drawn together.
    exposed : str, optional
        0 or 1: who met the treatment.
    at : str, optional
        Moment of the row: enrolment, or outcome.
    assigned_at : str, optional
        Moment of the draw.
    segments : tuple of str
        Columns whose values part the units.
    """

    arm: str
    metrics: tuple[Metric, ...]
    unit: str | None = None
    cluster: str | None = None
    exposed: str | None = None
    at: str | None = None
    assigned_at: str | None = None
    segments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        outcomes = {column for metric in self.metrics for column in (metric.value, metric.denominator)}
        for name in (self.arm, self.cluster, self.unit):
            if name is not None and name in outcomes:
                raise BadRequest(f"column {name!r} is a metric's and says who was drawn: correct one of them.")
        if len({*self.segments}) < len(self.segments):
            raise BadRequest(f"segments are {list(self.segments)}: name each once.")

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns that must hold numbers, each once."""
        found = [
            column
            for metric in self.metrics
            for column in (metric.value, metric.denominator, *metric.covariates)
            if column is not None
        ]
        return tuple(dict.fromkeys([*found, *([self.exposed] if self.exposed else [])]))

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield every column that is asked for, after the flag that names it."""
        single = {"--arm": self.arm, "--unit": self.unit, "--cluster": self.cluster, "--time": self.at}
        for flag, name in {**single, "--assigned-at": self.assigned_at}.items():
            if name is not None:
                yield flag, name
        for name in self.numbers:
            yield "--exposed" if name == self.exposed else "--metric or --covariate", name
        for name in self.segments:
            yield "--segment", name

    def check(self, kinds: Mapping[str, str], file: str) -> None:
        """Refuse columns that are not there.

        Raises
        ------
        BadSchema
            The sentence names the flag, the column and what there is.
        """
        for flag, name in self.named():
            if name not in kinds:
                listed = ", ".join(repr(column) for column in list(kinds)[:20])
                more = f" and {len(kinds) - 20} more" if len(kinds) > 20 else ""
                raise BadSchema(f"{file} has no column {name!r}, which {flag} names: it has {listed}{more}.")

    def select(self, kinds: Mapping[str, str], relation: str) -> str:
        """Return the statement that makes numbers of numbers and keeps what is none for the sentence about it.

        Parameters
        ----------
        kinds : mapping of str to str
            Types of the relation's columns, as DuckDB names them.
        relation : str
            What may stand after FROM.
        """
        said = [f"row_number() OVER () AS {quoted(ROW)}", f"CAST({quoted(self.arm)} AS VARCHAR) AS {quoted(ARM)}"]
        for name, column in ((UNIT, self.unit), (CLUSTER, self.cluster)):
            if column is not None:
                said.append(f"CAST({quoted(column)} AS VARCHAR) AS {quoted(name)}")
        for name, column in ((AT, self.at), (ASSIGNED_AT, self.assigned_at)):
            if column is not None:
                said.append(f"{quoted(column)} AS {quoted(name)}")
        said += [f"CAST({quoted(c)} AS VARCHAR) AS {quoted(segment_name(c))}" for c in self.segments]
        said += [f"{self._number(column)} AS {quoted(column)}" for column in self.numbers]
        texts = [column for column in self.numbers if kinds[column] == "VARCHAR"]
        unread = {column: f"{quoted(column)} IS NOT NULL AND {self._number(column)} IS NULL" for column in texts}
        which = " ".join(f"WHEN {test} THEN {_text(column)}" for column, test in unread.items())
        what = " ".join(f"WHEN {test} THEN {quoted(column)}" for column, test in unread.items())
        for name, cases in ((UNREAD_COLUMN, which), (UNREAD_VALUE, what)):
            said.append(f"{f'CASE {cases} END' if cases else 'CAST(NULL AS VARCHAR)'} AS {quoted(name)}")
        return f"SELECT {', '.join(said)} FROM {relation}"  # noqa: S608  every name is quoted

    def _number(self, column: str) -> str:
        number = f"TRY_CAST({quoted(column)} AS DOUBLE)"
        yes_or_no = {metric.value for metric in self.metrics if metric.kind == "proportion"} | {self.exposed}
        if column not in yes_or_no:
            return number
        return f"coalesce({number}, CAST(TRY_CAST({quoted(column)} AS BOOLEAN) AS DOUBLE))"


def segment_name(column: str) -> str:
    """Return what a segment's column is called in the table."""
    return f"netlift segment {column}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
