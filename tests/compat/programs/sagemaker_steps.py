"""SageMaker's jobs and models, made of objects of the SageMaker SDK 2."""

from __future__ import annotations

import boto3
from compat_tools import attempt, log
from sagemaker.debugger import DebuggerHookConfig, Rule, rule_configs
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import FrameworkModel, Model
from sagemaker.model_monitor import DataCaptureConfig
from sagemaker.network import NetworkConfig
from sagemaker.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.sklearn import SKLearn, SKLearnModel
from sagemaker.transformer import Transformer
from sagemaker.tuner import HyperparameterTuner

import sagemaker
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Catch,
    Chain,
    EndpointConfigStep,
    EndpointStep,
    Fail,
    Graph,
    ModelStep,
    ProcessingStep,
    Retry,
    TrainingStep,
    TransformStep,
    TuningStep,
)

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"


def _session():
    session = sagemaker.Session(boto_session=boto3.Session(region_name="us-east-1"))
    session._default_bucket = "default"  # known without asking a service
    return session


def _estimator(**fields):
    given = {
        "image_uri": _IMAGE,
        "role": ROLE,
        "instance_count": 1,
        "instance_type": "ml.m5.large",
        "output_path": "s3://bucket/models",
        "sagemaker_session": _session(),
        "hyperparameters": {"epochs": 3, "rate": "0.1", "deep": True},
    }
    return Estimator(**{**given, **fields})


def _sklearn(**fields):
    given = {
        "entry_point": "train.py",
        "source_dir": "s3://bucket/code/source.tar.gz",
        "framework_version": "1.2-1",
        "py_version": "py3",
        "role": ROLE,
        "instance_count": 1,
        "instance_type": "ml.m5.large",
        "output_path": "s3://bucket/models",
        "code_location": "s3://bucket/code",
        "sagemaker_session": _session(),
    }
    return SKLearn(**{**given, **fields})


def _rich_estimator():
    return _estimator(
        instance_count=2,
        instance_type="ml.p3.2xlarge",
        volume_size=100,
        volume_kms_key="volume-key",
        max_run=3600,
        input_mode="Pipe",
        output_kms_key="output-key",
        use_spot_instances=True,
        max_wait=7200,
        checkpoint_s3_uri="s3://bucket/checkpoints",
        checkpoint_local_path="/opt/checkpoints",
        subnets=["subnet-1", "subnet-2"],
        security_group_ids=["sg-1"],
        encrypt_inter_container_traffic=True,
        metric_definitions=[{"Name": "loss", "Regex": "loss=(.*)"}],
        tags=[{"Key": "of", "Value": "the estimator"}],
    )


def training():
    return TrainingStep("Train", estimator=_estimator(), job_name="job", data="s3://bucket/data")


def training_of_a_rich_estimator():
    return TrainingStep(
        "Train", _rich_estimator(), "job", data={"train": "s3://bucket/a", "validation": "s3://bucket/b"}
    )


def training_inputs():
    channel = TrainingInput(
        "s3://bucket/a",
        content_type="text/csv",
        compression="Gzip",
        distribution="ShardedByS3Key",
        s3_data_type="S3Prefix",
    )
    return [
        TrainingStep("Train", _estimator(), "job", data=channel),
        TrainingStep("Train", _estimator(), "job", data={"train": channel, "test": "s3://bucket/b"}),
        TrainingStep("Train", _estimator(), "job", data=None),
    ]


def training_with_placeholders():
    given = ExecutionInput(schema={"job": str, "data": str, "hyperparameters": dict, "out": str})
    return [
        TrainingStep("Train", _estimator(), given["job"], data=given["data"]),
        TrainingStep("Train", _estimator(), given["job"], data="s3://x/y", hyperparameters=given["hyperparameters"]),
        TrainingStep("Train", _estimator(), "job", data="s3://x/y", output_data_config_path=given["out"]),
    ]


def training_hyperparameters():
    with log() as seen:
        step = TrainingStep("Train", _estimator(), "job", data="s3://x/y", hyperparameters={"epochs": "5", "more": "1"})
    return [step, [entry[1] for entry in seen if "epochs" in entry[2]]]


def training_arguments():
    return TrainingStep(
        "Train",
        estimator=_estimator(),
        job_name="job",
        data="s3://bucket/data",
        experiment_config={"ExperimentName": "e", "TrialName": "t"},
        wait_for_completion=False,
        tags={"a": "b", "c": "d"},
        output_data_config_path="s3://bucket/elsewhere",
        comment="c",
        result_path="$.training",
        timeout_seconds=60,
        retry=Retry(error_equals=["SageMaker.AmazonSageMakerException"], interval_seconds=5),
        catch=Catch(Fail("f"), error_equals=["States.ALL"]),
    )


def training_with_tags_of_the_execution():
    return TrainingStep("Train", _estimator(), "job", data="s3://x/y", tags=ExecutionInput()["tags"])


def training_with_parameters_of_ones_own():
    return TrainingStep(
        "Train",
        _estimator(),
        "job",
        data="s3://x/y",
        parameters={
            "ResourceConfig": {"VolumeSizeInGB": 99, "InstanceCount": ExecutionInput()["count"]},
            "StoppingCondition": {"MaxRuntimeInSeconds": 5},
            "Environment": {"A": "b"},
        },
    )


def training_with_a_debugger():
    hook = DebuggerHookConfig(s3_output_path="s3://bucket/debug", hook_parameters={"save_interval": "5"})
    rule = Rule.sagemaker(rule_configs.vanishing_gradient())
    return [
        TrainingStep("Train", _estimator(debugger_hook_config=hook), "job", data="s3://x/y"),
        TrainingStep("Train", _estimator(debugger_hook_config=hook, rules=[rule]), "job", data="s3://x/y"),
        TrainingStep("Train", _estimator(debugger_hook_config=False), "job", data="s3://x/y"),
    ]


def training_of_a_framework():
    return TrainingStep("Train", _sklearn(hyperparameters={"alpha": 0.5}), "job", data={"train": "s3://x/y"})


def a_model_of_a_training():
    train = TrainingStep("Train", _estimator(), "job", data="s3://x/y")
    model = ModelStep("Model", model=train.get_expected_model(), model_name="the-model")
    named = ModelStep("Named", model=train.get_expected_model(model_name="named"))
    return Graph(Chain([train, model])), named


def a_model_of_a_framework():
    train = TrainingStep("Train", _sklearn(), "job", data="s3://x/y")
    return Graph(Chain([train, ModelStep("Model", train.get_expected_model(), "m", instance_type="ml.m5.large")]))


def models():
    model = Model(
        _IMAGE, model_data="s3://b/model.tar.gz", role=ROLE, env={"A": "b"}, name="n", sagemaker_session=_session()
    )
    bare = Model(_IMAGE, role=ROLE, sagemaker_session=_session())
    given = ExecutionInput()
    return [
        ModelStep("Model", model=model),
        ModelStep("Model", model, "other"),
        ModelStep("Model", model, model_name=given["name"], tags={"a": "b"}, comment="c"),
        ModelStep("Model", bare, "bare", tags=given["tags"]),
        ModelStep("Model", bare, "bare", parameters={"PrimaryContainer": {"Mode": "MultiModel"}}),
    ]


def models_of_frameworks():
    model = SKLearnModel(
        model_data="s3://b/model.tar.gz",
        role=ROLE,
        entry_point="serve.py",
        source_dir="s3://bucket/code/source.tar.gz",
        framework_version="1.2-1",
        py_version="py3",
        sagemaker_session=_session(),
    )
    return [isinstance(model, FrameworkModel), ModelStep("Model", model, "m", instance_type="ml.m5.large")]


def what_is_no_model():
    return [attempt(lambda value=value: ModelStep("Model", value)) for value in ("x", None, 5)]


def _transformer(**fields):
    given = {
        "model_name": "m",
        "instance_count": 1,
        "instance_type": "ml.m5.large",
        "output_path": "s3://bucket/out",
        "sagemaker_session": _session(),
    }
    return Transformer(**{**given, **fields})


def transforms():
    rich = _transformer(
        strategy="MultiRecord",
        assemble_with="Line",
        output_kms_key="key",
        accept="text/csv",
        max_concurrent_transforms=4,
        max_payload=6,
        env={"A": "b"},
        tags=[{"Key": "of", "Value": "the transformer"}],
        volume_kms_key="volume-key",
    )
    return [
        TransformStep("T", _transformer(), "job", "m", "s3://bucket/in"),
        TransformStep("T", rich, "job", "m", "s3://bucket/in"),
        TransformStep(
            "T",
            transformer=_transformer(),
            job_name="job",
            model_name="m",
            data="s3://bucket/manifest",
            data_type="ManifestFile",
            content_type="text/csv",
            compression_type="Gzip",
            split_type="Line",
            experiment_config={"TrialName": "t"},
            wait_for_completion=False,
            tags={"a": "b"},
            input_filter="$[1:]",
            output_filter="$[0]",
            join_source="Input",
            retry=Retry(error_equals=["E"]),
        ),
    ]


def transforms_with_placeholders():
    given = ExecutionInput()
    return TransformStep("T", _transformer(), given["job"], given["model"], given["data"], content_type="text/csv")


def _tuner(**fields):
    given = {
        "estimator": _estimator(),
        "objective_metric_name": "loss",
        "hyperparameter_ranges": {
            "rate": ContinuousParameter(0.1, 0.5),
            "layers": IntegerParameter(1, 5),
            "kind": CategoricalParameter(["a", "b"]),
        },
        "metric_definitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
        "objective_type": "Minimize",
        "max_jobs": 4,
        "max_parallel_jobs": 2,
    }
    return HyperparameterTuner(**{**given, **fields})


def tunings():
    return [
        TuningStep("T", tuner=_tuner(), job_name="job", data="s3://bucket/data"),
        TuningStep(
            "T", _tuner(strategy="Random", early_stopping_type="Auto"), "job", {"train": "s3://bucket/data"}, False
        ),
        TuningStep("T", _tuner(), "job", "s3://bucket/data", tags={"a": "b"}, comment="c"),
        TuningStep("T", _tuner(), ExecutionInput()["job"], "s3://bucket/data"),
    ]


def _processor(**fields):
    given = {
        "role": ROLE,
        "image_uri": _IMAGE,
        "instance_count": 1,
        "instance_type": "ml.m5.large",
        "sagemaker_session": _session(),
    }
    return Processor(**{**given, **fields})


def processing():
    rich = _processor(
        entrypoint=["python3", "main.py"],
        volume_size_in_gb=50,
        volume_kms_key="volume-key",
        output_kms_key="output-key",
        max_runtime_in_seconds=600,
        env={"A": "b"},
        tags=[{"Key": "of", "Value": "the processor"}],
        network_config=NetworkConfig(
            enable_network_isolation=True,
            security_group_ids=["sg-1"],
            subnets=["subnet-1"],
            encrypt_inter_container_traffic=True,
        ),
    )
    inputs = [ProcessingInput(source="s3://bucket/in", destination="/opt/ml/processing/in", input_name="in")]
    outputs = [
        ProcessingOutput(
            source="/opt/ml/processing/out",
            destination="s3://bucket/out",
            output_name="out",
            s3_upload_mode="Continuous",
        )
    ]
    return [
        ProcessingStep("P", processor=_processor(), job_name="job"),
        ProcessingStep("P", rich, "job", inputs, outputs),
        ProcessingStep(
            "P",
            _processor(),
            "job",
            inputs=inputs,
            outputs=outputs,
            experiment_config={"TrialName": "t"},
            container_arguments=["--a", "b"],
            container_entrypoint=["python3", "other.py"],
            kms_key_id="key",
            wait_for_completion=False,
            tags={"a": "b"},
            retry=Retry(error_equals=["E"]),
        ),
    ]


def processing_with_placeholders():
    given = ExecutionInput()
    return [
        ProcessingStep("P", _processor(), given["job"], container_arguments=given["arguments"]),
        ProcessingStep(
            "P", _processor(), "job", parameters={"ProcessingResources": {"ClusterConfig": {"InstanceCount": 2}}}
        ),
    ]


def a_pipeline():
    given = ExecutionInput(schema={"job": str, "model": str, "endpoint": str})
    train = TrainingStep("Train", _estimator(), given["job"], data={"train": "s3://bucket/train"})
    model = ModelStep("Model", train.get_expected_model(), given["model"])
    config = EndpointConfigStep(
        "Config",
        endpoint_config_name=given["model"],
        model_name=given["model"],
        initial_instance_count=1,
        instance_type="ml.m5.large",
        data_capture_config=DataCaptureConfig(
            enable_capture=True,
            sampling_percentage=50,
            destination_s3_uri="s3://bucket/capture",
            sagemaker_session=_session(),
        ),
    )
    deploy = EndpointStep("Deploy", endpoint_name=given["endpoint"], endpoint_config_name=given["model"])
    return Graph(Chain([train, model, config, deploy]))
