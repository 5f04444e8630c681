"""The same things made with either line of the SageMaker SDK, so that the same tests run with both.

Line 3 asks AWS when some of its objects are made: only then is a call of AWS answered here.
"""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import pytest

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # line 3 makes a client when it is imported

ROLE = "arn:aws:iam::123456789012:role/train"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"
OUTPUT = "s3://bucket/out"
RANGES: dict[str, Any] = {"depth": (1, 9), "rate": (0.1, 0.5), "kind": ["a", "b"]}
METRICS = [{"Name": "mae", "Regex": "mae=(.*)"}]


class Line(Protocol):
    """What the tests make with a line of the SDK."""

    number: int

    def trains(self, **more: Any) -> Any:
        """An Estimator or ModelTrainer with an image, a role, an output path and hyperparameters."""

    def trains_everything(self) -> Any:
        """One with a value for every field that both lines have."""

    def trains_without_output(self) -> Any: ...

    def trains_with_role(self, role: str) -> Any: ...

    def trains_local_code(self, folder: str) -> Any:
        """One whose entry point ``train.py`` is in a folder of this machine."""

    def channel(self, name: str, uri: str, content_type: str) -> Any:
        """An input channel with a content type, in the form in which ``data`` takes one channel or several."""

    def tuner(self, **more: Any) -> Any: ...

    def tuner_of_several(self) -> Any:
        """One of two estimators, ``a`` and ``b``."""

    def processor(self, **more: Any) -> Any: ...

    def script_processor(self) -> Any: ...

    def processing_input(self, uri: Any, path: str) -> Any: ...

    def processing_output(self, uri: Any, path: str) -> Any: ...

    def network(self) -> Any: ...

    def transformer(self, **more: Any) -> Any: ...

    def model(self, **more: Any) -> Any:
        """A model of an image, an artefact and an environment."""

    def capture(self) -> Any: ...


@functools.cache
def _session_of_line_2() -> Any:
    import boto3

    import sagemaker

    return sagemaker.Session(boto3.Session("test", "test", region_name="us-east-1"))


class Line2:
    """Objects of ``sagemaker`` 2."""

    number = 2

    def __init__(self, making: Callable[[Callable[[], Any]], Any]) -> None:
        self.making = making
        self.session = _session_of_line_2()

    def trains(self, **more: Any) -> Any:
        from sagemaker.estimator import Estimator

        given = {
            "image_uri": IMAGE,
            "role": ROLE,
            "instance_count": 1,
            "instance_type": "ml.m5.large",
            "output_path": OUTPUT,
            "hyperparameters": {"depth": 3, "name": "x"},
            "sagemaker_session": self.session,
        }
        return Estimator(**{**given, **more})

    def trains_everything(self) -> Any:
        return self.trains(
            environment={"A": "b"},
            volume_kms_key="volume-key",
            output_kms_key="output-key",
            keep_alive_period_in_seconds=600,
            use_spot_instances=True,
            max_run=3600,
            max_wait=7200,
            max_retry_attempts=2,
            checkpoint_s3_uri="s3://bucket/checkpoints",
            checkpoint_local_path="/opt/checkpoints",
            subnets=["subnet-1"],
            security_group_ids=["sg-1"],
            encrypt_inter_container_traffic=True,
            enable_network_isolation=True,
            metric_definitions=METRICS,
            tags=[{"Key": "of", "Value": "the estimator"}],
        )

    def trains_without_output(self) -> Any:
        return self.trains(output_path=None)

    def trains_with_role(self, role: str) -> Any:
        return self.trains(role=role)

    def trains_local_code(self, folder: str) -> Any:
        return self.trains(entry_point="train.py", source_dir=folder)

    def channel(self, name: str, uri: str, content_type: str) -> Any:
        from sagemaker.inputs import TrainingInput

        return {name: TrainingInput(uri, content_type=content_type)}

    def _ranges(self) -> Mapping[str, Any]:
        from sagemaker.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter

        return _made(IntegerParameter, ContinuousParameter, CategoricalParameter)

    def tuner(self, **more: Any) -> Any:
        from sagemaker.tuner import HyperparameterTuner

        return HyperparameterTuner(self.trains(), "mae", self._ranges(), METRICS, **{**_tuning(), **more})

    def tuner_of_several(self) -> Any:
        from sagemaker.tuner import HyperparameterTuner

        return HyperparameterTuner.create(
            {"b": self.trains(), "a": self.trains(hyperparameters={})},
            {"a": "mae", "b": "mae"},
            {"a": self._ranges(), "b": self._ranges()},
            metric_definitions_dict={"a": METRICS, "b": METRICS},
            **_tuning(),
        )

    def processor(self, **more: Any) -> Any:
        from sagemaker.processing import Processor

        return Processor(**{**_processor(), "sagemaker_session": self.session, **more})

    def script_processor(self) -> Any:
        from sagemaker.processing import ScriptProcessor

        return ScriptProcessor(command=["python3"], sagemaker_session=self.session, **_processor())

    def processing_input(self, uri: Any, path: str) -> Any:
        from sagemaker.processing import ProcessingInput

        return ProcessingInput(source=uri, destination=path)

    def processing_output(self, uri: Any, path: str) -> Any:
        from sagemaker.processing import ProcessingOutput

        return ProcessingOutput(source=path, destination=uri)

    def network(self) -> Any:
        from sagemaker.network import NetworkConfig

        return NetworkConfig(True, security_group_ids=["sg-1"], subnets=["subnet-1"])

    def transformer(self, **more: Any) -> Any:
        from sagemaker.transformer import Transformer

        return Transformer(**{**_transformer(), "sagemaker_session": self.session, **more})

    def model(self, **more: Any) -> Any:
        from sagemaker.model import Model

        given = {"image_uri": IMAGE, "model_data": "s3://b/model.tar.gz", "role": ROLE, "env": {"A": "b"}}
        return Model(**{**given, "sagemaker_session": self.session, **more})

    def capture(self) -> Any:
        from sagemaker.model_monitor import DataCaptureConfig

        return DataCaptureConfig(True, sampling_percentage=5, destination_s3_uri="s3://bucket/captured")


class Line3:
    """Objects of ``sagemaker`` 3."""

    number = 3

    def __init__(self, making: Callable[[Callable[[], Any]], Any]) -> None:
        self._making = making

    def trains(self, **more: Any) -> Any:
        from sagemaker.train import ModelTrainer
        from sagemaker.train.configs import Compute, OutputDataConfig

        given = {
            "training_image": IMAGE,
            "role": ROLE,
            "compute": Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=30),
            "output_data_config": OutputDataConfig(s3_output_path=OUTPUT),
            "hyperparameters": {"depth": 3, "name": "x"},
            "base_job_name": "base",
        }
        return self._making(lambda: ModelTrainer(**{**given, **more}))

    def trains_everything(self) -> Any:
        from sagemaker.core.shapes import Tag
        from sagemaker.train.configs import (
            CheckpointConfig,
            Compute,
            MetricDefinition,
            Networking,
            OutputDataConfig,
            RetryStrategy,
            StoppingCondition,
        )

        trainer = self.trains(
            environment={"A": "b"},
            compute=Compute(
                instance_type="ml.m5.large",
                instance_count=1,
                volume_size_in_gb=30,
                volume_kms_key_id="volume-key",
                keep_alive_period_in_seconds=600,
                enable_managed_spot_training=True,
            ),
            output_data_config=OutputDataConfig(s3_output_path=OUTPUT, kms_key_id="output-key"),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=3600, max_wait_time_in_seconds=7200),
            checkpoint_config=CheckpointConfig(s3_uri="s3://bucket/checkpoints", local_path="/opt/checkpoints"),
            networking=Networking(
                subnets=["subnet-1"],
                security_group_ids=["sg-1"],
                enable_network_isolation=True,
                enable_inter_container_traffic_encryption=True,
            ),
            tags=[Tag(key="of", value="the estimator")],
        )
        metrics = [MetricDefinition(name=metric["Name"], regex=metric["Regex"]) for metric in METRICS]
        return trainer.with_retry_strategy(RetryStrategy(maximum_retry_attempts=2)).with_metric_definitions(metrics)

    def trains_without_output(self) -> Any:
        trainer = self.trains()
        trainer.output_data_config = None
        return trainer

    def trains_with_role(self, role: str) -> Any:
        trainer = self.trains()  # asks AWS for the ARN of a role's name
        trainer.role = role
        return trainer

    def trains_local_code(self, folder: str) -> Any:
        from sagemaker.train.configs import SourceCode

        return self.trains(source_code=SourceCode(source_dir=folder, entry_script="train.py"))

    def channel(self, name: str, uri: str, content_type: str) -> Any:
        from sagemaker.train.configs import InputData

        return InputData(channel_name=name, data_source=uri, content_type=content_type)

    def _ranges(self) -> Mapping[str, Any]:
        from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter

        return _made(IntegerParameter, ContinuousParameter, CategoricalParameter)

    def tuner(self, **more: Any) -> Any:
        from sagemaker.train.tuner import HyperparameterTuner

        return HyperparameterTuner(self.trains(), "mae", self._ranges(), METRICS, **{**_tuning(), **more})

    def tuner_of_several(self) -> Any:
        from sagemaker.train.tuner import HyperparameterTuner

        return HyperparameterTuner.create(
            {"b": self.trains(), "a": self.trains(hyperparameters={})},
            {"a": "mae", "b": "mae"},
            {"a": self._ranges(), "b": self._ranges()},
            metric_definitions_dict={"a": METRICS, "b": METRICS},
            **_tuning(),
        )

    def processor(self, **more: Any) -> Any:
        from sagemaker.core.processing import Processor

        return Processor(**{**_processor(), **more})

    def script_processor(self) -> Any:
        from sagemaker.core.processing import ScriptProcessor

        return ScriptProcessor(command=["python3"], **_processor())

    def processing_input(self, uri: Any, path: str) -> Any:
        from sagemaker.core.shapes import ProcessingInput, ProcessingS3Input

        # A placeholder is no string, which line 3 insists on when it makes an object, but not on a plain dict.
        place = {"s3_data_type": "S3Prefix", "s3_input_mode": "File", "s3_data_distribution_type": "FullyReplicated"}
        if isinstance(uri, str):
            return ProcessingInput(
                input_name="input-1", s3_input=ProcessingS3Input(s3_uri=uri, local_path=path, **place)
            )
        members = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated"}
        return {"S3Input": {"S3Uri": uri, "LocalPath": path, **members}}

    def processing_output(self, uri: Any, path: str) -> Any:
        from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

        return ProcessingOutput(
            output_name="output-1",
            s3_output=ProcessingS3Output(s3_uri=uri, local_path=path, s3_upload_mode="EndOfJob"),
        )

    def network(self) -> Any:
        from sagemaker.core.network import NetworkConfig

        return NetworkConfig(True, security_group_ids=["sg-1"], subnets=["subnet-1"])

    def transformer(self, **more: Any) -> Any:
        from sagemaker.core.transformer import Transformer

        return Transformer(**{**_transformer(), **more})

    def model(self, **more: Any) -> Any:
        from sagemaker.serve import ModelBuilder

        names = {"model_data": "s3_model_data_url", "role": "role_arn", "env": "env_vars"}
        given = {"image_uri": IMAGE, "model_data": "s3://b/model.tar.gz", "role": ROLE, "env": {"A": "b"}, **more}
        name = given.pop("name", None)
        builder = ModelBuilder(**{names.get(key, key): value for key, value in given.items()})
        builder.model_name = name
        return builder

    def capture(self) -> Any:
        from sagemaker.core.model_monitor import DataCaptureConfig

        return DataCaptureConfig(True, sampling_percentage=5, destination_s3_uri="s3://bucket/captured")


def _made(integer: Any, continuous: Any, categorical: Any) -> dict[str, Any]:
    kinds = {"depth": integer, "rate": continuous, "kind": lambda *values: categorical(list(values))}
    return {name: kinds[name](*values) for name, values in RANGES.items()}


def _tuning() -> dict[str, Any]:
    return {"objective_type": "Minimize", "max_jobs": 8, "max_parallel_jobs": 2, "strategy": "Random"}


def _processor() -> dict[str, Any]:
    return {"role": ROLE, "image_uri": IMAGE, "instance_count": 1, "instance_type": "ml.m5.large"}


def _transformer() -> dict[str, Any]:
    return {"model_name": "m", "instance_count": 1, "instance_type": "ml.m5.large", "output_path": OUTPUT}


@pytest.fixture
def making(calls: Any) -> Callable[[Callable[[], Any]], Any]:
    """Make an object of the SDK, which may ask AWS meanwhile; nothing that is noted of it stays."""

    def make(thing: Callable[[], Any]) -> Any:
        calls.answers = _answer
        try:
            return thing()
        finally:
            calls.answers = None
            calls.clear()

    return make


def _answer(operation: str, parameters: Mapping[str, Any]) -> Any:
    answers: dict[str, Any] = {
        "GetCallerIdentity": {"Account": "123456789012", "Arn": ROLE},
        "GetRole": {"Role": {"Arn": ROLE}},
        "ListBuckets": {"Buckets": []},
    }
    return answers.get(operation, {})


@pytest.fixture
def line(request: pytest.FixtureRequest, making: Any) -> Iterator[Line]:
    """The line of the SDK that is installed here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the SDK says about itself
        yield _installed(making)


def _installed(making: Any) -> Line:
    import importlib.metadata

    return Line2(making) if importlib.metadata.version("sagemaker").startswith("2.") else Line3(making)


def pytest_ignore_collect(collection_path: Any) -> bool | None:
    """Leave out what is about the other line."""
    import importlib.metadata

    installed = importlib.metadata.version("sagemaker").partition(".")[0]
    other = {"2": "line_3", "3": "line_2"}[installed]
    return True if other in collection_path.name else None
