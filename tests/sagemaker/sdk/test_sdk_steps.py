"""Steps made of the SDK's objects. The same tests run with line 2 and with line 3; no test calls AWS."""

from __future__ import annotations

import copy
import json
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Chain,
    EndpointConfigStep,
    EndpointStep,
    Graph,
    ModelPackageStep,
    ModelStep,
    ProcessingStep,
    TrainingStep,
    TransformStep,
    TuningStep,
)
from stepfunctions.steps.sagemaker import upload_code

ROLE = "arn:aws:iam::123456789012:role/train"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"
given = ExecutionInput()
PATH = "$$.Execution.Input"


def said(thing: Any) -> Any:
    """Return what an object of the SDK says of itself, at every depth, but for its session with AWS."""
    if isinstance(thing, dict):
        return {key: said(value) for key, value in thing.items() if "session" not in str(key) and "mgr" not in str(key)}
    if isinstance(thing, (list, tuple)):
        return [said(item) for item in thing]
    if not type(thing).__module__.startswith("sagemaker") or isinstance(thing, Enum):
        return repr(thing)
    return said({**vars(thing), **(getattr(thing, "__pydantic_private__", None) or {})})


def source(uri: str, path: bool = False) -> dict[str, Any]:
    place = {"S3Uri.$" if path else "S3Uri": uri}
    return {
        "S3DataSource": {**place, "S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated"},
    }


def test_training(line: Any, checked: Any) -> None:
    trains = line.trains()
    before = said(trains)
    step = TrainingStep(
        "train",
        trains,
        given["job"],
        data={"train": given["train"], "test": "s3://bucket/test"},
        hyperparameters={"depth": 4, "rate": given["rate"]},
        experiment_config={"ExperimentName": given["experiment"]},
        tags={"team": given["team"]},
        parameters={"StoppingCondition": {"MaxRuntimeInSeconds": 60}},
    )
    written = checked(step)
    if line.number == 3:
        assert written["OutputDataConfig"].pop("CompressionType") == "GZIP"
    else:
        assert written.pop("DebugHookConfig") == {"S3OutputPath": "s3://bucket/out"}
    assert written == {
        "TrainingJobName.$": f"{PATH}['job']",
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {"depth": "4", "name": "x", "rate.$": f"{PATH}['rate']"},
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": source(f"{PATH}['train']", True)},
            {"ChannelName": "test", "DataSource": source("s3://bucket/test")},
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "RoleArn": ROLE,
        "ExperimentConfig": {"ExperimentName.$": f"{PATH}['experiment']"},
        "Tags": [{"Key": "team", "Value.$": f"{PATH}['team']"}],
    }
    assert said(trains) == before


def test_every_field_of_what_trains(line: Any, checked: Any) -> None:
    written = checked(TrainingStep("train", line.trains_everything(), "job"))
    assert written["ResourceConfig"] == {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "VolumeSizeInGB": 30,
        "VolumeKmsKeyId": "volume-key",
        "KeepAlivePeriodInSeconds": 600,
    }
    assert written["AlgorithmSpecification"]["MetricDefinitions"] == [{"Name": "mae", "Regex": "mae=(.*)"}]
    assert written["OutputDataConfig"]["KmsKeyId"] == "output-key"
    assert written["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert written["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert written["CheckpointConfig"] == {"S3Uri": "s3://bucket/checkpoints", "LocalPath": "/opt/checkpoints"}
    assert written["Environment"] == {"A": "b"}
    assert written["RetryStrategy"] == {"MaximumRetryAttempts": 2}
    assert written["Tags"] == [{"Key": "of", "Value": "the estimator"}]
    assert written["EnableManagedSpotTraining"] is True
    assert written["EnableNetworkIsolation"] is True
    assert written["EnableInterContainerTrafficEncryption"] is True


def test_forms_of_data(line: Any, checked: Any) -> None:
    channel = line.channel("train", "s3://bucket/train", "text/csv")
    (written,) = checked(TrainingStep("train", line.trains(), "job", data=channel))["InputDataConfig"]
    assert written == {
        "ChannelName": "train",
        "ContentType": "text/csv",
        "DataSource": source("s3://bucket/train"),
    }
    forms = [channel, line.channel("test", "s3://bucket/test", "text/csv")]
    names = [item["ChannelName"] for item in checked(TrainingStep("t", line.trains(), "j", forms))["InputDataConfig"]]
    assert names == ["train", "test"]
    one = checked(TrainingStep("t", line.trains(), "j", given["data"]))["InputDataConfig"]
    assert one == [{"ChannelName": "training", "DataSource": source(f"{PATH}['data']", True)}]
    with pytest.raises(ValueError, match="channel 'train' are at 'file:///data', which is not in S3"):
        TrainingStep("t", line.trains(), "j", line.channel("train", "file:///data", "text/csv"))


def test_names_of_jobs(line: Any, checked: Any) -> None:
    unnamed = checked(TrainingStep("train", line.trains()))
    assert unnamed["TrainingJobName.$"] == "States.Format('train-{}', States.UUID())"
    model = TrainingStep("train", line.trains()).get_expected_model()
    assert checked(ModelStep("model", model))["ModelName.$"] == "States.Format('model-{}', States.UUID())"


def test_the_expected_model(line: Any, checked: Any) -> None:
    train = TrainingStep("train", line.trains(environment={"A": "b"}), given["job"])
    model = ModelStep("model", train.get_expected_model())
    written = Graph(Chain([train, model])).to_dict()["States"]["model"]["Parameters"]
    assert written == checked(model)
    assert written == {
        "PrimaryContainer": {
            "Image": IMAGE,
            "ModelDataUrl.$": "$['ModelArtifacts']['S3ModelArtifacts']",
            "Environment": {"A": "b"},
        },
        "ExecutionRoleArn": ROLE,
        "ModelName.$": f"{PATH}['job']",
    }
    assert checked(ModelStep("model", train.get_expected_model("mine"), "other"))["ModelName"] == "other"


def test_what_would_be_asked_of_aws_or_uploaded_must_be_given(line: Any, tmp_path: Path, checked: Any) -> None:
    with pytest.raises(ValueError, match=r"output.*no bucket is looked up.*output_path='s3://"):
        TrainingStep("train", line.trains_without_output(), "job")
    for fields in (
        {"output_data_config_path": given["out"]},
        {"parameters": {"OutputDataConfig": {"S3OutputPath": given["out"]}}},
    ):
        step = TrainingStep("train", line.trains_without_output(), "job", **fields)
        assert checked(step)["OutputDataConfig"]["S3OutputPath.$"] == f"{PATH}['out']"
    (tmp_path / "train.py").write_text("print('trained')\n")
    with pytest.raises(ValueError, match=r"upload_code\("):
        TrainingStep("train", line.trains_local_code(str(tmp_path)), "job")
    with pytest.raises(ValueError, match="has the role 'train', which is no ARN"):
        TrainingStep("train", line.trains_with_role("train"), "job")
    checked(TrainingStep("train", line.trains_with_role("train"), "job", parameters={"RoleArn": ROLE}))


def test_code_is_uploaded_when_it_is_asked_for(line: Any, tmp_path: Path, checked: Any, calls: Any) -> None:
    (tmp_path / "train.py").write_text("print('trained')\n")
    trains = line.trains_local_code(str(tmp_path))
    before = said(trains)
    stored: list[str] = []

    def answer(operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "PutObject":
            stored.append(f"s3://{parameters['Bucket']}/{parameters['Key']}")
        identity = {"Account": "123456789012", "Arn": ROLE}
        return {"GetCallerIdentity": identity, "ListBuckets": {"Buckets": []}}.get(operation, {})

    calls.answers = answer
    staged = upload_code(trains, "s3://code/prefix")
    calls.answers = None
    calls.clear()
    written = checked(TrainingStep("train", staged, "job", hyperparameters={"depth": 4}))
    assert stored
    if line.number == 2:
        (archive,) = stored
        assert archive.startswith("s3://code/prefix/code-")
        assert written["HyperParameters"]["sagemaker_submit_directory"] == json.dumps(archive)
        assert written["HyperParameters"]["sagemaker_program"] == '"train.py"'
        assert said(trains) == before
    else:
        channels = {item["ChannelName"]: item["DataSource"]["S3DataSource"] for item in written["InputDataConfig"]}
        assert all(any(item.startswith(place["S3Uri"]) for item in stored) for place in channels.values())
        assert set(channels) == {"code", "sm_drivers"}
        assert written["AlgorithmSpecification"]["ContainerEntrypoint"] == ["/bin/bash"]
    assert written["HyperParameters"]["depth"] == "4"


def test_tuning(line: Any, checked: Any) -> None:
    tuner = line.tuner(tags=[{"Key": "of", "Value": "the tuner"}])
    before = said(tuner)
    step = TuningStep("tune", tuner, given["job"], {"train": given["data"]})
    written = checked(step)
    assert written["HyperParameterTuningJobName.$"] == f"{PATH}['job']"
    assert written["HyperParameterTuningJobConfig"] == {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "mae"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 8, "MaxParallelTrainingJobs": 2},
        "TrainingJobEarlyStoppingType": "Off",
        "ParameterRanges": {
            "IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9", "ScalingType": "Auto"}],
            "ContinuousParameterRanges": [
                {"Name": "rate", "MinValue": "0.1", "MaxValue": "0.5", "ScalingType": "Auto"}
            ],
            "CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b"]}],
        },
    }
    definition = written["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == {"name": "x"}
    assert definition["AlgorithmSpecification"] == {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "mae", "Regex": "mae=(.*)"}],
    }
    assert definition["InputDataConfig"] == [{"ChannelName": "train", "DataSource": source(f"{PATH}['data']", True)}]
    assert definition["RoleArn"] == ROLE
    assert written["Tags"] == [{"Key": "of", "Value": "the tuner"}]
    assert said(tuner) == before


def test_the_best_model_of_a_tuning_job(line: Any, checked: Any) -> None:
    tune = TuningStep("tune", line.tuner(), "job", "s3://bucket/data")
    model = ModelStep("model", tune.get_best_model())
    Graph(Chain([tune, model]))
    name = "$['BestTrainingJob']['TrainingJobName']"
    written = checked(model)
    assert written["ModelName.$"] == name
    assert written["PrimaryContainer"]["ModelDataUrl.$"] == (
        f"States.Format('s3://bucket/out/{{}}/output/model.tar.gz', {name})"
    )
    assert written["PrimaryContainer"]["Image"] == IMAGE


def test_tuning_of_several(line: Any, checked: Any) -> None:
    step = TuningStep("tune", line.tuner_of_several(), "job", {"a": "s3://bucket/a", "b": given["b"]})
    first, second = checked(step)["TrainingJobDefinitions"]
    assert (first["DefinitionName"], second["DefinitionName"]) == ("a", "b")
    assert first["StaticHyperParameters"] == {}
    assert second["StaticHyperParameters"] == {"name": "x"}
    assert first["TuningObjective"] == {"Type": "Minimize", "MetricName": "mae"}
    assert first["HyperParameterRanges"]["CategoricalParameterRanges"] == [{"Name": "kind", "Values": ["a", "b"]}]
    assert first["AlgorithmSpecification"]["MetricDefinitions"] == [{"Name": "mae", "Regex": "mae=(.*)"}]
    assert second["InputDataConfig"][0]["DataSource"] == source(f"{PATH}['b']", True)
    with pytest.raises(ValueError, match=r"several estimators: data is a dict .* a, b"):
        TuningStep("tune", line.tuner_of_several(), "job", "s3://bucket/data")


def test_every_option_of_a_tuner(line: Any, checked: Any) -> None:
    tuner = line.tuner(
        max_runtime_in_seconds=600,
        random_seed=3,
        autotune=True,
        hyperparameters_to_keep_static=["name"],
    )
    written = checked(TuningStep("tune", tuner, "job", "s3://bucket/data"))
    config = written["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"]["MaxRuntimeInSeconds"] == 600
    assert config["RandomSeed"] == 3
    assert written["Autotune"] == {"Mode": "Enabled"}
    assert written["TrainingJobDefinition"]["StaticHyperParameters"] == {"name": "x"}


def test_processing(line: Any, checked: Any) -> None:
    processor = line.processor(
        env={"A": "b"},
        max_runtime_in_seconds=600,
        volume_kms_key="volume-key",
        output_kms_key="output-key",
        network_config=line.network(),
        tags=[{"Key": "of", "Value": "the processor"}],
    )
    before = said(processor)
    step = ProcessingStep(
        "process",
        processor,
        given["job"],
        inputs=[
            line.processing_input("s3://bucket/in", "/opt/ml/processing/in"),
            line.processing_input(given["in"], "/x"),
        ],
        outputs=[line.processing_output("s3://bucket/out", "/opt/ml/processing/out")],
        container_arguments=["--week", given["week"], "--rows", 5],
    )
    written = checked(step)
    first, second = written["ProcessingInputs"]
    assert (first["InputName"], second["InputName"]) == ("input-1", "input-2")
    assert first["S3Input"]["S3Uri"] == "s3://bucket/in"
    assert second["S3Input"]["S3Uri.$"] == f"{PATH}['in']"
    (output,) = written["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"] == {
        "S3Uri": "s3://bucket/out",
        "LocalPath": "/opt/ml/processing/out",
        "S3UploadMode": "EndOfJob",
    }
    assert written["ProcessingOutputConfig"]["KmsKeyId"] == "output-key"
    assert written["AppSpecification"] == {
        "ImageUri": IMAGE,
        "ContainerArguments.$": f"States.Array('--week', {PATH}['week'], '--rows', '5')",
    }
    assert written["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert written["NetworkConfig"]["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert written["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert written["Environment"] == {"A": "b"}
    assert written["Tags"] == [{"Key": "of", "Value": "the processor"}]
    assert said(processor) == before


def test_processing_of_the_least(line: Any, checked: Any) -> None:
    written = checked(ProcessingStep("process", line.processor(), "job"))
    assert sorted(written) == ["AppSpecification", "ProcessingJobName", "ProcessingResources", "RoleArn"]
    command = checked(ProcessingStep("process", line.script_processor(), "job", code="s3://bucket/code/x.py"))
    assert command["AppSpecification"]["ContainerEntrypoint"] == ["python3", "/opt/ml/processing/input/code/x.py"]
    assert command["ProcessingInputs"][0]["S3Input"]["S3Uri"] == "s3://bucket/code/x.py"
    with pytest.raises(ValueError, match="is on this machine"):
        ProcessingStep("process", line.script_processor(), "job", code="x.py")
    with pytest.raises(ValueError, match="The input 1 is at '/data', which is not in S3"):
        ProcessingStep("process", line.processor(), "job", inputs=[line.processing_input("/data", "/opt/ml/in")])
    with pytest.raises(ValueError, match="The processor of the step 'process' has the role 'r', which is no ARN"):
        ProcessingStep("process", line.processor(role="r"), "job")


def test_transform(line: Any, checked: Any) -> None:
    transformer = line.transformer(
        strategy="MultiRecord",
        assemble_with="Line",
        accept="text/csv",
        output_kms_key="output-key",
        volume_kms_key="volume-key",
        max_concurrent_transforms=4,
        max_payload=6,
        env={"A": "b"},
        tags=[{"Key": "of", "Value": "the transformer"}],
    )
    before = said(transformer)
    step = TransformStep("transform", transformer, given["job"], None, given["data"], content_type="text/csv")
    assert checked(step) == {
        "TransformJobName.$": f"{PATH}['job']",
        "ModelName": "m",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri.$": f"{PATH}['data']"}},
            "ContentType": "text/csv",
        },
        "TransformOutput": {
            "S3OutputPath": "s3://bucket/out",
            "KmsKeyId": "output-key",
            "AssembleWith": "Line",
            "Accept": "text/csv",
        },
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeKmsKeyId": "volume-key"},
        "BatchStrategy": "MultiRecord",
        "MaxConcurrentTransforms": 4,
        "MaxPayloadInMB": 6,
        "Environment": {"A": "b"},
        "Tags": [{"Key": "of", "Value": "the transformer"}],
    }
    assert said(transformer) == before
    with pytest.raises(ValueError, match=r"has no TransformOutput.S3OutputPath: no bucket is looked up"):
        TransformStep("transform", line.transformer(output_path=None), "job", "m", "s3://bucket/in")


def test_models(line: Any, checked: Any) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://b/model.tar.gz", "Environment": {"A": "b"}}
    model = line.model(name="own")
    before = said(model)
    assert checked(ModelStep("model", model, tags={"a": "b"})) == {
        "PrimaryContainer": container,
        "ExecutionRoleArn": ROLE,
        "ModelName": "own",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert said(model) == before
    assert checked(ModelStep("model", line.model(), given["name"]))["ModelName.$"] == f"{PATH}['name']"
    placed = checked(ModelStep("model", line.model(model_data=given["artefact"]), "m"))
    assert placed["PrimaryContainer"]["ModelDataUrl.$"] == f"{PATH}['artefact']"
    registered = checked(ModelPackageStep("register", line.model(), "delays"))
    assert registered["InferenceSpecification"]["Containers"] == [container]


def test_endpoints(line: Any, checked: Any) -> None:
    config = EndpointConfigStep(
        "config", given["name"], given["name"], 1, "ml.m5.large", data_capture_config=line.capture(), tags={"a": "b"}
    )
    captured = checked(config)["DataCaptureConfig"]
    assert captured["EnableCapture"] is True
    assert captured["InitialSamplingPercentage"] == 5
    assert captured["DestinationS3Uri"] == "s3://bucket/captured"
    assert captured["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    train = TrainingStep("train", line.trains(), given["job"], "s3://bucket/data")
    chain = Chain(
        [train, ModelStep("model", train.get_expected_model()), config, EndpointStep("serve", "e", given["name"])]
    )
    assert list(Graph(chain).to_dict()["States"]) == ["train", "model", "config", "serve"]


def test_steps_can_be_copied(line: Any) -> None:
    train = TrainingStep("train", line.trains(), given["job"])
    tune = TuningStep("tune", line.tuner(), given["job"])
    model = ModelStep("model", line.model(), "m")
    for step in (train, tune, model, Graph(Chain([train, tune, model]))):
        assert copy.deepcopy(step).to_dict() == step.to_dict()
    assert copy.deepcopy(train).get_expected_model() is not None
    other = copy.deepcopy(train)
    other.request["RoleArn"] = "other"
    assert train.request["RoleArn"] == ROLE


def test_local_mode_is_no_part_of_a_workflow(line: Any) -> None:
    transformer = line.transformer()
    transformer.instance_type = "local"
    with pytest.raises(ValueError, match="local mode of the SageMaker SDK"):
        TransformStep("transform", transformer, "job", "m", "s3://bucket/in")
