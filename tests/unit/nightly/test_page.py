"""The page of a night says what its reports, tables and model cards say, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.nightly.campaigns import campaign_part, expected_net
from jobs.nightly.page import NOTHING_NEW, step_pages
from jobs.nightly.rankings import drift_rows, riskiest_partners
from jobs.pages.figures import Interval
from jobs.pages.night import night_html
from jobs.runtime.report import Report
from jobs.tables.outputs import DRIFT, FRAUD_SCORES, OFFERS, PARTNER_RISK
from tests.trained import CAMPAIGN, DAY, read_input, rows_of, write_input
from tests.unit.nightly.nights import SOURCE, Night, commit
from tests.unit.pages.markup import checked


def test_the_queue_stands_on_the_page_in_its_order_with_reasons(night: Night) -> None:
    rows = rows_of(night.stores, FRAUD_SCORES, run_date=DAY, outcome="review").sort_by("rank")
    queue = rows.to_pylist()[:10]
    assert len(queue) == 10
    assert [r.transaction_id for r in night.page.reviews] == [r["transaction_id"] for r in queue]
    words = checked(night_html(night.page))
    for row in queue:
        assert row["transaction_id"] in words
        assert row["reason_1"] in words
    assert night.page.reviews_in_all == rows.num_rows
    assert f"{rows.num_rows - 10} more in table fraud_scores" in words


def test_offers_of_the_page_add_up_to_the_report_and_to_the_table(night: Night) -> None:
    [part] = night.page.campaigns
    said = night.details("allocate-offers")["campaigns"][CAMPAIGN]
    offered = rows_of(night.stores, OFFERS, run_date=DAY, status="offered")
    head = night.page.headline
    assert sum(a.customers for a in part.arms) == said["offered"] == offered.num_rows == head.offered > 0
    assert {a.arm: a.customers for a in part.arms} == said["by_arm"]
    assert sum(a.cost_eur for a in part.arms) == pytest.approx(said["spend_eur"]) == head.cost_eur
    assert sum(a.expected_net_eur for a in part.arms) == pytest.approx(said["expected_net_eur"], rel=1e-6)
    assert head.net_eur.value == said["expected_net_eur"] == pytest.approx(pc.sum(offered["expected_net_eur"]).as_py())
    assert sum(r.customers for r in part.not_offered) + head.offered == said["customers"] == head.scored


def test_every_input_counts_once(night: Night) -> None:
    head = night.page.headline
    inputs = {table: counts for r in night.reports for table, counts in r.inputs.items()}
    assert set(inputs) == {"customers", "transactions", "fraud_reports", "partners"}
    assert head.rows_read == sum(c["rows_in"] for c in inputs.values())
    assert head.rows_quarantined == sum(c["rows_quarantined"] for c in inputs.values()) > 0


def test_a_night_that_is_run_again_has_the_same_page(night: Night) -> None:
    """The reports of `night` are those of its second run; the command wrote the page of the first."""
    assert {r.state for r in night.reports} == {"already done"}
    written = night.copy.read_text()
    source = night.stores.objects.uri
    assert night_html(replace(night.page, source=source)) == written
    assert {s.state for s in night.page.steps} == {"done"}


def test_the_command_says_where_the_page_is_and_copies_it(night: Night) -> None:
    [address] = [line.removeprefix("page: ") for line in night.printed.splitlines() if line.startswith("page: ")]
    key = address.removeprefix(f"{night.stores.objects.uri}/")
    assert key.startswith(f"published/night/{DAY}/")
    assert night.stores.objects.get(key) == night.copy.read_bytes()
    assert "monitor-drift" in night.printed


def test_partners_go_by_their_names_where_they_have_one(night: Night) -> None:
    known = {r["partner_id"]: r["name"] for r in read_input(night.stores, "partners/partners").to_pylist()}
    ranked = rows_of(night.stores, PARTNER_RISK, run_date=DAY).sort_by("rank").to_pylist()
    assert [p.partner_id for p in night.page.partners] == [r["partner_id"] for r in ranked[:10]]
    assert [p.name for p in night.page.partners] == [known.get(r["partner_id"]) or "" for r in ranked[:10]]
    assert any(p.name for p in night.page.partners)
    assert night.page.partners_in_all == len(ranked)


def test_a_broken_file_of_partners_costs_the_names_and_not_the_page(night: Night) -> None:
    known = read_input(night.stores, "partners/partners")
    file = write_input(night.stores, "partners/partners", known)
    try:
        file.write_bytes(b"no parquet")
        page = night.page_of()
    finally:
        write_input(night.stores, "partners/partners", known)
    assert [p.partner_id for p in page.partners] == [p.partner_id for p in night.page.partners]
    assert not any(p.name for p in page.partners)
    [note] = page.notes
    assert "partners.parquet" in note


def test_calibration_is_that_of_what_the_scorer_promises(night: Night) -> None:
    [part] = night.page.campaigns
    card = night.stores.models.load("uplift-spring", night.stores.models.champion("uplift-spring")).card
    assert card["verdict"]["kind"] == "personalise"
    assert [b.predicted for b in part.calibration] == [d["promised_eur"] for d in card["promise"]["deciles"]]
    assert [b.measured for b in part.calibration] == [d["measured_eur"]["value"] for d in card["promise"]["deciles"]]
    assert {q.name for q in part.qini} == {a["arm"] for a in card["arms"]}
    assert part.qini[0].name == max(part.arms, key=lambda a: a.customers).arm


@pytest.mark.parametrize("kind", ["one arm for everyone", "nobody"])
def test_a_scorer_that_tells_nobody_apart_has_no_calibration(night: Night, kind: str) -> None:
    certificate = night.details("allocate-offers")["campaigns"][CAMPAIGN]
    card = night.stores.models.load("uplift-spring", night.stores.models.champion("uplift-spring")).card
    other = {**card, "verdict": {**card["verdict"], "kind": kind, "arm": "points-evening"}}
    part = campaign_part(CAMPAIGN, DAY, certificate, other, {}, night.stores)
    assert not part.calibration
    said = "points-evening for everyone" if kind != "nobody" else "offer nothing to anybody"
    assert part.sentences[0].startswith(f"The trial says: {said}.")


def test_the_promise_is_as_uncertain_in_proportion_as_the_trial(night: Night) -> None:
    net = night.page.headline.net_eur
    card = night.stores.models.load("uplift-spring", night.stores.models.champion("uplift-spring")).card
    gain = card["verdict"]["net_eur"]
    assert net.low is not None
    assert net.high is not None
    assert net.low / net.value == pytest.approx(gain["low"] / gain["value"])
    assert net.high / net.value == pytest.approx(gain["high"] / gain["value"])


def test_without_a_verdict_or_without_offers_there_is_no_interval() -> None:
    gain = {"verdict": {"net_eur": {"value": 2.0, "low": 1.0, "high": 3.0}}}
    assert expected_net({"a": {"expected_net_eur": 10.0}}, {"a": {}}) == Interval(10.0)
    assert expected_net({"a": {"expected_net_eur": 0.0}}, {"a": gain}) == Interval(0.0)
    both = expected_net({"a": {"expected_net_eur": 10.0}, "b": {"expected_net_eur": 0.0}}, {"a": gain, "b": gain})
    assert (both.value, both.low, both.high) == pytest.approx((10.0, 5.0, 15.0))


def test_the_budget_curve_rises_and_passes_tonights_list(night: Night) -> None:
    [part] = night.page.campaigns
    assert part.budget is not None
    spend = list(part.budget.spend_eur)
    assert spend == sorted(set(spend))
    assert list(part.budget.net_eur) == sorted(part.budget.net_eur)
    assert part.budget.chosen_net_eur == night.page.headline.net_eur.value


def test_drift_stands_there_with_the_nights_before(night: Night) -> None:
    today = rows_of(night.stores, DRIFT, run_date=DAY)
    assert {(d.kind, d.variable) for d in night.page.drift} == {
        (r["kind"], r["variable"]) for r in today.select(["kind", "variable"]).to_pylist()
    }
    assert all(d.history == (d.psi,) for d in night.page.drift)
    fraud = today.filter(pc.equal(today["kind"], "fraud"))
    eve = DAY - timedelta(days=1)
    earlier = fraud.set_column(fraud.column_names.index("psi"), "psi", pa.repeat(0.07, fraud.num_rows))
    earlier = earlier.set_column(0, "run_date", pa.repeat(pa.scalar(eve), fraud.num_rows))
    commit(night.stores, DRIFT, earlier, eve, kind="fraud")
    try:
        found = drift_rows(DAY, night.stores)
    finally:
        night.stores.tables.finish(DRIFT, [], {"run_date": eve, "kind": "fraud"}, "undo", 1, lambda: None)
    assert all(d.history == ((0.07, d.psi) if d.kind == "fraud" else (d.psi,)) for d in found)


def test_models_say_what_they_learnt_from_and_how_they_did(night: Night) -> None:
    rows = {m.kind: m for m in night.page.models}
    assert set(rows) == {"fraud", "segments", "uplift-spring"}
    assert rows["fraud"].version == night.stores.models.champion("fraud")
    assert "of them fraud" in rows["fraud"].trained_on
    assert "Average precision" in rows["fraud"].judged
    assert "customers of the trial" in rows["uplift-spring"].trained_on
    assert "Qini: cashback-" in rows["uplift-spring"].judged
    assert "customers, 90 days up to 21 November 2026" in rows["segments"].trained_on
    assert "adjusted Rand index" in rows["segments"].judged


def test_pages_of_partners_and_segments_are_named_and_printed(night: Night) -> None:
    pages = {file.what: file.path for file in night.page.pages}
    assert set(pages) == {
        "Page of customer segments",
        "Page of partners to look into",
        "Page of drift, variable by variable",
        "Page of the fraud model’s performance",
    }
    html = night_html(night.page)
    for what, address in pages.items():
        assert f'<a href="{address}">' in html
        assert f"p{what[1:]}: {address}" in night.printed.splitlines()
        checked(night.stores.objects.get(address.removeprefix(f"{night.stores.objects.uri}/")).decode())


def test_risk_of_a_partner_is_the_models_probability_where_a_model_ranked(night: Night) -> None:
    """Without a model it is the shrunk rate; the page names what it is."""
    before = rows_of(night.stores, PARTNER_RISK, run_date=DAY).sort_by("rank")
    assert [p.risk for p in night.page.partners] == before["fraud_rate_shrunk"].to_pylist()[:10]
    assert not night.page.partners_calibrated
    assert "no probability, because no model is at work yet" in checked(night_html(night.page))
    eve = DAY - timedelta(days=1)
    place = before.column_names.index("risk_probability")
    half = before.set_column(place, "risk_probability", pa.repeat(0.5, before.num_rows))
    commit(night.stores, PARTNER_RISK, half.set_column(0, "run_date", pa.repeat(pa.scalar(eve), len(half))), eve)
    assert {p.risk for p in riskiest_partners(eve, night.stores)} == {0.5}
    words = checked(night_html(replace(night.page, partners_calibrated=True)))
    assert "Risk is the probability that the partner is compromised or fraudulent now" in words


def test_lists_that_were_published_are_named(night: Night) -> None:
    [file] = night.page.files
    assert file.path.startswith(f"{night.stores.objects.uri}/published/{CAMPAIGN}/{DAY}/offers-")
    assert f"{night.page.headline.offered:,} customers" in file.what


def test_a_night_without_input_says_so_and_shows_nothing_else(night: Night) -> None:
    idle = [Report.without_input(r.verb, r.kind, str(DAY), "no file") for r in night.reports]
    page = night.page_of(reports=idle)
    assert list(page.notes) == [NOTHING_NEW]
    for part in ("reviews", "partners", "drift", "campaigns", "models", "files"):
        assert not getattr(page, part), part
    assert NOTHING_NEW in checked(night_html(page))
    assert SOURCE in checked(night_html(page))


def test_a_step_without_input_leaves_its_part_out_and_says_why(night: Night) -> None:
    idle = Report.without_input("score-partners", "partners", str(DAY), "there are no transactions")
    page = night.page_of(reports=[idle if r.verb == "score-partners" else r for r in night.reports])
    assert not page.partners
    assert page.reviews
    assert list(page.notes) == ["score-partners (partners) had nothing new to read: there are no transactions"]


def test_what_the_caller_knows_stands_on_the_page(night: Night) -> None:
    page = night.page_of(notes=["All of it is made up."], true_net_eur=123.0, next_commands=["netlift lift --help"])
    words = checked(night_html(page))
    assert "All of it is made up." in words
    assert "+€123.00" in words
    assert "netlift lift" in words


def test_pages_of_readings_say_what_was_read() -> None:
    report = replace(Report.without_input("read-experiment", "autumn-mail", str(DAY), ""), details={"page": "a.html"})
    assert [(made.path, made.what) for made in step_pages([report])] == [
        ("a.html", "Page of what autumn-mail measured")
    ]
