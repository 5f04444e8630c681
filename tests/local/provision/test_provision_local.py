"""Functions, scripts and images as steps, made and run on a real local cloud."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, FargateStep, GlueStep, Pass, lambda_function
from stepfunctions.workflow import Workflow

pytestmark = pytest.mark.local
ROLE = "arn:aws:iam::123456789012:role/r"
FACTOR = 10
given = ExecutionInput()


def scaled(week: int) -> int:
    return week * FACTOR


@lambda_function(role=ROLE)
def count_rows(route: str, week: int = 1) -> dict[str, Any]:
    if week < 0:
        raise LookupError(f"there is no week {week}")
    return {"route": route, "rows": scaled(week)}


@lambda_function("whole-event", role=ROLE)
def whole(event: Any, context: Any) -> Any:
    return {"name": context.function_name, **event}


def counting(client: Any = None) -> Workflow:
    first = count_rows.step("Count", route=given["route"], week=given["week"])
    return Workflow("counting", Chain([first, whole.step("Whole")]), role=ROLE, client=client)


def test_the_same_workflow_runs_here_and_in_the_cloud(account: Any) -> None:
    inputs = {"route": "JFK", "week": 3}
    expected = {"name": "whole-event", "route": "JFK", "rows": 30}
    workflow = counting(account.client("stepfunctions"))
    made = workflow.provision(account.session)
    assert [str(one) for one in made] == ["lambda count_rows: created", "lambda whole-event: created"]
    workflow.create()
    execution = workflow.execute(inputs=inputs)
    assert execution.get_output(wait=True, timeout=60) == expected
    assert workflow.run(inputs).get_output() == expected


def test_a_function_fails_alike_here_and_in_the_cloud(account: Any) -> None:
    step = count_rows.step("Count", route="x", week=-1)
    workflow = Workflow("failing", step, role=ROLE, client=account.client("stepfunctions"))
    workflow.provision(account.session)
    workflow.create()
    execution = workflow.execute()
    execution.get_output(wait=True, timeout=60)
    far, near = execution.describe(), workflow.run().describe()
    assert far["error"] == near["error"] == "LookupError"
    assert "there is no week -1" in far["cause"]
    assert "there is no week -1" in near["cause"]


def test_doing_it_again_changes_nothing(account: Any, tmp_path: Path) -> None:
    bucket = account.bucket("again")
    script = tmp_path / "extract.py"
    script.write_text("print(1)\n")
    definition = Chain(
        [
            lambda_function("again", role=ROLE, environment={"AA": "b"})(count_rows.function).step("A", route="x"),
            GlueStep("B", script, job_name="again", role=ROLE, modules=["pandas"], job_timeout=5),
            FargateStep("C", "python:3.12", family="again", subnets=["s"], execution_role=ROLE, log_group="/logs"),
        ]
    )
    workflow = Workflow("again", definition, role=ROLE, client=account.client("stepfunctions"))
    assert [one.action for one in workflow.provision(account.session, bucket)] == ["created"] * 3
    assert sorted(account.changing()) == [
        "CreateFunction",
        "CreateJob",
        "PutObject",
        "PutObject",
        "RegisterTaskDefinition",
    ]
    assert [one.action for one in workflow.provision(account.session, bucket)] == ["unchanged"] * 3
    assert account.changing() == []
    script.write_text("print(2)\n")
    assert [one.action for one in workflow.provision(account.session, bucket)] == ["unchanged", "updated", "unchanged"]
    assert account.changing() == ["PutObject", "UpdateJob"]


@pytest.mark.parametrize("bucket", [None, "functions"])
def test_a_function_is_updated_as_far_as_it_differs(account: Any, bucket: str | None) -> None:
    if bucket is not None:
        account.bucket(bucket)
    name = f"changing-{bucket}"

    def old(a: int = 1) -> int:
        return a

    def new(a: int = 1) -> int:
        return a + 1

    def calls(function: Any, **settings: Any) -> list[str]:
        step = lambda_function(name, role=ROLE, **settings)(function).step("S")
        workflow = Workflow("w", step, role=ROLE, client=account.client("stepfunctions"))
        workflow.provision(account.session, bucket)
        return [call for call in account.changing() if call != "PutObject"]

    assert calls(old, environment={"AA": "1", "BB": "2"}) == ["CreateFunction"]
    assert calls(old, environment={"AA": "1", "BB": "2"}) == []
    assert calls(old, environment={"AA": "1"}) == ["UpdateFunctionConfiguration"]
    assert calls(old) == ["UpdateFunctionConfiguration"]
    assert calls(old) == []
    assert calls(new) == ["UpdateFunctionCode"]
    assert calls(old, memory=256, timeout=5) == ["UpdateFunctionCode", "UpdateFunctionConfiguration"]
    assert calls(old, memory=256, timeout=5, architecture="arm64") == ["UpdateFunctionCode"]
    described = account.client("lambda").get_function_configuration(FunctionName=name)
    assert (described["MemorySize"], described["Timeout"], described["Architectures"]) == (256, 5, ["arm64"])
    assert "Environment" not in described


def test_a_task_definition_gets_a_revision_only_when_it_differs(account: Any) -> None:
    def action(**fields: Any) -> str:
        step = FargateStep("C", "python:3.12", family="revised", subnets=["s"], **fields)
        workflow = Workflow("w", step, role=ROLE, client=account.client("stepfunctions"))
        return workflow.provision(account.session)[0].action

    assert action(execution_role=ROLE, task_role=ROLE, log_group="/a") == "created"
    assert action(execution_role=ROLE, task_role=ROLE, log_group="/a", command=["other"]) == "unchanged"
    assert action(task_role=ROLE) == "updated"
    assert action() == "updated"
    assert action() == "unchanged"
    assert action(cpu=512, memory=1024) == "updated"
    logs = account.client("ecs").describe_task_definition(taskDefinition="revised:1")["taskDefinition"]
    assert logs["containerDefinitions"][0]["logConfiguration"]["options"] == {
        "awslogs-group": "/a",
        "awslogs-stream-prefix": "revised",
        "awslogs-region": "us-east-1",
    }


def test_a_container_and_a_script_run_with_values_of_the_execution(account: Any, tmp_path: Path) -> None:
    bucket = account.bucket("outcomes")
    script = tmp_path / "extract.py"
    write = "import boto3, {0}; boto3.client('s3').put_object(Bucket='outcomes', Key='{1}', Body={2})\n"
    script.write_text(
        "import sys\nfrom awsglue.utils import getResolvedOptions\nday = getResolvedOptions(sys.argv, ['day'])['day']\n"
        + write.format("sys", "glue", "day.encode()")
    )
    program = write.format("os", "ecs", "os.environ['DAY'].encode()")
    definition = Chain(
        [
            GlueStep("Extract", script, role=ROLE, arguments={"--day": given["day"]}, result_path=None),
            FargateStep(
                "Convert",
                "python:3.12",
                command=["python", "-c", program],
                environment={"DAY": given["day"]},
                subnets=["subnet-1"],
                result_path=None,
            ),
            Pass("Done"),
        ]
    )
    workflow = Workflow("script-and-image", definition, role=ROLE, client=account.client("stepfunctions"))
    workflow.provision(account.session, bucket, prefix="/assets/")
    keys = [entry["Key"] for entry in account.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert [key.partition("/")[0] for key in keys] == ["assets"]
    workflow.create()
    execution = workflow.execute(inputs={"day": "2013-01-07"})
    assert execution.get_output(wait=True, timeout=90) == {"day": "2013-01-07"}
    for key in ("glue", "ecs"):
        body = account.client("s3").get_object(Bucket="outcomes", Key=key)["Body"]
        with body:
            assert body.read() == b"2013-01-07"


def test_requirements_are_installed_only_when_asked_for_here(
    account: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheel = tmp_path / "gift-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("gift.py", "CONTENT = 'a book'\n")
        for name, text in (("METADATA", "Metadata-Version: 2.1\nName: gift\nVersion: 1.0\n"), ("RECORD", "")):
            archive.writestr(f"gift-1.0.dist-info/{name}", text)
        archive.writestr("gift-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")

    @lambda_function("giving", role=ROLE, requirements=[str(wheel)])
    def give() -> str:
        try:
            import gift  # type: ignore[import-not-found]
        except ImportError:
            return "nothing"
        return str(gift.CONTENT)

    workflow = Workflow("giving", give.step("Give"), role=ROLE, client=account.client("stepfunctions"))
    workflow.provision(account.session)
    workflow.create()
    assert workflow.execute().get_output(wait=True, timeout=60) == "nothing"
    workflow.provision(account.session, requirements=True)
    assert workflow.execute().get_output(wait=True, timeout=60) == "a book"


def test_a_bucket_that_is_not_there(account: Any, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.touch()
    workflow = Workflow("w", GlueStep("S", script, role=ROLE), role=ROLE, client=account.client("stepfunctions"))
    with pytest.raises(ValueError, match="There is no bucket 'nowhere'"):
        workflow.provision(account.session, "nowhere")
    assert account.changing() == []


def test_the_environments_endpoint_is_used_without_a_client(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    step = lambda_function("by-environment", role=ROLE)(count_rows.function).step("S", route="x")
    assert [one.action for one in Workflow("w", step, role=ROLE).provision(account.session)] == ["created"]
