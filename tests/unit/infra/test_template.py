"""The templates keep their promises: nothing public, all encrypted, what the code reads is set."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from functions import assign_openapi, fraud_openapi
from functions.engine import choose
from functions.fraud_api import open_door
from functions.once import LEASE_S
from functions.plan_shards import CHAINS
from infra.local.deploy_template import TEMPLATE
from infra.local.deployment import CHAIN, ROOT
from jobs.runtime.metrics import DIMENSIONS, NAMESPACE, UNITS
from jobs.runtime.size import part_rows
from tests.unit.infra.templates import NESTED, TRANSFORMED, nested, of_type

SOURCE: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
HANDLERS = {
    f"functions.{name}.handler"
    for name in ("plan_shards", "run_shard", "finish_run", "fail_run", "write_page", "fraud_api", "assign_api")
}

STAGE = "AWS::ApiGatewayV2::Stage"


def test_buckets_are_encrypted_versioned_closed_kept_and_reached_by_tls_alone() -> None:
    buckets = of_type("AWS::S3::Bucket")
    assert set(buckets) == {"HomeBucket", "AccessLogBucket"}
    for name, bucket in buckets.items():
        assert TRANSFORMED["Resources"][name]["DeletionPolicy"] == "Retain"
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert list(bucket["PublicAccessBlockConfiguration"].values()) == [True] * 4
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["LifecycleConfiguration"]["Rules"]
    policies = of_type("AWS::S3::BucketPolicy").values()
    assert {policy["Bucket"]["Ref"] for policy in policies} == set(buckets)
    for policy in policies:
        tls = policy["PolicyDocument"]["Statement"][0]
        assert (tls["Effect"], tls["Action"]) == ("Deny", "s3:*")
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_tables_are_kept_and_what_no_commit_names_lives_as_long_as_the_ledger_counts_on() -> None:
    from jobs.storage.ledger import STAGED_LIFE_S

    [bucket] = of_type("AWS::S3Tables::TableBucket").values()
    removal = bucket["UnreferencedFileRemoval"]
    assert removal["Status"] == "Enabled"
    assert removal["UnreferencedDays"] * 86_400 > STAGED_LIFE_S
    assert TRANSFORMED["Resources"]["TableBucket"]["DeletionPolicy"] == "Retain"


def test_snapshots_outlive_a_night_and_the_one_that_commits_alone_says_how_long() -> None:
    hours = SOURCE["Parameters"]["SnapshotHours"]
    assert (hours["Default"], hours["MinValue"]) == (120, 24), "S3 Tables' own default; a night reads yesterday's"
    told = {
        name: f["Environment"]["Variables"]["NETLIFT_SNAPSHOT_HOURS"]
        for name, f in of_type("AWS::Lambda::Function").items()
        if "NETLIFT_SNAPSHOT_HOURS" in f["Environment"]["Variables"]
    }
    assert told == {"FinishRun": {"Fn::Sub": "${SnapshotHours}"}}
    may = {name for name, role in of_type("AWS::IAM::Role").items() if "PutTableMaintenance" in json.dumps(role)}
    assert may == {"FinishRunRole"}


def test_spark_is_off_by_default_stops_when_idle_and_is_capped_at_a_size_for_every_choice() -> None:
    assert SOURCE["Parameters"]["SparkFeatures"]["Default"] == "DISABLED"
    assert SOURCE["Resources"]["Spark"]["Condition"] == "HasSpark"
    spark = nested("spark")
    [application] = of_type("AWS::EMRServerless::Application").values()
    assert application["AutoStopConfiguration"]["Enabled"] is True
    assert set(application["MaximumCapacity"]) == {"Cpu", "Memory", "Disk"}
    assert "InitialCapacity" not in application, "workers that wait are paid for"
    choices = SOURCE["Parameters"]["SparkMaxVcpus"]["AllowedValues"]
    assert choices == spark["Parameters"]["MaxVcpus"]["AllowedValues"] == list(spark["Mappings"]["Capacity"])
    for vcpus, of in spark["Mappings"]["Capacity"].items():
        assert of["Memory"] == f"{8 * int(vcpus)} GB"


def test_online_tables_can_be_restored_to_any_second() -> None:
    tables = of_type("AWS::DynamoDB::Table")
    assert set(tables) == {"OnlineFeatures", "Idempotency"}
    for table in tables.values():
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["SSESpecification"] == {"SSEEnabled": True}


def test_every_function_is_a_handler_of_this_repository() -> None:
    functions = of_type("AWS::Lambda::Function")
    handlers = {f.get("Handler") or f["ImageConfig"]["Command"][0] for f in functions.values()}
    assert handlers == HANDLERS
    for handler in handlers:
        assert (ROOT / (handler.rpartition(".")[0].replace(".", "/") + ".py")).is_file()
    zipped = {f["Handler"] for f in functions.values() if "Handler" in f}
    assert zipped == {f"functions.{name}.handler" for name in ("plan_shards", "fail_run", "fraud_api", "assign_api")}


def test_every_log_ends_and_every_function_machine_and_job_has_one() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert all("RetentionInDays" in group for group in groups.values())
    used = {f["LoggingConfig"]["LogGroup"]["Ref"] for f in of_type("AWS::Lambda::Function").values()}
    for machine in of_type("AWS::StepFunctions::StateMachine").values():
        [log] = machine["LoggingConfiguration"]["Destinations"]
        used.add(log["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0])
    job = nested("batch")["Resources"]["ShardJob"]["Properties"]["ContainerProperties"]
    used.add("Batch." + job["LogConfiguration"]["Options"]["awslogs-group"]["Ref"])
    used |= {stage["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"][0] for stage in of_type(STAGE).values()}
    spark = nested("spark")["Resources"]["Application"]["Properties"]["MonitoringConfiguration"]
    used.add("Spark." + spark["CloudWatchLoggingConfiguration"]["LogGroupName"]["Ref"])
    assert used == set(groups)


def test_both_machines_are_given_every_substitution_of_the_definition_and_no_other() -> None:
    machines = {name: r for name, r in SOURCE["Resources"].items() if r["Type"] == "AWS::Serverless::StateMachine"}
    names = set(re.findall(r"\$\{(\w+)\}", CHAIN.read_text()))
    for machine in machines.values():
        assert ROOT / machine["Properties"]["DefinitionUri"] == CHAIN
        assert set(machine["Properties"]["DefinitionSubstitutions"]) == names
    chains = {machine["Properties"]["DefinitionSubstitutions"]["Chain"] for machine in machines.values()}
    assert chains == set(CHAINS) == {"nightly", "weekly"}


@pytest.mark.parametrize("chain", ["nightly", "weekly"])
def test_a_schedule_starts_its_chain_with_an_event_like_the_example(chain: str) -> None:
    schedule = of_type("AWS::Scheduler::Schedule")[f"{chain.title()}ScheduleRule"]
    given = json.loads(schedule["Target"]["Input"])
    assert given == {"scheduled_at": "<aws.scheduler.scheduled-time>"}
    assert set(given) == set(json.loads((ROOT / "events" / f"{chain}.json").read_text()))
    assert schedule["Target"]["Arn"] == {"Ref": chain.title()}
    assert schedule["Target"]["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}


def test_data_that_landed_start_the_night_with_an_event_like_the_example() -> None:
    rule = of_type("AWS::Events::Rule")["DataLanded"]
    [target] = rule["Targets"]
    given = json.loads(target["InputTransformer"]["InputTemplate"].replace("<", '"<').replace(">", '>"'))
    example = json.loads((ROOT / "events" / "landed.json").read_text())
    assert set(given) == set(example)
    assert datetime.fromisoformat(example["scheduled_at"])
    [pattern] = rule["EventPattern"]["detail"]["object"]["key"]
    assert re.fullmatch(pattern["wildcard"].replace("*", ".*"), example["landed"])
    home = of_type("AWS::S3::Bucket")["HomeBucket"]
    assert home["NotificationConfiguration"]["EventBridgeConfiguration"] == {"EventBridgeEnabled": True}


def test_the_job_works_a_shard_by_the_same_words_as_the_machine_gives() -> None:
    job = nested("batch")["Resources"]["ShardJob"]["Properties"]
    definition = json.loads(CHAIN.read_text())
    states = definition["States"]["Steps"]["ItemProcessor"]["States"]
    words = [word for word in job["ContainerProperties"]["Command"] if word.startswith("Ref::")]
    assert words == ["Ref::run_id", "Ref::attempt", "Ref::phase"]
    for state in ("WorkArray", "WorkOne", "ShareOutInBatch", "WorkPartArray", "WorkOnePart"):
        parameters = states[state]["Parameters"]["Parameters"]
        assert {name.removesuffix(".$") for name in parameters} == {word.removeprefix("Ref::") for word in words}
    assert states["WorkArray"]["TimeoutSeconds"] >= SOURCE["Parameters"]["JobAttemptSeconds"]["Default"] * 4


def test_functions_and_jobs_are_told_where_all_lies_and_when_a_run_is_large() -> None:
    where = {"NETLIFT_HOME", "NETLIFT_TABLES", "NETLIFT_NAMESPACE", "NETLIFT_STAGE", "NETLIFT_ONLINE"}
    for function in of_type("AWS::Lambda::Function").values():
        assert where <= set(function["Environment"]["Variables"])
    job = nested("batch")["Resources"]["ShardJob"]["Properties"]["ContainerProperties"]
    assert where | {"NETLIFT_VCPUS", "NETLIFT_MEMORY_MB"} == {v["Name"] for v in job["Environment"]}
    limits = set(of_type("AWS::Lambda::Function")["PlanShards"]["Environment"]["Variables"]) - where
    read = set(re.findall(r"``(NETLIFT_\w+)``", f"{choose.__doc__} {part_rows.__doc__}"))
    assert limits == read == {f"NETLIFT_{name}" for name in ("BATCH_SHARDS", "BATCH_MB", "FAN_OUT_MB", "PART_ROWS")}


def test_alarms_are_on_metrics_that_somebody_writes_and_tell_the_topic() -> None:
    alarms = {name: r for name, r in nested("watch")["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(alarms) == {
        *("NightlyFailed", "WeeklyFailed", "NightlyMissing", "NightlyLate"),
        *("Quarantine", "Drift", "UndeliveredTriggers"),
        *("FraudErrors", "FraudLatency", "AssignErrors", "AssignLatency"),
    }
    ours = {a["Properties"]["MetricName"] for a in alarms.values() if a["Properties"].get("Namespace") == NAMESPACE}
    assert ours == {"quarantined_percent", "drift_alarms"}
    assert "quarantined_percent" in UNITS
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "TopicArn"}]


def test_our_own_metrics_are_watched_under_dimensions_they_are_written_with_and_of_this_stage_alone() -> None:
    resources = nested("watch")["Resources"]
    watched = [
        (p["MetricName"], [(d["Name"], d["Value"]) for d in p["Dimensions"]], {"Ref": "Stage"})
        for p in (r["Properties"] for r in resources.values())
        if p.get("Namespace") == NAMESPACE
    ]
    body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert len(body["widgets"]) == 6
    for metric in (m for widget in body["widgets"] for m in widget["properties"]["metrics"] if m[0] == NAMESPACE):
        pairs = [word for word in metric[2:] if isinstance(word, str)]
        watched.append((metric[1], list(zip(pairs[::2], pairs[1::2], strict=True)), "${Stage}"))
    assert len(watched) >= 11
    for name, dimensions, stage in watched:
        assert name in UNITS
        assert tuple(of for of, _ in dimensions) in DIMENSIONS
        assert dict(dimensions)["stage"] == stage


@pytest.mark.parametrize(("name", "served"), [("Fraud", fraud_openapi.document), ("Assign", assign_openapi.document)])
def test_an_api_has_the_routes_of_its_document_signed_throttled_and_logged(
    name: str, served: Callable[[], str]
) -> None:
    api = {"Ref": f"{name}HttpApi"}
    routes = [r for r in of_type("AWS::ApiGatewayV2::Route").values() if r["ApiId"] == api]
    paths = json.loads(served())["paths"]
    assert {r["RouteKey"] for r in routes} == {f"{m.upper()} {path}" for path, of in paths.items() for m in of}
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}
    [integration] = [i for i in of_type("AWS::ApiGatewayV2::Integration").values() if i["ApiId"] == api]
    assert integration["IntegrationUri"] == {"Fn::GetAtt": [f"{name}Api", "Arn"]}
    assert integration["PayloadFormatVersion"] == "2.0"
    [stage] = [s for s in of_type(STAGE).values() if s["ApiId"] == api]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"Ref": f"{name}RequestsPerSecond"}
    log = json.loads(stage["AccessLogSettings"]["Format"])
    assert log["status"] == "$context.status"
    assert not {"$context.path", "$context.requestBody"} & set(log.values()), "no log holds who was asked about"


def test_the_assignment_function_may_read_what_was_frozen_and_no_more() -> None:
    role = of_type("AWS::IAM::Role")["AssignApiRole"]
    [_, policy] = role["Policies"]
    actions = [action for s in policy["PolicyDocument"]["Statement"] for action in s["Action"]]
    assert actions == ["s3:ListBucket", "s3:GetObject"]
    assert "ManagedPolicyArns" not in role


def test_the_fraud_function_is_told_all_that_it_reads_and_gives_up_before_its_lease_ends() -> None:
    function = of_type("AWS::Lambda::Function")["FraudApi"]
    told = function["Environment"]["Variables"]
    read = set(re.findall(r"``(NETLIFT_\w+)``", open_door.__doc__ or ""))
    assert read == {"NETLIFT_ONLINE", "NETLIFT_ANSWERS", "NETLIFT_FRAUD_POLICY"}
    assert read <= set(told)
    assert SOURCE["Parameters"]["FraudPolicy"]["AllowedValues"] == ["open", "closed"]
    assert function["Timeout"] < LEASE_S


@pytest.mark.parametrize("file", ["template.yaml", *(f"infra/{name}.yaml" for name in NESTED.values())])
def test_there_are_no_anchors_which_cloudformation_does_not_read(file: str) -> None:
    assert not re.search(r":\s+[&*][a-z]", (ROOT / file).read_text())
