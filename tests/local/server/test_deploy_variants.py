"""What stands behind an endpoint that is deployed: several variants, many models; under load, and with few rights."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from tests.local.server.conftest import COMMAND
from tests.local.server.test_deploy_model import WAIT, Pipeline, step_by_step
from tests.local.server.test_shifting import IMAGE, Endpoints, within

from stepfunctions.deploy.policy import policy_of
from stepfunctions.mlops import AllAtOnce, Canary, Instances, Linear, QuietAlarms, Rolling, SmokeTest
from stepfunctions.steps import ProductionVariant
from stepfunctions.steps.strategies import Strategy
from stepfunctions.testing import LocalCloud

pytestmark = pytest.mark.local

ONE_OF_MANY = """
import pathlib
def model_fn(folder): return pathlib.Path(folder, "name").read_text()
def input_fn(body, content_type): return body
def predict_fn(body, model): return model
"""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    with LocalCloud(clock="jump") as cloud:
        yield Endpoints(cloud)


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_a_new_model_beside_the_one_that_stays(endpoints: Endpoints) -> None:
    """A variant that names its model keeps it; the traffic is divided by the weights."""
    for name in ("champion", "challenger"):
        endpoints.config(name)
    fleet: Any = {"instance_type": "ml.m5.large", "initial_instance_count": 2}
    variants = [
        ProductionVariant(model_name="champion", variant_name="Champion", initial_variant_weight=3, **fleet),
        ProductionVariant(variant_name="Challenger", initial_variant_weight=1, **fleet),
    ]
    given: dict[str, Any] = {"variants": variants, "instance_type": None, "initial_instance_count": None}
    pipeline = Pipeline(endpoints, "several", **given)
    for strategy in (None, Canary(50, 120)):
        told = pipeline.deploy("challenger", strategy=strategy)
        said = endpoints.sagemaker.describe_endpoint(EndpointName="several")
        assert said["EndpointConfigName"] == told["EndpointConfigName"]
        config = endpoints.sagemaker.describe_endpoint_config(EndpointConfigName=told["EndpointConfigName"])
        assert {one["VariantName"]: one["ModelName"] for one in config["ProductionVariants"]} == {
            "Champion": "champion",
            "Challenger": told["ModelName"],
        }
        answers = endpoints.load("several", 400)
        assert answers.total() == answers["champion"] + answers["challenger"]
        assert within(answers["challenger"], 400, 0.25), answers


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_many_models_behind_one_endpoint(endpoints: Endpoints, language: str) -> None:
    """A release of many models is proved by asking one of them; a release without it is put back."""
    name = f"many-{language.lower()}"
    code = archive(**{"inference.py": ONE_OF_MANY})
    endpoints.s3.put_object(Bucket="models", Key="code.tar.gz", Body=code)
    for release, models in (("1", "ab"), ("2", "abc"), ("3", "c")):
        for model in models:
            key = f"{name}/{release}/{model}.tar.gz"
            endpoints.s3.put_object(Bucket="models", Key=key, Body=archive(name=f"{model}{release}"))

    pipeline = Pipeline(endpoints, name, language, strategy=Linear(Instances(2), 60))

    def ask(model: str) -> str:
        answer = endpoints.clients[0].invoke_endpoint(
            EndpointName=name, Body=b"x", ContentType="text/plain", TargetModel=f"{model}.tar.gz"
        )
        return str(json.loads(answer["Body"].read()))

    def deploy(release: str) -> dict[str, Any]:
        container = {
            "Image": IMAGE,
            "Mode": "MultiModel",
            "ModelDataUrl": f"s3://models/{name}/{release}/",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "s3://models/code.tar.gz",
            },
        }
        check = SmokeTest(body="x", expect=f"a{release}", content_type="text/plain", target_model="a.tar.gz")
        return pipeline.deploy(container, checks=[check])

    assert "EndpointConfigName" in deploy("1")
    assert [ask(model) for model in "ab"] == ["a1", "b1"]
    assert "EndpointConfigName" in deploy("2")
    assert [ask(model) for model in "abc"] == ["a2", "b2", "c2"]
    told = deploy("3")
    assert told["Error"] == "DeployModel.CheckFailed"
    assert "a.tar.gz" in told["Cause"]
    assert [ask(model) for model in "abc"] == ["a2", "b2", "c2"]


SHARES: dict[str, tuple[Strategy, list[float]]] = {
    "all-at-once": (AllAtOnce(termination_wait=600), [1.0]),
    "canary": (Canary(25, 600, termination_wait=600), [0.25, 1.0]),
    "linear": (Linear(Instances(2), 600, termination_wait=600), [0.5, 1.0]),
    "rolling": (Rolling(50, 600), [0.5, 1.0]),
}


@pytest.mark.heavy
@pytest.mark.timeout(600)
@pytest.mark.parametrize("strategy", SHARES)
def test_under_load_no_request_fails(endpoints: Endpoints, strategy: str) -> None:
    """2,000 requests a stage, the clock held meanwhile, and the pipeline's state says that it served."""
    given, shares = SHARES[strategy]
    old, new = f"{strategy}-old", f"{strategy}-new"
    for name in (old, new):
        endpoints.config(name)
    pipeline = Pipeline(endpoints, f"load-{strategy}", strategy=given)
    pipeline.deploy(old)
    endpoints.cloud.clock.hold()
    try:
        execution = pipeline.begin(new)
        for share in shares:
            text = f"{share:.0%} of the traffic goes to the new fleet"
            endpoints.until(lambda text=text: endpoints.message(pipeline.endpoint) == text or step_by_step(endpoints))  # type: ignore[misc]
            answers = endpoints.load(pipeline.endpoint, 2_000)
            assert answers.total() == answers[old] + answers[new] == 2_000, answers
            assert within(answers[new], 2_000, share), (share, answers)
    finally:
        endpoints.cloud.clock.hold(False)
    assert execution.get_output(wait=True, timeout=WAIT)["EndpointName"] == pipeline.endpoint
    assert endpoints.load(pipeline.endpoint, 40) == {new: 40}


def role(iam: Any, name: str, service: str, policy: dict[str, Any]) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))


def test_its_least_rights_are_enough() -> None:
    """The policy that is derived from the definition lets it create, shift, watch alarms, prove and put back."""
    with LocalCloud(clock="jump", options=("--iam", "enforce")) as cloud:
        endpoints = Endpoints(cloud)
        for name in ("one", "two"):
            endpoints.config(name)
        endpoints.alarm("quiet", "guarded", "Invocation5XXErrors", 0.02)
        check = SmokeTest(body="x", content_type="text/plain", expect="one")
        given: dict[str, Any] = {"strategy": Canary(50, 60), "alarms": ["quiet"], "clean_up": True}
        pipeline = Pipeline(endpoints, "guarded", checks=[QuietAlarms(["quiet"], 60), check], **given)
        document = policy_of(pipeline.flow("one").definition.to_dict()).document(
            partition="aws", region="us-east-1", account="123456789012"
        )
        iam = cloud.client("iam")
        role(iam, "workflow", "states", document)
        read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
        role(iam, "sagemaker", "sagemaker", {"Version": "2012-10-17", "Statement": [read]})
        assert pipeline.deploy("one")["EndpointName"] == "guarded"
        assert pipeline.deploy("one", data_capture_config=None)["EndpointName"] == "guarded"
        told = pipeline.deploy("two")
        assert told["Error"] == "DeployModel.CheckFailed"
        assert endpoints.ask("guarded") == "one"
        missing = subprocess.run(
            [*COMMAND, "iam", "--data-dir", str(cloud.data_dir)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert missing.returncode == 0, missing.stdout
