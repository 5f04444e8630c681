"""FargateStep and GlueStep: what they write into the definition, and what they declare, as AWS's models have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from stepfunctions.asl.resource import Resource
from stepfunctions.inputs import ExecutionInput, context, states
from stepfunctions.local.tasks.shapes import to_request
from stepfunctions.steps import (
    BatchSubmitJobStep,
    EcsRunTaskStep,
    FargateStep,
    GlueStartJobRunStep,
    GlueStep,
    Graph,
    LambdaStep,
)
from stepfunctions.steps.code.containers import MEMORY_FOR_CPU
from stepfunctions.steps.code.declared import Declared
from stepfunctions.steps.code.functions import LambdaFunction, lambda_function
from stepfunctions.steps.integration_resources import IntegrationPattern

ROLE = "arn:aws:iam::123456789012:role/r"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/convert:3"
given = ExecutionInput()


def fargate(**fields: Any) -> FargateStep:
    return FargateStep("Convert to set", **{"image": IMAGE, "subnets": ["subnet-1"], **fields})


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "extract.py"
    path.write_text("print('extracted')\n")
    return path


def check_shape(client: str, operation: str, request: dict[str, Any]) -> None:
    """Check a request against botocore's model of the operation."""
    shape = botocore.session.get_session().get_service_model(client).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()


def check_task(step: Any, client: str, operation: str) -> None:
    """Check the parameters of a task, with values for its expressions, against the model of its operation."""
    state = Graph(step).to_dict()["States"][step.state_id]
    shape = botocore.session.get_session().get_service_model(client).operation_model(operation).input_shape
    check_shape(client, operation, to_request(Resource.parse(state["Resource"]), _filled(state["Parameters"]), shape))


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key.removesuffix(".$"): _value(item) if key.endswith(".$") else _filled(item) for key, item in value.items()
        }
    return [_filled(item) for item in value] if isinstance(value, list) else value


def _value(path: str) -> Any:
    return ["x"] if path.startswith("States.Array") or path.endswith("['subnets']") else "x"


def test_a_fargate_step_writes_the_whole_request() -> None:
    step = fargate(
        command=["python", "convert.py", given["day"]],
        environment={"DAY": given["day"], "MODE": "fast"},
        security_groups=["sg-1"],
        cluster="science",
    )
    assert isinstance(step, EcsRunTaskStep)
    assert step.to_dict() == {
        "Parameters": {
            "Cluster": "science",
            "TaskDefinition": "convert-to-set",
            "LaunchType": "FARGATE",
            "PlatformVersion": "LATEST",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "Subnets": ["subnet-1"],
                    "AssignPublicIp": "DISABLED",
                    "SecurityGroups": ["sg-1"],
                }
            },
            "Overrides": {
                "ContainerOverrides": [
                    {
                        "Name": "main",
                        "Command.$": "States.Array('python', 'convert.py', $$.Execution.Input['day'])",
                        "Environment": [
                            {"Name": "DAY", "Value.$": "$$.Execution.Input['day']"},
                            {"Name": "MODE", "Value": "fast"},
                        ],
                    }
                ]
            },
        },
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Type": "Task",
        "End": True,
    }
    check_task(step, "ecs", "RunTask")


def test_a_fargate_step_declares_its_task_definition() -> None:
    (declared,) = fargate(
        cpu=1024,
        memory=4096,
        execution_role=ROLE,
        task_role=ROLE,
        secrets={"B": "arn:b", "A": "arn:a"},
        log_group="/science",
        storage=50,
        architecture="ARM64",
        family="convert",
    ).declared()
    assert declared == Declared(
        service="ecs",
        name="convert",
        request={
            "family": "convert",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "1024",
            "memory": "4096",
            "executionRoleArn": ROLE,
            "taskRoleArn": ROLE,
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "ephemeralStorage": {"sizeInGiB": 50},
            "containerDefinitions": [
                {
                    "name": "main",
                    "image": IMAGE,
                    "essential": True,
                    "secrets": [{"name": "A", "valueFrom": "arn:a"}, {"name": "B", "valueFrom": "arn:b"}],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {"awslogs-group": "/science", "awslogs-stream-prefix": "convert"},
                    },
                }
            ],
        },
    )
    check_shape("ecs", "RegisterTaskDefinition", declared.request)
    check_shape("ecs", "RegisterTaskDefinition", fargate().declared()[0].request)


def test_a_fargate_step_in_other_patterns_and_languages() -> None:
    assert fargate(wait_for_completion=False).to_dict()["Resource"] == "arn:aws:states:::ecs:runTask"
    waiting = fargate(
        integration_pattern=IntegrationPattern.WaitForTaskToken, environment={"TOKEN": context.task.token}
    )
    assert waiting.to_dict()["Resource"] == "arn:aws:states:::ecs:runTask.waitForTaskToken"
    check_task(waiting, "ecs", "RunTask")
    jsonata = fargate(command=["run", given["day"]], subnets=given["subnets"], query_language="JSONata").to_dict()
    assert jsonata["Arguments"]["Overrides"]["ContainerOverrides"][0]["Command"] == [
        "run",
        "{% $states.context.Execution.Input.day %}",
    ]
    network = jsonata["Arguments"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["Subnets"] == "{% $states.context.Execution.Input.subnets %}"
    public = fargate(subnets=given["subnets"], assign_public_ip=True)
    check_task(public, "ecs", "RunTask")
    network = public.to_dict()["Parameters"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network == {"Subnets.$": "$$.Execution.Input['subnets']", "AssignPublicIp": "ENABLED"}


def test_steps_of_a_whole_workflow_in_jsonata(script: Path) -> None:
    glue = GlueStep("Extract", script, role=ROLE, arguments={"--day": given["day"]})
    glue.next(fargate(environment={"DAY": given["day"]}))
    graph = Graph(glue, query_language="JSONata").to_dict()["States"]
    assert graph["Extract"]["Arguments"]["Arguments"] == {"--day": "{% $states.context.Execution.Input.day %}"}
    override = graph["Convert to set"]["Arguments"]["Overrides"]["ContainerOverrides"][0]
    assert override["Environment"] == [{"Name": "DAY", "Value": "{% $states.context.Execution.Input.day %}"}]


def test_the_steps_of_2_3_0_take_the_patterns_that_came_later() -> None:
    waiting = EcsRunTaskStep("E", integration_pattern=IntegrationPattern.WaitForTaskToken, parameters={})
    assert waiting.to_dict()["Resource"] == "arn:aws:states:::ecs:runTask.waitForTaskToken"
    assert EcsRunTaskStep("E", False).to_dict()["Resource"] == "arn:aws:states:::ecs:runTask"
    assert BatchSubmitJobStep("B").to_dict()["Resource"] == "arn:aws:states:::batch:submitJob.sync"
    with pytest.raises(ValueError, match="WaitForTaskToken"):
        GlueStartJobRunStep("G", integration_pattern=IntegrationPattern.WaitForTaskToken)


def test_more_of_the_request_is_merged_over_it() -> None:
    step = fargate(parameters={"Tags": [{"Key": "team", "Value": "delays"}], "TaskDefinition.$": "$.definition"})
    parameters = step.to_dict()["Parameters"]
    assert parameters["TaskDefinition.$"] == "$.definition"
    assert "TaskDefinition" not in parameters
    assert parameters["Tags"] == [{"Key": "team", "Value": "delays"}]
    check_task(step, "ecs", "RunTask")
    mine = {"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets.$": "$.subnets"}}}
    network = fargate(parameters=mine).to_dict()["Parameters"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network == {"AssignPublicIp": "DISABLED", "Subnets.$": "$.subnets"}
    assert mine == {"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets.$": "$.subnets"}}}


def test_parameters_are_merged_over_the_arguments_of_a_jsonata_state(script: Path) -> None:
    jsonata = {"query_language": "JSONata"}
    tags = fargate(parameters={"Tags": []}, **jsonata).to_dict()["Arguments"]
    assert (tags["Tags"], tags["TaskDefinition"]) == ([], "convert-to-set")
    glue = GlueStep("E", script, arguments={"--day": given["day"]}, parameters={"Timeout": 5}, **jsonata)  # type: ignore[arg-type]
    assert glue.to_dict()["Arguments"] == {
        "JobName": "e",
        "Arguments": {"--day": "{% $states.context.Execution.Input.day %}"},
        "Timeout": 5,
    }


def test_maps_of_environment_and_arguments_may_be_known_at_run_time_only(script: Path) -> None:
    step = fargate(environment=given["environment"])
    (override,) = step.to_dict()["Parameters"]["Overrides"]["ContainerOverrides"]
    assert override == {"Name": "main", "Environment.$": "$$.Execution.Input['environment']"}
    job = GlueStep("E", script, arguments=given["arguments"])
    assert job.to_dict()["Parameters"] == {"JobName": "e", "Arguments.$": "$$.Execution.Input['arguments']"}


@pytest.mark.parametrize("cpu", MEMORY_FOR_CPU)
def test_the_pairs_that_fargate_has(cpu: int) -> None:
    sizes = MEMORY_FOR_CPU[cpu]
    for memory in sizes:
        fargate(cpu=cpu, memory=memory)
    for memory in (min(sizes) // 2, max(sizes) * 2, min(sizes) + 1):
        with pytest.raises(ValueError, match=rf"State 'Convert to set': memory={memory}: with cpu={cpu} Fargate has"):
            fargate(cpu=cpu, memory=memory)


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"image": ""}, TypeError, "image=''"),
        ({"image": given["image"]}, TypeError, "fixed in the task definition"),
        ({"cpu": 300}, ValueError, "256, 512, 1024"),
        ({"memory": 8192}, ValueError, "8192 MiB go with cpu=1024 or 2048 or 4096"),
        ({"command": "python convert.py"}, TypeError, "command is a list"),
        ({"command": ["a", 3]}, TypeError, r"command\[1\] is 3: write a string, such as '3'"),
        ({"subnets": []}, ValueError, "at least one"),
        ({"subnets": "subnet-1"}, TypeError, "subnets is a list"),
        ({"environment": {"WEEK": 3}}, TypeError, r"environment\['WEEK'\] is 3: write a string, such as '3'"),
        ({"environment": {"": "x"}}, TypeError, "the name ''"),
        ({"secrets": {"A": "arn:a"}}, ValueError, "'secrets' needs 'execution_role'"),
        ({"execution_role": "role"}, ValueError, "execution_role='role'"),
        ({"task_role": ROLE[:-2]}, ValueError, "task_role="),
        ({"architecture": "arm64"}, ValueError, "X86_64 or ARM64"),
        ({"storage": 10}, ValueError, "21 to 200 GiB"),
        ({"family": "a b"}, ValueError, "family='a b'"),
        ({"parameters": given["all"]}, ValueError, "to which your parameters are added: give a dict"),
        ({"parameters": {}, "arguments": {}}, ValueError, "give parameters or arguments, not both"),
        ({"log_group": "/science"}, ValueError, "'log_group' needs 'execution_role'"),
        ({"log_group": given["log"], "execution_role": ROLE}, TypeError, "fixed in the task definition"),
        ({"environment": ["A"]}, TypeError, "environment is a dict"),
        ({"architecture": given["a"]}, ValueError, "X86_64 or ARM64"),
        ({"storage": given["a"]}, ValueError, "21 to 200 GiB"),
        ({"cpu": given["a"]}, ValueError, "256, 512, 1024"),
        ({"assign_public_ip": given["a"]}, TypeError, "write True or False"),
        ({"comand": []}, TypeError, "comand"),
    ],
)
def test_wrong_arguments_of_a_fargate_step(fields: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=rf"State 'Convert to set'.*{said}"):
        fargate(**fields)


def test_a_glue_step_runs_and_declares_a_job(script: Path) -> None:
    step = GlueStep(
        "Extract raw data",
        script,
        role=ROLE,
        arguments={"--day": given["day"], "--to": states.format("s3://b/{}", given["day"])},
    )
    assert isinstance(step, GlueStartJobRunStep)
    assert step.to_dict() == {
        "Parameters": {
            "JobName": "extract-raw-data",
            "Arguments": {
                "--day.$": "$$.Execution.Input['day']",
                "--to.$": "States.Format('s3://b/{}', $$.Execution.Input['day'])",
            },
        },
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Type": "Task",
        "End": True,
    }
    check_task(step, "glue", "StartJobRun")
    (declared,) = step.declared()
    assert (declared.service, declared.name, declared.source) == (
        "glue",
        "extract-raw-data",
        "State 'Extract raw data'",
    )
    (asset,) = declared.assets
    assert (asset.name, asset.build(True)) == ("extract.py", b"print('extracted')\n")
    request = asset.located(declared.request, "bucket", "key/extract.py")
    assert request["Command"] == {
        "Name": "pythonshell",
        "PythonVersion": "3.9",
        "ScriptLocation": "s3://bucket/key/extract.py",
    }
    assert "ScriptLocation" not in declared.request["Command"]
    check_shape("glue", "CreateJob", request)
    check_shape("glue", "UpdateJob", {"JobName": "j", "JobUpdate": {k: v for k, v in request.items() if k != "Name"}})


def test_a_spark_job() -> None:
    step = GlueStep(
        "Join",
        "s3://code/join.py",
        job_name="join",
        role=ROLE,
        kind="glueetl",
        workers=10,
        worker_type="G.2X",
        modules=["pyarrow==15", "s3fs"],
        connections=["warehouse"],
        job_timeout=60,
        max_concurrent_runs=4,
    )
    (declared,) = step.declared()
    assert declared.assets == ()
    assert declared.request == {
        "Name": "join",
        "Role": ROLE,
        "Description": "",
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": "s3://code/join.py"},
        "DefaultArguments": {"--additional-python-modules": "pyarrow==15,s3fs"},
        "Connections": {"Connections": ["warehouse"]},
        "ExecutionProperty": {"MaxConcurrentRuns": 4},
        "WorkerType": "G.2X",
        "NumberOfWorkers": 10,
        "GlueVersion": "5.0",
        "Timeout": 60,
    }
    check_shape("glue", "CreateJob", declared.request)


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"script": "extrct.py"}, ValueError, "there is no script"),
        ({"script": 3}, TypeError, "script is a file"),
        ({"arguments": {"day": "1"}}, ValueError, "Write '--day'"),
        ({"arguments": {"--day": 1}}, TypeError, r"arguments\['--day'\] is 1: write a string, such as '1'"),
        ({"kind": "spark"}, ValueError, "'pythonshell' or 'glueetl'"),
        ({"workers": 2}, ValueError, "'workers' is for kind='glueetl'"),
        ({"worker_type": "G.1X"}, ValueError, "'worker_type' is for kind='glueetl'"),
        ({"capacity": 2}, ValueError, "0.0625 or 1 DPU"),
        ({"kind": "glueetl", "capacity": 1}, ValueError, "'capacity' is for kind='pythonshell'"),
        ({"kind": "glueetl", "worker_type": "G1X"}, ValueError, r"Did you mean 'G\.1X'\?"),
        ({"kind": "glueetl", "workers": 0}, ValueError, "workers=0"),
        ({"kind": given["kind"]}, ValueError, "'pythonshell' or 'glueetl'"),
        ({"capacity": given["capacity"]}, ValueError, "0.0625 or 1 DPU"),
        ({"kind": "glueetl", "worker_type": given["type"]}, ValueError, "There are: G.025X"),
        ({"arguments": ["--day"]}, TypeError, "arguments is a dict"),
        ({"modules": "pandas"}, TypeError, "modules is a list of strings"),
        ({"connections": [given["c"]]}, TypeError, "connections is a list of strings"),
        ({"job_timeout": "60"}, ValueError, "job_timeout='60': write a whole number"),
        ({"max_concurrent_runs": 0}, ValueError, "max_concurrent_runs=0"),
        ({"role": "glue"}, ValueError, "role='glue'"),
        ({"job_name": "a/b"}, ValueError, "job_name='a/b'"),
    ],
)
def test_wrong_arguments_of_a_glue_step(
    script: Path, fields: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=rf"State 'Extract'.*{said}"):
        GlueStep("Extract", **{"script": script, "role": ROLE, **fields})


def test_a_misspelt_script_is_guessed(script: Path) -> None:
    with pytest.raises(ValueError, match=r"Did you mean '.*extract\.py'\?"):
        GlueStep("Extract", script.with_name("extrct.py"))


def test_a_lambda_step_declares_its_function() -> None:
    @lambda_function("name-in-aws", role=ROLE, environment={"AA": "b"}, timeout=30, layers=["arn:layer"])
    def function() -> None:
        pass

    assert isinstance(function, LambdaFunction)
    (declared,) = function.step("Call").declared()
    assert (declared.service, declared.name) == ("lambda", "name-in-aws")
    request = declared.assets[0].located(declared.request, "bucket", "key.zip")
    assert request == {
        "FunctionName": "name-in-aws",
        "Runtime": "python3.12",
        "Handler": "lambda_function.lambda_handler",
        "Role": ROLE,
        "MemorySize": 128,
        "Timeout": 30,
        "Description": "",
        "Environment": {"Variables": {"AA": "b"}},
        "Layers": ["arn:layer"],
        "Architectures": ["x86_64"],
        "Code": {"S3Bucket": "bucket", "S3Key": "key.zip"},
    }
    check_shape("lambda", "CreateFunction", request)
    assert LambdaStep("Call", function="f").declared() == []
