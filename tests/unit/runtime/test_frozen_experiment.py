"""What an experiment says is frozen at its start; later it says the same, or why not."""

import json
from datetime import date
from pathlib import Path

import pytest

from jobs.errors import BadExperiment, BadRequest, UnknownExperiment
from jobs.runtime.experiment import parse_experiment
from jobs.runtime.frozen_draw import draw_of
from jobs.runtime.frozen_experiment import freeze, frozen, in_force
from jobs.runtime.layout import frozen_key
from tests.unit.experiments import AMENDED, FILE, ID, START, changed, home_of, write_file

RAMP = (("exposure = 1.0", "exposure = 0.2"),)
WIDER = (("exposure = 1.0", "exposure = 0.6"), ("version = 1", "version = 2"))
DAY = date(2026, 11, 3)


def test_before_the_start_nothing_is_frozen_and_the_file_may_change(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    assert freeze(stores.objects, ID, date(2026, 10, 31)) == ()
    assert draw_of(stores.objects, ID, START) is None
    write_file(tmp_path, changed(("units_planned = 400", "units_planned = 500")))
    [entry] = freeze(stores.objects, ID, DAY)
    assert (entry.experiment.units_planned, entry.holds_from) == (500, START)


def test_the_first_run_freezes_and_every_other_finds_the_same(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    [entry] = freeze(stores.objects, ID, START)
    before = stores.objects.get(frozen_key(ID, 1))
    assert freeze(stores.objects, ID, DAY) == (entry,) == frozen(stores.objects, ID)
    assert stores.objects.get(frozen_key(ID, 1)) == before
    assert entry.text == FILE
    assert entry.by == "growth@example.com"
    assert entry.digest == parse_experiment(FILE, "").digest


def test_a_comment_is_no_change(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    freeze(stores.objects, ID, START)
    write_file(tmp_path, "# said later\n" + FILE)
    assert len(freeze(stores.objects, ID, DAY)) == 1


def test_a_change_without_a_reason_is_refused_and_names_the_field(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    freeze(stores.objects, ID, START)
    write_file(tmp_path, changed(("margin = 0.02", "margin = 0.05")))
    with pytest.raises(BadExperiment) as caught:
        freeze(stores.objects, ID, DAY)
    assert str(caught.value) == (
        f"experiments/{ID}.toml, field 'decision.guardrails.0.margin': changed after the start on 2026-11-01, from "
        "0.02 to 0.05; take it back, or add [[amendments]] with on, who and reason."
    )
    assert len(frozen(stores.objects, ID)) == 1


def test_an_amendment_is_one_more_entry_that_holds_from_its_day(tmp_path: Path) -> None:
    stores = home_of(tmp_path, changed(*RAMP))
    freeze(stores.objects, ID, START)
    write_file(tmp_path, changed(*WIDER) + AMENDED)
    first, second = freeze(stores.objects, ID, date(2026, 11, 2))
    assert (second.holds_from, second.by) == (DAY, "ana@example.com")
    assert [a.reason for a in second.amendments] == ["Nothing broke."]
    assert first.amendments == ()
    entries = frozen(stores.objects, ID)
    assert in_force(entries, date(2026, 11, 2)) == first, "a night before it is drawn as it was"
    assert in_force(entries, DAY) == second
    found = draw_of(stores.objects, ID, date(2026, 11, 2)), draw_of(stores.objects, ID, DAY)
    assert [draw and draw.rule.exposure for draw in found] == [0.2, 0.6]
    assert found[1] is not None
    assert found[1].rule == second.experiment.assignment()


def test_an_amendment_never_holds_for_a_night_that_has_run(tmp_path: Path) -> None:
    stores = home_of(tmp_path, changed(*RAMP))
    freeze(stores.objects, ID, START)
    write_file(tmp_path, changed(*WIDER) + AMENDED)
    entries = freeze(stores.objects, ID, date(2026, 11, 9))
    assert entries[1].holds_from == date(2026, 11, 9)


def test_amendments_before_the_start_are_none_after_it(tmp_path: Path) -> None:
    stores = home_of(tmp_path, FILE + AMENDED)
    [entry] = freeze(stores.objects, ID, START)
    assert entry.amendments == ()


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ((("exposure = 1.0", "exposure = 0.1"), ("version = 1", "version = 2")), "its exposure would move units"),
        ((("exposure = 1.0", "exposure = 0.6"),), "its version would move units"),
        ((("share = 0.5", "share = 0.4"), ('name = "mail"\nshare = 0.4', 'name = "mail"\nshare = 0.6')), "its shares"),
        ((("starts_on = 2026-11-01", "starts_on = 2026-11-02"),), "no amendment can change it from 2026-11-01"),
        ((('control = "none"', 'control = "none"\nunit = "household"'),), "field 'unit': no amendment can change it"),
    ],
)
def test_no_amendment_moves_who_is_in(tmp_path: Path, pairs: tuple[tuple[str, str], ...], said: str) -> None:
    stores = home_of(tmp_path, changed(*RAMP))
    freeze(stores.objects, ID, START)
    with_ramp = pairs if any(p[0].startswith("exposure") for p in pairs) else (*RAMP, *pairs)
    write_file(tmp_path, changed(*with_ramp) + AMENDED)
    with pytest.raises(BadExperiment, match=said):
        freeze(stores.objects, ID, DAY)


def test_an_amendment_of_before_is_not_rewritten(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    freeze(stores.objects, ID, START)
    write_file(tmp_path, FILE + AMENDED)
    assert len(freeze(stores.objects, ID, DAY)) == 2
    for later in (FILE, FILE + changed(("Nothing broke.", "Better."), file=AMENDED)):
        write_file(tmp_path, later)
        with pytest.raises(BadExperiment, match="an amendment that was made before is changed or gone"):
            freeze(stores.objects, ID, DAY)


def test_what_was_frozen_and_written_by_hand_is_refused(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    freeze(stores.objects, ID, START)
    path = tmp_path / frozen_key(ID, 1)
    body = json.loads(path.read_text())
    path.write_text(json.dumps({**body, "text": changed(("margin = 0.02", "margin = 0.05"))}))
    with pytest.raises(BadExperiment, match="the text is not that of its digest"):
        freeze(stores.objects, ID, DAY)
    path.write_text("{")
    with pytest.raises(BadExperiment, match=r"0001\.json is not what was frozen"):
        draw_of(stores.objects, ID, DAY)
    path.rename(tmp_path / frozen_key(ID, 2))
    with pytest.raises(BadExperiment, match=r"0001\.json is missing"):
        frozen(stores.objects, ID)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    stores = home_of(tmp_path)
    with pytest.raises(UnknownExperiment):
        draw_of(stores.objects, "winter", DAY)
    with pytest.raises(BadRequest, match="has not started"):
        in_force((), DAY)
