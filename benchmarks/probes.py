"""The questions of compare.py: small programs over boto3 that end with the right answer or do not."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/anyone"
_ENDS_WITHIN = 20.0


class Client:
    """boto3 clients of one server."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self.states = self.of("stepfunctions")

    def of(self, service: str) -> Any:
        """Return the client of a service."""
        return boto3.client(
            service,
            endpoint_url=self._endpoint,
            region_name="us-east-1",
            aws_access_key_id="123456789012",
            aws_secret_access_key="local",
            config=Config(
                inject_host_prefix=False,
                retries={"total_max_attempts": 1},
                read_timeout=25,
                s3={"addressing_style": "path"},
            ),
        )

    def create(self, states: dict[str, Any], kind: str = "STANDARD", **definition: Any) -> str:
        """Create a state machine of these states, begun with the first."""
        text = json.dumps({"StartAt": next(iter(states)), "States": states, **definition})
        made = self.states.create_state_machine(name=_name(), definition=text, roleArn=ROLE, type=kind)
        return str(made["stateMachineArn"])

    def begin(self, machine: str, given: Any = None) -> str:
        """Start an execution."""
        started = self.states.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))
        return str(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait for the end of an execution and return its description."""
        deadline = time.monotonic() + _ENDS_WITHIN
        while True:
            found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{execution} still runs")
            time.sleep(0.05)

    def output(self, states: dict[str, Any], given: Any = None, **definition: Any) -> Any:
        """Run these states and return the output."""
        found = self.ended(self.begin(self.create(states, **definition), given))
        if found["status"] != "SUCCEEDED":
            raise RuntimeError(f"{found.get('error')}: {found.get('cause')}")
        return json.loads(found["output"])

    def types(self, execution: str) -> list[str]:
        """Return the types of an execution's events."""
        return [event["type"] for event in self.states.get_execution_history(executionArn=execution)["events"]]


class Probe(NamedTuple):
    """One row of the page."""

    name: str
    says: str
    run: Callable[[Client], Any]


def _name() -> str:
    return f"probe-{uuid.uuid4().hex[:12]}"


def _end(**state: Any) -> dict[str, Any]:
    return {**state, "End": True}


def jsonpath(client: Client) -> bool:
    """Run a Pass, a Choice and a Parallel."""
    states = {
        "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Two?"},
        "Two?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 2, "Next": "Both"}],
            "Default": "No",
        },
        "No": {"Type": "Fail"},
        "Both": _end(
            Type="Parallel",
            Branches=[{"StartAt": name, "States": {name: _end(Type="Pass")}} for name in ("A", "B")],
        ),
    }
    return bool(client.output(states, {"n": 1}) == [{"n": 2}, {"n": 2}])


def jayway(client: Client) -> bool:
    """Take the paths that only Jayway's parser takes."""
    selected = {"a.$": "$.o[0]['x','y']", "b.$": "$.o[?(@.x > 1)].y", "c.$": "$.o[*].x"}
    given = {"o": [{"x": 1, "y": "p"}, {"x": 2, "y": "q"}]}
    found = client.output({"A": _end(Type="Pass", Parameters=selected)}, given)
    return bool(found == {"a": {"x": 1, "y": "p"}, "b": ["q"], "c": [1, 2]})


def jsonata(client: Client) -> bool:
    """Evaluate JSONata, with one of AWS's own functions."""
    output = "{% {'sum': $sum($states.input.n), 'parts': $partition($states.input.n, 2)} %}"
    found = client.output({"A": _end(Type="Pass", Output=output)}, {"n": [1, 2, 3]}, QueryLanguage="JSONata")
    return bool(found == {"sum": 6, "parts": [[1, 2], [3]]})


def variables(client: Client) -> bool:
    """Assign a variable in JSONPath and read it in JSONata."""
    states = {
        "A": {"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"},
        "B": _end(Type="Pass", QueryLanguage="JSONata", Output="{% $x + 1 %}"),
    }
    return bool(client.output(states, {"n": 41}) == 42)


def undefined(client: Client) -> bool:
    """Fail with AWS's words when an expression has no value."""
    states = {"A": _end(Type="Pass", Output={"x": "{% $states.input.none %}"})}
    found = client.ended(client.begin(client.create(states, QueryLanguage="JSONata")))
    words = (
        "The JSONata expression '$states.input.none' specified for the field 'Output/x' returned nothing (undefined)."
    )
    return found.get("error") == "States.QueryEvaluationError" and words in found.get("cause", "")


def inline_history(client: Client) -> bool:
    """Write the events of a Map's iterations."""
    inner = {"StartAt": "One", "States": {"One": _end(Type="Pass")}}
    execution = client.begin(client.create({"Each": _end(Type="Map", ItemProcessor=inner)}), [1, 2])
    client.ended(execution)
    types = client.types(execution)
    return types.count("MapIterationSucceeded") == 2 and types.count("PassStateExited") == 2


def distributed_map(client: Client) -> bool:
    """Read items from S3, write results there, and tell of the map run."""
    bucket, s3 = _name(), client.of("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="items.jsonl", Body=b'{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": bucket, "Key": "items.jsonl"},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "out"}}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "One",
        "States": {"One": _end(Type="Pass")},
    }
    each = _end(Type="Map", ItemReader=reader, ResultWriter=writer, ItemProcessor=processor)
    execution = client.begin(client.create({"Each": each}))
    output = json.loads(client.ended(execution)["output"])
    written = s3.get_object(Bucket=bucket, Key=output["ResultWriterDetails"]["Key"])["Body"].read()
    succeeded = json.loads(written)["ResultFiles"]["SUCCEEDED"][0]["Key"]
    results = json.loads(s3.get_object(Bucket=bucket, Key=succeeded)["Body"].read())
    run = client.states.describe_map_run(mapRunArn=output["MapRunArn"])
    return len(results) == 3 and run["itemCounts"]["succeeded"] == 3


def redrive(client: Client) -> bool:
    """Go on with only the failed branch of a Parallel."""
    failing = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}
    fine = {"StartAt": "P", "States": {"P": _end(Type="Pass")}}
    execution = client.begin(client.create({"Both": _end(Type="Parallel", Branches=[fine, failing])}))
    client.ended(execution)
    client.states.redrive_execution(executionArn=execution)
    found = client.ended(execution)
    types = client.types(execution)
    return found["redriveCount"] == 1 and "ExecutionRedriven" in types and types.count("PassStateEntered") == 1


def test_state(client: Client) -> bool:
    """Test one state with a mock that fits AWS's response, and with one that does not."""
    parameters = {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "m"}
    state = json.dumps(_end(Type="Task", Resource="arn:aws:states:::sns:publish", Parameters=parameters))
    good = client.states.test_state(definition=state, mock={"result": '{"MessageId": "m"}'}, input="{}")
    try:
        client.states.test_state(definition=state, mock={"result": '{"MessageId": 5}'}, input="{}")
    except ClientError as error:
        return good["status"] == "SUCCEEDED" and error.response["Error"]["Code"] == "ValidationException"
    return False


def validation(client: Client) -> bool:
    """Find what is wrong before anything runs."""
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})
    return bool(client.states.validate_state_machine_definition(definition=definition)["result"] == "FAIL")


def aliases(client: Client) -> bool:
    """Publish two versions and route between them."""
    machine = client.create({"A": _end(Type="Pass")})
    first = client.states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    changed = json.dumps({"StartAt": "B", "States": {"B": _end(Type="Pass")}})
    client.states.update_state_machine(stateMachineArn=machine, definition=changed)
    second = client.states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": first, "weight": 90}, {"stateMachineVersionArn": second, "weight": 10}]
    alias = client.states.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    found = client.ended(client.begin(alias))
    return bool(found["stateMachineAliasArn"] == alias and found["stateMachineVersionArn"] in (first, second))


def express(client: Client) -> bool:
    """Run an Express machine and wait for it."""
    machine = client.create({"A": _end(Type="Pass", Result=1)}, "EXPRESS")
    return bool(client.states.start_sync_execution(stateMachineArn=machine)["output"] == "1")


def activities(client: Client) -> bool:
    """Do an activity's task as a worker."""
    activity = client.states.create_activity(name=_name())["activityArn"]
    execution = client.begin(client.create({"A": _end(Type="Task", Resource=activity)}), {"n": 1})
    task = client.states.get_activity_task(activityArn=activity, workerName="me")
    client.states.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    return json.loads(client.ended(execution)["output"]) == {"done": True} and json.loads(task["input"]) == {"n": 1}


def nested(client: Client) -> bool:
    """Start an execution from one and get its output as JSON."""
    inner = client.create({"A": _end(Type="Pass", Result={"x": 1})})
    start = "arn:aws:states:::states:startExecution.sync:2"
    task = _end(Type="Task", Resource=start, Parameters={"StateMachineArn": inner, "Input": {}}, OutputPath="$.Output")
    return bool(client.output({"A": task}) == {"x": 1})


def sdk(client: Client) -> bool:
    """Call DynamoDB through the SDK integration."""
    table = _name()
    client.of("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = {"TableName": table, "Item": {"k": {"S": "a"}, "n": {"N": "1"}}}
    got = {"TableName": table, "Key": {"k": {"S": "a"}}}
    states = {
        "Put": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": put, "Next": "Get"},
        "Get": _end(
            Type="Task", Resource="arn:aws:states:::aws-sdk:dynamodb:getItem", Parameters=got, OutputPath="$.Item"
        ),
    }
    return bool(client.output(states) == {"k": {"S": "a"}, "n": {"N": "1"}})


def training(client: Client) -> bool:
    """Start a training job and wait for it: what its algorithm writes must be there."""
    s3, bucket, job = client.of("s3"), _name(), _name()
    s3.create_bucket(Bucket=bucket)
    parameters = {
        "TrainingJobName": job,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
            "TrainingInputMode": "File",
        },
        "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": _code(s3, bucket)},
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    task = _end(Type="Task", Resource="arn:aws:states:::sagemaker:createTrainingJob.sync", Parameters=parameters)
    artifacts = client.output({"Train": task})["ModelArtifacts"]["S3ModelArtifacts"]
    key = artifacts.removeprefix(f"s3://{bucket}/")
    return bool(s3.head_object(Bucket=bucket, Key=key)["ContentLength"])


def _code(s3: Any, bucket: str) -> str:
    import io
    import tarfile

    script = b"import os\nopen(os.environ['SM_MODEL_DIR'] + '/model.txt', 'w').write('trained')\n"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        entry = tarfile.TarInfo("train.py")
        entry.size = len(script)
        tar.addfile(entry, io.BytesIO(script))
    s3.put_object(Bucket=bucket, Key="code.tar.gz", Body=archive.getvalue())
    return f"s3://{bucket}/code.tar.gz"


def operations(client: Client) -> str:
    """Count the operations of the API that are answered: with a result, or with an error that the model knows."""
    model = client.states.meta.service_model
    answered = 0
    for name in model.operation_names:
        operation = model.operation_model(name)
        known = {shape.name for shape in operation.error_shapes} | {"ValidationException"}
        request = {member: _sample(member) for member in operation.input_shape.required_members}
        method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
        try:
            getattr(client.states, method)(**request)
            answered += 1
        except ClientError as error:
            answered += error.response["Error"]["Code"] in known
        except Exception:  # noqa: BLE001 - no answer of the API
            continue
    return f"{answered} of {len(model.operation_names)}"


_SAMPLES: dict[str, Any] = {
    "definition": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}',
    "routingConfiguration": [
        {"stateMachineVersionArn": "arn:aws:states:us-east-1:123456789012:stateMachine:none:1", "weight": 100}
    ],
    "tags": [{"key": "a", "value": "b"}],
    "tagKeys": ["a"],
    "roleArn": ROLE,
    "name": "nobody",
    "output": "{}",
    "taskToken": "nonsense",
    "activityArn": "arn:aws:states:us-east-1:123456789012:activity:none",
    "mapRunArn": "arn:aws:states:us-east-1:123456789012:mapRun:none/a:b0c7a5a0-8a5c-4f0e-9b52-2f3c1b7f9a64",
    "executionArn": "arn:aws:states:us-east-1:123456789012:execution:none:none",
    "stateMachineVersionArn": "arn:aws:states:us-east-1:123456789012:stateMachine:none:1",
    "stateMachineAliasArn": "arn:aws:states:us-east-1:123456789012:stateMachine:none:live",
}


def _sample(member: str) -> Any:
    return _SAMPLES.get(member, "arn:aws:states:us-east-1:123456789012:stateMachine:none")


PROBES = (
    Probe("operations", "Operations of the API answered with a result or an error of its model", operations),
    Probe("jsonpath", "Pass, Choice, Parallel with JSONPath and intrinsic functions", jsonpath),
    Probe("jayway", "Paths as Jayway reads them: `$.o[0]['x','y']`, filters", jayway),
    Probe("jsonata", "JSONata, with AWS's own functions", jsonata),
    Probe("variables", "Variables between JSONPath and JSONata states", variables),
    Probe("undefined", "AWS's error and words for an expression without value", undefined),
    Probe("inline_history", "Inner events of an inline Map in the history", inline_history),
    Probe("distributed_map", "Distributed Map: ItemReader, ResultWriter, Map Run", distributed_map),
    Probe("redrive", "Redrive of only the failed branch", redrive),
    Probe("test_state", "TestState with mocks compared with the service's model", test_state),
    Probe("validation", "ValidateStateMachineDefinition", validation),
    Probe("aliases", "Versions and aliases with routing", aliases),
    Probe("express", "Express, StartSyncExecution", express),
    Probe("activities", "Activities", activities),
    Probe("nested", "Nested executions, `.sync:2`", nested),
    Probe("integrations", "DynamoDB through the optimised and the SDK integration", sdk),
    Probe("training", "A SageMaker training job that trains", training),
)


def begin_waiting(client: Client) -> str:
    """Start an execution that waits for a few seconds, and return its ARN."""
    return client.begin(client.create({"W": {"Type": "Wait", "Seconds": 3, "Next": "A"}, "A": _end(Type="Pass")}))


def ends_well(client: Client, execution: str) -> bool:
    """Tell whether an execution ends with success."""
    return bool(client.ended(execution)["status"] == "SUCCEEDED")
