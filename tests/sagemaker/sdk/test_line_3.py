"""What line 3 of the SDK has alone: ModelBuilder, shapes, and requests that it would send itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sagemaker.core import shapes
from sagemaker.core.inputs import TrainingInput
from sagemaker.core.resources import Model
from sagemaker.core.training.configs import Channel, DataSource, FileSystemDataSource, S3DataSource
from sagemaker.core.utils.utils import serialize
from sagemaker.serve import ModelBuilder
from sagemaker.train.configs import InputData, SourceCode, TensorBoardOutputConfig

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    EndpointConfigStep,
    EndpointStep,
    ModelStep,
    ProcessingStep,
    TrainingStep,
    TransformStep,
    TuningStep,
)

ROLE = "arn:aws:iam::123456789012:role/train"
given = ExecutionInput()


def without_input_mode(request: dict[str, Any]) -> dict[str, Any]:
    """File is the default of a channel's mode: line 3 writes it, the steps do not."""
    for channel in request.get("InputDataConfig", []):
        assert channel.pop("InputMode", "File") == "File"
    return request


def test_training_requests_are_those_that_the_sdk_would_send(line: Any, checked: Any) -> None:
    data = [
        InputData(channel_name="train", data_source="s3://bucket/train", content_type="text/csv"),
        InputData(
            channel_name="files",
            data_source=FileSystemDataSource(
                file_system_id="fs-0123456789",
                file_system_access_mode="ro",
                file_system_type="EFS",
                directory_path="/d",
            ),
        ),
        Channel(
            channel_name="pipe",
            data_source=DataSource(s3_data_source=S3DataSource(s3_data_type="S3Prefix", s3_uri="s3://bucket/pipe")),
        ),
    ]
    trainer = line.trains_everything()
    trainer.hyperparameters = {"depth": 3, "name": "x", "flag": True, "layers": [1, 2]}
    trainer.input_data_config = data[:1]
    trainer.with_tensorboard_output_config(TensorBoardOutputConfig(s3_output_path="s3://bucket/board"))
    sent = trainer._create_training_job_args(data, boto3=True)
    assert sent.pop("TrainingJobName").startswith("base-")
    written = checked(TrainingStep("train", trainer, "job", data))
    assert written.pop("TrainingJobName") == "job"
    assert written == without_input_mode(sent)


def test_tuning_requests_are_those_that_the_sdk_would_send(line: Any, checked: Any) -> None:
    tuner = line.tuner(tags=[{"Key": "a", "Value": "b"}])
    written = checked(TuningStep("tune", tuner, "job", "s3://bucket/train"))
    tuner._prepare_for_tuning("job")
    assert written["HyperParameterTuningJobConfig"] == serialize(tuner._build_tuning_job_config())
    sent = serialize(tuner._build_training_job_definition("s3://bucket/train"))
    assert written["TrainingJobDefinition"] == without_input_mode(sent)


def test_processing_requests_are_those_that_the_sdk_would_send(line: Any, checked: Any) -> None:
    processor = line.processor(env={"A": "b"}, network_config=line.network(), volume_kms_key="key")
    inputs = [line.processing_input("s3://bucket/in", "/opt/ml/processing/in")]
    outputs = [line.processing_output("s3://bucket/out", "/opt/ml/processing/out")]
    written = checked(ProcessingStep("process", processor, "job", inputs, outputs, container_arguments=["--a", "b"]))
    normalized = processor._normalize_args(job_name="job", arguments=["--a", "b"], inputs=inputs, outputs=outputs)
    sent = serialize(processor._get_process_args(*normalized, experiment_config=None))
    assert sent["inputs"][0]["S3Input"].pop("S3CompressionType") == "None"  # the API's default
    assert written["ProcessingInputs"] == sent["inputs"]
    assert written["ProcessingOutputConfig"] == sent["output_config"]
    assert written["ProcessingResources"] == sent["resources"]
    assert written["AppSpecification"] == sent["app_specification"]
    assert written["NetworkConfig"] == sent["network_config"]
    assert (written["Environment"], written["RoleArn"]) == (sent["environment"], sent["role_arn"])


def test_transform_requests_are_those_that_the_sdk_would_send(line: Any, checked: Any) -> None:
    transformer = line.transformer(assemble_with="Line", max_payload=6, transform_ami_version="al2-ami-sagemaker")
    step = TransformStep(
        "transform", transformer, "job", "m", "s3://bucket/in", split_type="Line", input_filter="$[1:]"
    )
    transformer._current_job_name = "job"
    arguments = transformer._get_transform_args(
        "s3://bucket/in", "S3Prefix", None, None, "Line", "$[1:]", None, None, None, None, None
    )
    assert checked(step) == serialize(transformer._get_transform_request(**arguments))


def test_channels(line: Any, checked: Any) -> None:
    data = {
        "a": TrainingInput("s3://bucket/a", content_type="text/csv"),
        "b": S3DataSource(s3_data_type="ManifestFile", s3_uri="s3://bucket/b"),
        "c": {"S3DataType": "S3Prefix", "S3Uri": given["c"]},
        "d": DataSource(s3_data_source=S3DataSource(s3_data_type="S3Prefix", s3_uri="s3://bucket/d")),
    }
    written = checked(TrainingStep("train", line.trains(), "job", data))["InputDataConfig"]
    places = [channel["DataSource"]["S3DataSource"] for channel in written]
    assert [place.get("S3Uri", place.get("S3Uri.$")) for place in places] == [
        "s3://bucket/a",
        "s3://bucket/b",
        "$$.Execution.Input['c']",
        "s3://bucket/d",
    ]
    assert [channel["ChannelName"] for channel in written] == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="The channel 'x' is given twice"):
        TrainingStep("train", line.trains(), "job", [{"ChannelName": "x"}, {"ChannelName": "x"}])


def test_the_trainers_own_channels_stay(line: Any, checked: Any) -> None:
    own = [
        InputData(channel_name="train", data_source="s3://bucket/train", content_type="text/csv"),
        InputData(channel_name="test", data_source="s3://bucket/test"),
    ]
    trainer = line.trains(input_data_config=own)
    train, test, more = checked(TrainingStep("train", trainer, "job", {"train": given["data"], "more": "s3://b/m"}))[
        "InputDataConfig"
    ]
    assert train["DataSource"]["S3DataSource"]["S3Uri.$"] == "$$.Execution.Input['data']"
    assert train["ContentType"] == "text/csv"
    assert (test["ChannelName"], more["ChannelName"]) == ("test", "more")
    assert own[0].data_source == "s3://bucket/train"


def test_what_a_trainer_uploads_or_asks_for(line: Any, tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    code = SourceCode(source_dir=str(tmp_path), entry_script="train.py")
    with pytest.raises(ValueError, match=r"has source_code, which it uploads, .*upload_code\(trainer\)"):
        TrainingStep("train", line.trains(source_code=code), "job")
    trainer = line.trains().with_tensorboard_output_config(TensorBoardOutputConfig())
    with pytest.raises(ValueError, match="tensorboard_output_config has no S3OutputPath, and no bucket"):
        TrainingStep("train", trainer, "job")
    trainer = line.trains()
    trainer._is_nova_recipe = True
    with pytest.raises(ValueError, match=r"has a recipe, which it uploads .*upload_code\(trainer\)"):
        TrainingStep("train", trainer, "job")


def test_shapes_of_models(checked: Any) -> None:
    container = shapes.ContainerDefinition(image="image", model_data_url="s3://b/m", environment={"a_b": "c"})
    plain = {"Image": "image", "ModelDataUrl": "s3://b/m", "Environment": {"a_b": "c"}}
    assert checked(ModelStep("model", container, "m", role=ROLE))["PrimaryContainer"] == plain
    assert checked(ModelStep("model", [container, {"Image": "two"}], "m", role=ROLE))["Containers"] == [
        plain,
        {"Image": "two"},
    ]
    model = Model(model_name="made", primary_container=container, execution_role_arn=ROLE)
    assert checked(ModelStep("model", model)) == {
        "PrimaryContainer": plain,
        "ExecutionRoleArn": ROLE,
        "ModelName": "made",
    }
    both = checked(ModelStep("model", ModelBuilder(model=[model, model], role_arn=ROLE), "m"))
    assert both["Containers"] == [plain, plain]
    with pytest.raises(ValueError, match="not Tag"):
        ModelStep("model", shapes.Tag(key="a", value="b"), "m")


def test_what_a_builder_chooses_or_uploads_must_be_given() -> None:
    builder = ModelBuilder(image_uri="image", s3_model_data_url="s3://b/m.tar.gz", role_arn=ROLE)
    builder.image_uri = None
    with pytest.raises(ValueError, match="The ModelBuilder has no image_uri, which its build"):
        ModelStep("model", builder, "m")
    code = SourceCode(source_dir="code", entry_script="serve.py")
    with pytest.raises(ValueError, match="The ModelBuilder has source_code, which its build"):
        ModelStep("model", ModelBuilder(image_uri="i", source_code=code, role_arn=ROLE), "m")


def test_shapes_of_endpoints(checked: Any) -> None:
    variant = shapes.ProductionVariant(
        variant_name="a",
        model_name="m",
        serverless_config=shapes.ProductionVariantServerlessConfig(memory_size_in_mb=2048, max_concurrency=5),
    )
    (written,) = checked(EndpointConfigStep("config", "c", variants=[variant]))["ProductionVariants"]
    assert written == {
        "VariantName": "a",
        "ModelName": "m",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    rollback = shapes.AutoRollbackConfig(alarms=[shapes.Alarm(alarm_name="late")])
    deployment = shapes.DeploymentConfig(auto_rollback_configuration=rollback)
    update = checked(EndpointStep("serve", "e", "c", update=True, deployment_config=deployment))
    assert update["DeploymentConfig"] == {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "late"}]}}
