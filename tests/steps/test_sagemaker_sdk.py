"""Objects of the SageMaker SDK 2: read by their attributes, and never changed.

The SDK is no dependency of the tests: the classes here have the attributes that its own have, as
``estimator.Estimator`` and ``model.Model`` of release 2.257 do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, Graph, ModelStep, TrainingStep

ROLE = "arn:aws:iam::123456789012:role/train"


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@dataclass
class Session:
    def default_bucket(self) -> str:
        return "sagemaker-us-east-1-123456789012"

    def expand_role(self, role: str) -> str:
        return f"arn:aws:iam::123456789012:role/{role}"


@dataclass
class Hook:
    path: str

    def _to_request_dict(self) -> dict[str, Any]:
        return {"S3OutputPath": self.path}


@dataclass
class Rule:
    name: str

    def to_debugger_rule_config_dict(self) -> dict[str, Any]:
        return {"RuleConfigurationName": self.name}


@dataclass
class Model:
    image_uri: str
    role: str
    model_data: Any = None
    name: Any = None
    env: Any = None

    def prepare_container_def(self, instance_type: str | None) -> dict[str, Any]:
        raise AssertionError("a plain Model is read, not asked")


@dataclass
class FrameworkModel(Model):
    def prepare_container_def(self, instance_type: str | None) -> dict[str, Any]:
        return {"Image": f"{self.image_uri}-{instance_type}", "ModelDataUrl": self.model_data, "Environment": {}}


@dataclass
class Estimator:
    image: str = "image"
    role: str = ROLE
    instance_count: int = 1
    instance_type: str = "ml.m5.large"
    output_path: str | None = "s3://bucket/out"
    volume_size: int = 30
    volume_kms_key: str | None = None
    keep_alive_period_in_seconds: int | None = None
    max_run: int = 86400
    max_wait: int | None = None
    use_spot_instances: bool = False
    input_mode: str | None = None
    output_kms_key: str | None = None
    subnets: list[str] | None = None
    security_group_ids: list[str] | None = None
    environment: dict[str, str] | None = None
    tags: Any = None
    checkpoint_s3_uri: str | None = None
    checkpoint_local_path: str | None = None
    metric_definitions: Any = None
    debugger_hook_config: Any = None
    rules: list[Rule] | None = None
    encrypt_inter_container_traffic: bool = False
    entry_point: str | None = None
    source_dir: str | None = None
    sagemaker_session: Session = field(default_factory=Session)
    _hyperparameters: dict[str, Any] = field(default_factory=dict)
    debugger_rules: Any = None

    def training_image_uri(self) -> str:
        return self.image

    def hyperparameters(self) -> dict[str, Any]:
        return self._hyperparameters

    def enable_network_isolation(self) -> bool:
        return False

    def _prepare_for_training(self, job_name: str | None = None) -> None:
        self._current_job_name = job_name or "made-up-2026-01-31"
        if self.debugger_hook_config is None:
            assert self.output_path is not None
            self.debugger_hook_config = Hook(self.output_path)
        self.debugger_rules = self.rules
        if self.entry_point:
            self._hyperparameters.update(
                sagemaker_program=f'"{os.path.basename(self.entry_point)}"',
                sagemaker_submit_directory=f'"{self.source_dir}"',
                sagemaker_job_name=f'"{self._current_job_name}"',
            )

    def create_model(self) -> Model:
        assert self.output_path is not None
        return Model(self.image, self.role, os.path.join(self.output_path, self._current_job_name))


@dataclass
class TrainingInput:
    config: dict[str, Any]


@dataclass
class RecordSet:
    channel: str
    feature_dim: int = 7

    def data_channel(self) -> dict[str, TrainingInput]:
        return {self.channel: TrainingInput({"DataSource": {"S3DataSource": {"S3Uri": f"s3://b/{self.channel}"}}})}


@dataclass
class Algorithm(Estimator):
    """An algorithm of Amazon's: it takes RecordSets and learns their width from them."""

    repo_name: str = "pca"

    def _prepare_for_training(  # type: ignore[override]
        self,
        records: Any,
        mini_batch_size: int | None = None,
        job_name: str | None = None,
    ) -> None:
        first = records[0] if isinstance(records, list) else records
        self._hyperparameters["feature_dim"] = first.feature_dim
        super()._prepare_for_training(job_name)


def request(*arguments: Any, **fields: Any) -> dict[str, Any]:
    parameters = TrainingStep("train", *arguments, **fields).to_dict()["Parameters"]
    assert isinstance(parameters, dict)
    return parameters


def test_a_plain_estimator() -> None:
    estimator = Estimator(_hyperparameters={"depth": 3, "name": "x"}, tags=[{"key": "a", "Value": "b"}])
    before = dict(vars(estimator))
    assert request(estimator, "job", data="s3://bucket/train", hyperparameters={"name": "y"}) == {
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
        "RoleArn": ROLE,
        "HyperParameters": {"depth": "3", "name": "y"},
        "DebugHookConfig": {"S3OutputPath": "s3://bucket/out"},
        "Tags": [{"Key": "a", "Value": "b"}],
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataDistributionType": "FullyReplicated",
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://bucket/train",
                    }
                },
            }
        ],
        "TrainingJobName": "job",
    }
    assert vars(estimator) == before


def test_every_optional_field_of_an_estimator() -> None:
    written = request(
        Estimator(
            volume_kms_key="v",
            keep_alive_period_in_seconds=60,
            use_spot_instances=True,
            max_wait=90000,
            output_kms_key="k",
            subnets=["s"],
            security_group_ids=["g"],
            environment={"A": "b"},
            metric_definitions=[{"Name": "mae", "Regex": "x"}],
            checkpoint_s3_uri="s3://b/c",
            checkpoint_local_path="/c",
            debugger_hook_config=False,
            rules=[Rule("r")],
            encrypt_inter_container_traffic=True,
        ),
        "job",
    )
    assert "DebugHookConfig" not in written
    assert written["DebugRuleConfigurations"] == [{"RuleConfigurationName": "r"}]
    assert (
        written["ResourceConfig"] | {"VolumeKmsKeyId": "v", "KeepAlivePeriodInSeconds": 60} == written["ResourceConfig"]
    )
    assert written["StoppingCondition"]["MaxWaitTimeInSeconds"] == 90000
    assert written["OutputDataConfig"]["KmsKeyId"] == "k"
    assert written["VpcConfig"] == {"Subnets": ["s"], "SecurityGroupIds": ["g"]}
    assert written["CheckpointConfig"] == {"S3Uri": "s3://b/c", "LocalPath": "/c"}
    assert written["EnableManagedSpotTraining"] is written["EnableInterContainerTrafficEncryption"] is True


def test_bucket_and_role_are_found_as_the_sdk_does() -> None:
    written = request(Estimator(output_path=None, role="train"), "job")
    assert written["OutputDataConfig"] == {"S3OutputPath": "s3://sagemaker-us-east-1-123456789012/"}
    assert written["RoleArn"] == ROLE


def test_a_frameworks_estimator_says_where_its_code_is() -> None:
    estimator = Estimator(entry_point="src/train.py", source_dir="s3://b/code.tar.gz", _hyperparameters={"depth": "3"})
    assert request(estimator, "job")["HyperParameters"] == {
        "depth": "3",
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"s3://b/code.tar.gz"',
        "sagemaker_job_name": '"job"',
    }
    named_later = request(estimator, ExecutionInput()["job"])
    assert "sagemaker_job_name" not in named_later["HyperParameters"]
    assert estimator._hyperparameters == {"depth": "3"}


@pytest.mark.parametrize(
    ("data", "channels"),
    [
        (TrainingInput({"ContentType": "text/csv"}), ["training"]),
        ({"train": TrainingInput({}), "test": "s3://b/test"}, ["train", "test"]),
        (RecordSet("train"), ["train"]),
        ([RecordSet("train"), RecordSet("test")], ["train", "test"]),
        ([{"ChannelName": "x", "DataSource": {}}], ["x"]),
        (ExecutionInput()["data"], ["training"]),
    ],
)
def test_forms_of_data(data: Any, channels: list[str]) -> None:
    written = request(Algorithm(), "job", data=data, mini_batch_size=50)
    assert [channel["ChannelName"] for channel in written["InputDataConfig"]] == channels
    assert written["HyperParameters"]["mini_batch_size"] == "50"
    records = isinstance(data, RecordSet) or (isinstance(data, list) and isinstance(data[0], RecordSet))
    assert written["HyperParameters"].get("feature_dim") == ("7" if records else None)


def test_the_expected_model_is_the_estimators() -> None:
    train = TrainingStep("train", Estimator(environment={"A": "b"}), ExecutionInput()["job"])
    model = train.get_expected_model("mine")
    assert isinstance(model, Model)
    states = Graph(Chain([train, ModelStep("model", model)])).to_dict()["States"]
    assert states["model"]["Parameters"] == {
        "PrimaryContainer": {
            "Environment": {"A": "b"},
            "Image": "image",
            "ModelDataUrl.$": "$['ModelArtifacts']['S3ModelArtifacts']",
        },
        "ExecutionRoleArn": ROLE,
        "ModelName": "mine",
    }


def test_models() -> None:
    plain = ModelStep("m", Model("image", ROLE, "s3://b/m.tar.gz", name="own"), tags={"a": "b"}).to_dict()
    assert plain["Parameters"] == {
        "PrimaryContainer": {"Environment": {}, "Image": "image", "ModelDataUrl": "s3://b/m.tar.gz"},
        "ExecutionRoleArn": ROLE,
        "ModelName": "own",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    framework = ModelStep(
        "m", FrameworkModel("image", ROLE, "s3://b/m"), model_name="given", instance_type="ml.c5.large"
    )
    assert framework.to_dict()["Parameters"] == {
        "PrimaryContainer": {"Image": "image-ml.c5.large", "ModelDataUrl": "s3://b/m", "Environment": {}},
        "ExecutionRoleArn": ROLE,
        "ModelName": "given",
    }
