"""An experiment file says everything that must be said before the start, or is refused with the field's name."""

from datetime import date
from pathlib import Path

import pytest

from jobs.errors import BadExperiment, BadRequest, UnknownExperiment
from jobs.runtime.experiment import parse_experiment, read_experiment_file
from jobs.runtime.layout import experiment_ids
from jobs.science.experiment.assignment import Holdout, Slot
from jobs.science.experiment.guardrail import Guardrail
from tests.unit.experiments import FILE, ID, changed, home_of, write_file

LAYER = '[layer]\nname = "letters"\nstart = 0.5\nend = 1\n'
HELD = '[[holdouts]]\nsalt = "spring"\nshare = 0.1\n'
STRATA = '[[strata]]\nvalue = "north"\nshares = { mail = 0.2, none = 0.8 }\n'
UNIT = 'control = "none"'


def test_it_becomes_the_draw_that_science_knows() -> None:
    file = changed((UNIT, f'{UNIT}\nunit = "household"\nstratum = "region"'), ("exposure = 1.0", "exposure = 0.25"))
    read = parse_experiment(file + LAYER + HELD + STRATA, "a.toml")
    rule = read.assignment()
    assert (rule.salt, dict(rule.shares), rule.exposure) == (ID, {"none": 0.5, "mail": 0.5}, 0.25)
    assert (rule.slot, rule.holdouts) == (Slot("letters", 0.5, 1.0), (Holdout("spring", 0.1),))
    assert list(rule.strata["north"].items()) == [("none", 0.8), ("mail", 0.2)], "in the order of the arms"
    assert read.is_clustered


def test_the_control_comes_first_whatever_the_file_s_order() -> None:
    read = parse_experiment(changed((UNIT, 'control = "mail"')), "a.toml")
    assert list(read.assignment().shares) == ["mail", "none"]


def test_it_becomes_the_rule_that_science_reads_by() -> None:
    rule = parse_experiment(FILE, "a.toml").rule()
    assert [m.name for m in rule.success] == ["spend"]
    assert (rule.units, rule.alpha, rule.correction) == (400, 0.05, "holm")
    [(metric, guardrail)] = rule.guardrails
    assert (metric.value, guardrail) == ("returned", Guardrail(0.02, better="lower"))


def test_a_cap_that_is_a_quantile_is_handed_in_when_it_is_known() -> None:
    read = parse_experiment(changed(('unit = "euro"', 'unit = "euro"\ncap_quantile = 0.99')), "a.toml")
    assert read.rule({"spend": 70.0}).success[0].cap == 70.0
    with pytest.raises(BadRequest, match="'spend': hand in a cap"):
        read.rule()


def test_it_draws_from_its_first_day_to_its_last_and_is_ripe_a_window_later() -> None:
    read = parse_experiment(changed(("units_planned", "outcome_window_days = 7\nunits_planned")), "a.toml")
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 28), date(2026, 11, 29)]
    assert [read.runs_on(day) for day in days] == [False, True, True, False]
    assert read.matures_on == date(2026, 12, 6)


def test_the_digest_is_of_what_is_said_and_not_of_how_it_is_written() -> None:
    first = parse_experiment(FILE, "a.toml").digest
    assert parse_experiment("# a comment\n" + changed(("exposure = 1.0\n", "")), "a.toml").digest == first
    assert parse_experiment(changed(("units_planned = 400", "units_planned = 401")), "a.toml").digest != first


BAD = {
    "two arms of one name": (('name = "mail"', 'name = "none"'), "arm 'none' is declared twice"),
    "an unknown control": ((UNIT, 'control = "nobody"'), "control 'nobody' is none of the arms none, mail"),
    "shares of more than one": (('name = "mail"\nshare = 0.5', 'name = "mail"\nshare = 0.6'), "together 1"),
    "an arm called holdout": (('name = "mail"', 'name = "holdout"'), "none may be called 'holdout'"),
    "an end before the start": (("ends_on = 2026-11-28", "ends_on = 2026-10-28"), "are -3 days, must be 1 to 366"),
    "a year mistyped": (("ends_on = 2026-11-28", "ends_on = 2062-11-28"), "days, must be 1 to 366"),
    "a metric that is not there": (('success = ["spend"]', 'success = ["spent"]'), "decision.success names 'spent'"),
    "a guardrail that decides": (('success = ["spend"]', 'success = ["spend", "returned"]'), "decides and is a guard"),
    "no success metric": (('success = ["spend"]', "success = []"), "field 'decision.success'"),
    "alpha of 0": (('success = ["spend"]', 'success = ["spend"]\nalpha = 0.0'), "field 'decision.alpha'"),
    "alpha of 1": (('success = ["spend"]', 'success = ["spend"]\nalpha = 1.0'), "field 'decision.alpha'"),
    "a margin of 0": (("margin = 0.02", "margin = 0.0"), "field 'decision.guardrails.0.margin'"),
    "a ratio of one column": (('kind = "mean"', 'kind = "ratio"'), "a ratio, and only a ratio, is of two columns"),
    "an unknown field": (("units_planned", "units_plan = 3\nunits_planned"), "field 'units_plan': Extra inputs"),
    "an exposure above 1": (("exposure = 1.0", "exposure = 1.5"), "field 'exposure'"),
    "a colon in a name that is hashed": (("units_planned", 'id2 = "a:b"\nunits_planned'), "field 'id2'"),
    "strata without a column": (("[decision]", STRATA + "[decision]"), "column 'stratum' come together"),
    "no reason": (("[decision]", '[[amendments]]\non = 2026-11-03\nwho = "a"\n[decision]'), "'amendments.0.reason'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_sentence_that_names_it(name: str) -> None:
    pair, said = BAD[name]
    with pytest.raises(BadExperiment) as caught:
        parse_experiment(changed(pair), "experiments/a.toml")
    sentence = str(caught.value)
    assert sentence.startswith("experiments/a.toml, field")
    assert sentence.endswith("; correct the file.")
    assert said in sentence


def test_what_is_no_toml_and_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadExperiment, match="is not TOML"):
        parse_experiment("id =", "a.toml")
    stores = home_of(tmp_path)
    (tmp_path / "experiments" / f"{ID}.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadExperiment, match="no text in UTF-8"):
        read_experiment_file(stores.objects, ID)


def test_a_file_is_found_by_its_name_and_no_campaign_has_it(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    assert read_experiment_file(stores.objects, ID).id == ID
    with pytest.raises(UnknownExperiment, match=f"known: {ID}"):
        read_experiment_file(stores.objects, "winter")
    write_file(tmp_path, FILE, "winter")
    with pytest.raises(BadExperiment, match="must be 'winter' as the file's name says"):
        read_experiment_file(stores.objects, "winter")
    (tmp_path / "experiments" / "frozen" / ID).mkdir(parents=True)
    (tmp_path / "experiments" / "frozen" / ID / "note.toml").write_text("")
    assert experiment_ids(stores.objects) == (ID, "winter"), "what lies below is no experiment"
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / f"{ID}.toml").write_text("")
    with pytest.raises(BadExperiment, match="is a campaign's"):
        read_experiment_file(stores.objects, ID)


def test_the_file_that_the_documents_show_is_one() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "experiment_files.md").read_text()
    shown = text.split("```toml\n")[1].split("```")[0]
    read = parse_experiment(shown, "docs")
    assert read.assignment().strata["north"] == {"none": 0.8, "mail": 0.2}
    rule = read.rule({"spend": 100.0})
    assert [m.name for m in rule.metrics][:2] == ["spend", "complaints"]
    assert [m.name for m in rule.reads] == [m.name for m in read.metrics if m.name not in {"spend", "complaints"}]
