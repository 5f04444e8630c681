"""Models, endpoint configurations, endpoints: served by real processes."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError

ECHO = """
import os
def model_fn(folder): return sorted(os.listdir(folder))
def input_fn(body, content_type):
    return type(body).__name__, body if isinstance(body, str) else body.hex(), content_type
def predict_fn(data, model): return {"data": data, "model": model, "pid": os.getpid(), "mine": os.environ.get("MINE")}
def output_fn(prediction, accept):
    import json
    return json.dumps({**prediction, "accept": accept}), "application/json"
"""


def make_model(sm: Any, name: str, inference: str | None = None, **environment: str) -> None:
    """A SingleModel of the trained line y = 2x, or of a script's own with the file ``weights``."""
    if inference is None:
        if not list(sm.cloud.service("s3").objects.list("bucket", "out/line/")):
            sm.train("line")
        data, code = "s3://bucket/out/line/output/model.tar.gz", "s3://bucket/code.tar.gz"
        environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, **environment}
    else:
        sm.put(f"models/{name}.tar.gz", sm.archive({"weights": name, "code/inference.py": inference}))
        data = f"s3://bucket/models/{name}.tar.gz"
    sm(
        "CreateModel",
        ModelName=name,
        ExecutionRoleArn=sm.role,
        PrimaryContainer={"Image": sm.image, "ModelDataUrl": data, "Environment": environment},
    )


def make_config(sm: Any, name: str, *variants: tuple[str, float]) -> None:
    sm(
        "CreateEndpointConfig",
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": f"v-{model}",
                "ModelName": model,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "InitialVariantWeight": weight,
            }
            for model, weight in variants
        ],
    )


def make_endpoint(sm: Any, name: str, inference: str | None = None, **environment: str) -> dict[str, Any]:
    make_model(sm, name, inference, **environment)
    make_config(sm, name, (name, 1))
    sm("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
    return dict(sm.settled(name))


def invoke(
    sm: Any, endpoint: str, body: bytes, content_type: str = "application/json", **fields: Any
) -> dict[str, Any]:
    return dict(
        sm(
            "InvokeEndpoint",
            service="sagemaker-runtime",
            EndpointName=endpoint,
            Body=body,
            ContentType=content_type,
            **fields,
        )
    )


def pid_of(sm: Any, endpoint: str) -> int:
    [server] = sm.cloud.service("sagemaker").endpoints.route(endpoint).deployment.servers.values()
    return int(server.pid)


@pytest.fixture(scope="module")
def line(sm: Any) -> Any:
    """An endpoint of the container's own functions."""
    assert make_endpoint(sm, "line-1")["EndpointStatus"] == "InService"
    return sm


def test_describe(line: Any) -> None:
    said = line("DescribeEndpoint", EndpointName="line-1")
    assert said["EndpointConfigName"] == "line-1"
    [variant] = said["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentWeight"], variant["CurrentInstanceCount"]) == ("v-line-1", 1.0, 1)
    assert "PendingDeploymentSummary" not in said
    assert pid_of(line, "line-1") != os.getpid()


def test_defaults_answer_as_the_downloaded_model(line: Any) -> None:
    import joblib
    import numpy

    model = joblib.load(io.BytesIO(line.members("out/line/output/model.tar.gz")["model.joblib"]))
    rows = numpy.array([[1.5], [7.0]])
    expected = model.predict(rows).tolist()
    assert json.loads(invoke(line, "line-1", json.dumps(rows.tolist()).encode())["Body"]) == expected
    buffer = io.BytesIO()
    numpy.save(buffer, rows)
    answer = invoke(line, "line-1", buffer.getvalue(), "application/x-npy", Accept="application/x-npy")
    assert answer["ContentType"] == "application/x-npy"
    assert numpy.load(io.BytesIO(answer["Body"])).tolist() == expected
    answer = invoke(line, "line-1", json.dumps(rows.tolist()).encode(), Accept="text/csv")
    assert [float(text) for text in answer["Body"].split()] == expected
    assert answer["InvokedProductionVariant"] == "v-line-1"


def test_csv_with_several_columns(sm: Any) -> None:
    make_endpoint(
        sm,
        "sums",
        "class Sum:\n    def predict(self, rows): return rows.sum(axis=1)\ndef model_fn(folder): return Sum()\n",
    )
    assert json.loads(invoke(sm, "sums", b"1,2,3\n4,5,6\n", "text/csv")["Body"]) == [6.0, 15.0]


def test_a_script_of_ones_own(sm: Any) -> None:
    assert make_endpoint(sm, "echo", ECHO, MINE="yes")["EndpointStatus"] == "InService"
    said = json.loads(invoke(sm, "echo", b'{"a": 1}', Accept="text/plain")["Body"])
    assert said["data"] == ["str", '{"a": 1}', "application/json"]
    assert (said["accept"], said["mine"], said["model"]) == ("text/plain", "yes", ["code", "weights"])
    assert said["pid"] == pid_of(sm, "echo")
    said = json.loads(invoke(sm, "echo", b"\x00\xff", "application/octet-stream")["Body"])
    assert said["data"][:2] == ["bytes", "00ff"]


def test_transform_fn(sm: Any) -> None:
    make_endpoint(
        sm,
        "transform",
        "def model_fn(folder): return 3\n"
        "def transform_fn(model, body, kind, accept): return body * model, 'text/plain'",
    )
    answer = invoke(sm, "transform", b"ab", "text/csv")
    assert (answer["Body"], answer["ContentType"]) == (b"ababab", "text/plain")


@pytest.mark.parametrize(
    ("body", "content_type", "fields", "message"),
    [
        (b"[[1, 2, 3]]", "application/json", {}, r'server error \(500\) from v-line-1.*"ValueError: X has 3 features'),
        (b"{", "application/json", {}, r"server error \(500\).*JSONDecodeError"),
        (b"x", "image/png", {}, r"client error \(415\).*image/png is not supported"),
        (b"[[1]]", "application/json", {"Accept": "image/png"}, r"client error \(406\)"),
    ],
)
def test_model_errors(line: Any, body: bytes, content_type: str, fields: dict[str, str], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as caught:
        invoke(line, "line-1", body, content_type, **fields)
    assert (caught.value.code, caught.value.status) == ("ModelError", 424)


@pytest.mark.parametrize(
    ("endpoint", "fields", "message"),
    [
        ("nowhere", {}, "Endpoint nowhere of account 123456789012 not found"),
        ("line-1", {"TargetVariant": "other"}, "Variant other not found.*v-line-1"),
        ("line-1", {"TargetModel": "a.tar.gz"}, "TargetModel must not be given"),
    ],
)
def test_invocations_refused(line: Any, endpoint: str, fields: dict[str, str], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as caught:
        invoke(line, endpoint, b"[]", **fields)
    assert (caught.value.code, caught.value.status) == ("ValidationError", 400)


def test_a_server_that_dies_is_started_again(sm: Any) -> None:
    make_endpoint(sm, "dies", ECHO)
    first = pid_of(sm, "dies")
    os.kill(first, signal.SIGKILL)
    endpoints = sm.cloud.service("sagemaker").endpoints
    [server] = endpoints.route("dies").deployment.servers.values()
    server._process.wait(10)
    assert json.loads(invoke(sm, "dies", b"1")["Body"])["pid"] == pid_of(sm, "dies") != first


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("no-model-fn", "x = 1", "Please provide a model_fn"),
        ("raises", "def model_fn(folder): raise OSError('no weights')", "OSError: no weights"),
        ("syntax", "def (", "SyntaxError"),
        ("exits", "import sys; sys.exit(4)", "did not pass the ping health check"),
    ],
)
def test_a_container_that_does_not_come_up(sm: Any, name: str, script: str, reason: str) -> None:
    said = make_endpoint(sm, name, script)
    assert said["EndpointStatus"] == "Failed"
    assert reason in said["FailureReason"]
    assert len(said["FailureReason"]) <= 1024
    with pytest.raises(ServiceError, match="not found"):
        invoke(sm, name, b"[]")
    with pytest.raises(ServiceError, match="delete it"):
        sm("UpdateEndpoint", EndpointName=name, EndpointConfigName=name)
    sm("DeleteEndpoint", EndpointName=name)


def test_update_moves_traffic_without_a_failed_request(sm: Any) -> None:
    for name in ("blue", "green"):
        make_model(
            sm,
            name,
            f"def model_fn(folder): return '{name}'\ndef input_fn(*_): return None\n"
            "def predict_fn(_, model): return model\n",
        )
        make_config(sm, name, (name, 1))
    sm("CreateEndpoint", EndpointName="colours", EndpointConfigName="blue")
    sm.settled("colours")
    old, answers, errors, done = pid_of(sm, "colours"), [], [], threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                answers.append(json.loads(invoke(sm, "colours", b"x", "text/plain")["Body"]))
            except ServiceError as error:
                errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    sm.wait_for(lambda: len(answers) > 20)
    sm("UpdateEndpoint", EndpointName="colours", EndpointConfigName="green")
    said = sm("DescribeEndpoint", EndpointName="colours")
    if said["EndpointStatus"] == "Updating":
        assert said["EndpointConfigName"] == "blue"
        assert said["PendingDeploymentSummary"]["EndpointConfigName"] == "green"
    said = sm.settled("colours")
    sm.wait_for(lambda: answers[-1] == "green")
    done.set()
    for thread in threads:
        thread.join()
    assert (said["EndpointStatus"], said["EndpointConfigName"]) == ("InService", "green")
    assert not errors
    first_green = answers.index("green")
    assert set(answers[:first_green]) == {"blue"}
    sm.wait_for(lambda: not Path(f"/proc/{old}").exists())


def test_a_bad_update_leaves_the_old_fleet(sm: Any) -> None:
    make_endpoint(sm, "careful", ECHO)
    make_model(sm, "broken", "raise RuntimeError('broken on purpose')")
    make_config(sm, "broken", ("broken", 1))
    pid = pid_of(sm, "careful")
    sm("UpdateEndpoint", EndpointName="careful", EndpointConfigName="broken")
    said = sm.settled("careful")
    assert (said["EndpointStatus"], said["EndpointConfigName"]) == ("InService", "careful")
    assert "broken on purpose" in said["FailureReason"]
    assert json.loads(invoke(sm, "careful", b"1")["Body"])["pid"] == pid
    sm("UpdateEndpoint", EndpointName="careful", EndpointConfigName="careful")
    assert "FailureReason" not in sm.settled("careful")


def test_weighted_variants(sm: Any) -> None:
    for name in ("heavy", "light"):
        make_model(sm, name, ECHO)
    make_config(sm, "weighted", ("heavy", 3), ("light", 1))
    sm("CreateEndpoint", EndpointName="weighted", EndpointConfigName="weighted")
    sm.settled("weighted")
    seen = Counter(invoke(sm, "weighted", b"1")["InvokedProductionVariant"] for _ in range(200))
    assert seen["v-heavy"] > seen["v-light"] > 10
    assert invoke(sm, "weighted", b"1", TargetVariant="v-light")["InvokedProductionVariant"] == "v-light"
    sm(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName="weighted",
        DesiredWeightsAndCapacities=[{"VariantName": "v-heavy", "DesiredWeight": 0.0}],
    )
    assert {invoke(sm, "weighted", b"1")["InvokedProductionVariant"] for _ in range(20)} == {"v-light"}


@pytest.mark.parametrize(
    ("fields", "weight", "count"),
    [
        ({}, 3.0, 1),
        ({"RetainAllVariantProperties": True}, 7.0, 5),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            },
            3.0,
            5,
        ),
        ({"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}]}, 3.0, 1),
    ],
    ids=["nothing", "all", "all but the weight", "nothing to leave out of"],
)
def test_what_an_update_keeps_of_the_variants(sm: Any, fields: dict[str, Any], weight: float, count: int) -> None:
    name = f"kept-{weight:g}-{count}-{len(fields)}"
    make_model(sm, name, ECHO)
    for config in (f"{name}-1", f"{name}-2"):
        make_config(sm, config, (name, 3))
    sm("CreateEndpoint", EndpointName=name, EndpointConfigName=f"{name}-1")
    sm.settled(name)
    wanted = {"VariantName": f"v-{name}", "DesiredWeight": 7.0, "DesiredInstanceCount": 5}
    sm("UpdateEndpointWeightsAndCapacities", EndpointName=name, DesiredWeightsAndCapacities=[wanted])
    sm("UpdateEndpoint", EndpointName=name, EndpointConfigName=f"{name}-2", **fields)
    said = sm.settled(name)
    [variant] = said["ProductionVariants"]
    assert said["EndpointConfigName"] == f"{name}-2"
    assert (variant["CurrentWeight"], variant["DesiredWeight"]) == (weight, weight)
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (count, count)


def test_a_serverless_variant_has_no_instances(sm: Any) -> None:
    """What an update keeps of a variant with instances is not given to one without."""
    make_model(sm, "server-less", ECHO)
    make_config(sm, "server-ful", ("server-less", 3))
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variant = {"VariantName": "v-server-less", "ModelName": "server-less", "ServerlessConfig": serverless}
    sm("CreateEndpointConfig", EndpointConfigName="server-less", ProductionVariants=[variant])
    sm("CreateEndpoint", EndpointName="server-less", EndpointConfigName="server-ful")
    sm.settled("server-less")
    sm(
        "UpdateEndpoint",
        EndpointName="server-less",
        EndpointConfigName="server-less",
        RetainAllVariantProperties=True,
    )
    [said] = sm.settled("server-less")["ProductionVariants"]
    assert (said["CurrentServerlessConfig"], said["DesiredServerlessConfig"]) == (serverless, serverless)
    assert said["CurrentWeight"] == 3.0
    assert not {"CurrentInstanceCount", "DesiredInstanceCount"} & set(said)
    wanted = {"VariantName": "v-server-less", "DesiredInstanceCount": 2}
    with pytest.raises(ServiceError, match="v-server-less is serverless: it has no instances to count"):
        sm(
            "UpdateEndpointWeightsAndCapacities",
            EndpointName="server-less",
            DesiredWeightsAndCapacities=[wanted],
        )
    sm("UpdateEndpoint", EndpointName="server-less", EndpointConfigName="server-ful", RetainAllVariantProperties=True)
    [said] = sm.settled("server-less")["ProductionVariants"]
    assert said["CurrentInstanceCount"] == 1


def test_many_models(sm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaded on first use, the one used longest ago unloaded, each its own."""
    from stepfunctions.local.sagemaker import fleet

    monkeypatch.setattr(fleet, "_MOST_MODELS", 2)
    script = (
        "import pathlib\ndef model_fn(folder):\n    text = (pathlib.Path(folder) / 'w').read_text()\n"
        "    if text == 'bad': raise ValueError('bad weights')\n"
        "    print('loaded', text, flush=True)\n    return text\n"
        "def input_fn(*_): return None\ndef predict_fn(_, model): return model\n"
    )
    sm.put("many/code.tar.gz", sm.archive({"serve.py": script}))
    for name in ("a", "b", "deep/c", "bad"):
        sm.put(f"many/models/{name}.tar.gz", sm.archive({"w": name}))
    sm(
        "CreateModel",
        ModelName="many",
        ExecutionRoleArn=sm.role,
        PrimaryContainer={
            "Image": sm.image,
            "Mode": "MultiModel",
            "ModelDataUrl": "s3://bucket/many/models/",
            "Environment": {
                "SAGEMAKER_PROGRAM": "serve.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/many/code.tar.gz",
            },
        },
    )
    make_config(sm, "many", ("many", 1))
    sm("CreateEndpoint", EndpointName="many", EndpointConfigName="many")
    assert sm.settled("many")["EndpointStatus"] == "InService"

    def ask(name: str) -> Any:
        return json.loads(invoke(sm, "many", b"1", TargetModel=f"{name}.tar.gz")["Body"])

    assert [ask(name) for name in ("a", "b", "a", "deep/c", "a", "b")] == ["a", "b", "a", "deep/c", "a", "b"]
    [log] = (sm.cloud.data_dir / "endpoints" / "many").rglob("stdout.log")
    assert log.read_text().split() == ["loaded", "a", "loaded", "b", "loaded", "deep/c", "loaded", "b"]
    with pytest.raises(ServiceError, match=r"Failed to download model data.*models/none\.tar\.gz") as caught:
        ask("none")
    assert caught.value.code == "ValidationError"
    with pytest.raises(ServiceError, match="ValueError: bad weights"):
        ask("bad")
    with pytest.raises(ServiceError, match="TargetModel must be given"):
        invoke(sm, "many", b"1")


def test_delete(sm: Any) -> None:
    make_endpoint(sm, "gone", ECHO)
    pid = pid_of(sm, "gone")
    with pytest.raises(ServiceError, match='endpoint "gone" uses it'):
        sm("DeleteEndpointConfig", EndpointConfigName="gone")
    sm("DeleteEndpoint", EndpointName="gone")
    sm.wait_for(lambda: not any(one["EndpointName"] == "gone" for one in sm("ListEndpoints")["Endpoints"]))
    sm.wait_for(lambda: not Path(f"/proc/{pid}").exists())
    sm("DeleteEndpointConfig", EndpointConfigName="gone")
    sm("DeleteModel", ModelName="gone")
    for operation, name in (
        ("DescribeEndpoint", "EndpointName"),
        ("DescribeEndpointConfig", "EndpointConfigName"),
        ("DescribeModel", "ModelName"),
        ("DeleteEndpoint", "EndpointName"),
        ("DeleteModel", "ModelName"),
        ("DeleteEndpointConfig", "EndpointConfigName"),
    ):
        with pytest.raises(ServiceError, match="Could not find") as caught:
            sm(operation, **{name: "gone"})
        assert caught.value.code == "ValidationException"


def test_names_are_used_once_but_a_repeated_call_is_the_same(line: Any) -> None:
    model = {
        "ModelName": "twice",
        "ExecutionRoleArn": line.role,
        "PrimaryContainer": {
            "Image": line.image,
            "ModelDataUrl": "s3://bucket/out/line/output/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/code.tar.gz",
            },
        },
    }
    config = {
        "EndpointConfigName": "twice",
        "ProductionVariants": [
            {"VariantName": "v", "ModelName": "twice", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        ],
    }
    endpoint = {"EndpointName": "twice", "EndpointConfigName": "twice"}
    for operation, request in (("CreateModel", model), ("CreateEndpointConfig", config), ("CreateEndpoint", endpoint)):
        first = line(operation, token="t", **request)
        assert line(operation, token="t", **request) == first
        with pytest.raises(ServiceError, match="Cannot create already existing"):
            line(operation, token="u", **request)
    line.settled("twice")
    line("UpdateEndpoint", token="w", **endpoint)
    line("UpdateEndpoint", token="w", **endpoint)
    assert line.settled("twice")["EndpointStatus"] == "InService"


CONTAINERS: dict[str, tuple[dict[str, Any], str]] = {
    "image": ({"Image": "forest:1"}, "no local runtime"),
    "no image": ({"ModelDataUrl": "s3://bucket/x"}, "Image is required"),
    "no data": ({"Image": "IMAGE", "ModelDataUrl": "s3://bucket/none.tar.gz"}, "Could not find model data"),
    "prefix": ({"Image": "IMAGE", "Mode": "MultiModel", "ModelDataUrl": "s3://bucket/out"}, "must end with '/'"),
    "package": ({"Image": "IMAGE", "ModelPackageName": "p"}, "ModelPackage p does not exist"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_models_refused(sm: Any, name: str) -> None:
    container, message = CONTAINERS[name]
    container = {key: sm.image if value == "IMAGE" else value for key, value in container.items()}
    with pytest.raises(ServiceError, match=message):
        sm("CreateModel", ModelName="refused", ExecutionRoleArn=sm.role, PrimaryContainer=container)


def test_configs_and_deployments_refused(line: Any) -> None:
    variant = {"VariantName": "v", "ModelName": "line-1", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}

    def config(message: str, variants: list[dict[str, Any]], **fields: Any) -> None:
        with pytest.raises(ServiceError, match=message):
            line("CreateEndpointConfig", EndpointConfigName="refused", ProductionVariants=variants, **fields)

    config("Could not find model", [{**variant, "ModelName": "none"}])
    config("must be unique", [variant, variant])
    config(
        "DestinationS3Uri: the bucket",
        [variant],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 1,
            "DestinationS3Uri": "s3://b/",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    )
    config("ShadowProductionVariants is not supported", [variant], ShadowProductionVariants=[variant])
    with pytest.raises(ServiceError, match="Could not find endpoint configuration"):
        line("CreateEndpoint", EndpointName="refused", EndpointConfigName="none")
    assert line("DescribeEndpoint", EndpointName="line-1")["EndpointStatus"] == "InService"


def test_lists(line: Any) -> None:
    found = line("ListEndpoints", NameContains="line", StatusEquals="InService")["Endpoints"]
    assert [one["EndpointName"] for one in found] == ["line-1"]
    assert line("ListModels", NameContains="line-1")["Models"][0]["ModelName"] == "line-1"
    assert line("ListEndpointConfigs", NameContains="line-1")["EndpointConfigs"][0]["EndpointConfigName"] == "line-1"
