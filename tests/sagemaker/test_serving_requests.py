"""Models, endpoints, the registry, transform, processing and labelling made of plain requests."""

from __future__ import annotations

import copy
from typing import Any

import botocore
import pytest
from botocore.model import Shape, StructureShape

from stepfunctions.catalog.requests import find_operation
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    EndpointConfigStep,
    EndpointStep,
    LabelingStep,
    ModelApprovalStep,
    ModelPackageGroupStep,
    ModelPackageStep,
    ModelStep,
    ProcessingStep,
    ProductionVariant,
    TransformStep,
)
from stepfunctions.steps.sagemaker import SageMakerApi, upload_code
from stepfunctions.steps.sagemaker.objects import pascal

ROLE = "arn:aws:iam::123456789012:role/serve"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/delays/3"
MODEL = {
    "ModelName": "m",
    "ExecutionRoleArn": ROLE,
    "PrimaryContainer": {"Image": "image", "ModelDataUrl": "s3://b/model.tar.gz", "Environment": {"A": "b"}},
}
given = ExecutionInput()


def test_models(checked: Any) -> None:
    before = copy.deepcopy(MODEL)
    assert checked(ModelStep("m", MODEL)) == before
    assert checked(ModelStep("m", MODEL, given["name"], tags=given["tags"])) == {
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": before["PrimaryContainer"],
        "ModelName.$": "$$.Execution.Input['name']",
        "Tags.$": "$$.Execution.Input['tags']",
    }
    assert before == MODEL
    several = ModelStep("m", [MODEL, {"Image": "second"}, PACKAGE], "m", role=ROLE)
    assert checked(several)["Containers"] == [
        before["PrimaryContainer"],
        {"Image": "second"},
        {"ModelPackageName": PACKAGE},
    ]
    assert checked(ModelStep("m", PACKAGE, "m", role=given["role"])) == {
        "PrimaryContainer": {"ModelPackageName": PACKAGE},
        "ExecutionRoleArn.$": "$$.Execution.Input['role']",
        "ModelName": "m",
    }
    unnamed = checked(ModelStep("The model", given["package"], role=ROLE))
    assert unnamed["PrimaryContainer"] == {"ModelPackageName.$": "$$.Execution.Input['package']"}
    assert unnamed["ModelName.$"] == "States.Format('The-model-{}', States.UUID())"


@pytest.mark.parametrize("model", ["image", None, 5, object()])
def test_what_is_no_model(model: Any) -> None:
    with pytest.raises(ValueError, match=f"A model is a CreateModel request .*; not {type(model).__name__}"):
        ModelStep("m", model)


def test_a_model_package_needs_a_role() -> None:
    with pytest.raises(ValueError, match=r"The model of the step 'm' has no role.* give the role's ARN.* as 'role'"):
        ModelStep("m", PACKAGE)
    with pytest.raises(ValueError, match="has the role 'serve', which is no ARN"):
        ModelStep("m", PACKAGE, role="serve")
    ModelStep("m", PACKAGE, parameters={"ExecutionRoleArn.$": "$.role"})


def test_one_variant_and_the_callers_own_members(checked: Any) -> None:
    step = EndpointConfigStep(
        "config",
        "c",
        given["model"],
        2,
        "ml.m5.large",
        "blue",
        {"EnableCapture": True, "InitialSamplingPercentage": 5, "DestinationS3Uri": given["captured"]}
        | {"CaptureOptions": [{"CaptureMode": "Input"}]},
        {"a": "b"},
        parameters={"KmsKeyId": "key", "DataCaptureConfig": {"InitialSamplingPercentage": 9}},
    )
    assert step.to_dict()["Resource"] == "arn:aws:states:::sagemaker:createEndpointConfig"
    assert checked(step) == {
        "EndpointConfigName": "c",
        "ProductionVariants": [
            {
                "InitialInstanceCount": 2,
                "InstanceType": "ml.m5.large",
                "ModelName.$": "$$.Execution.Input['model']",
                "VariantName": "blue",
            }
        ],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 9,
            "DestinationS3Uri.$": "$$.Execution.Input['captured']",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
        "Tags": [{"Key": "a", "Value": "b"}],
        "KmsKeyId": "key",
    }


def test_several_variants(checked: Any) -> None:
    variants = [
        ProductionVariant(model_name=given["a"], variant_name="a", instance_type="ml.m5.large"),
        ProductionVariant(
            model_name="b",
            variant_name="b",
            instance_type="ml.m5.large",
            initial_instance_count=3,
            initial_variant_weight=0.5,
            more={"ContainerStartupHealthCheckTimeoutInSeconds": 90},
        ),
        {"ModelName": "c", "VariantName": "c", "InstanceType": "ml.m5.large", "InitialInstanceCount": given["count"]},
    ]
    step = EndpointConfigStep("config", "c", variants=variants)
    assert step.to_dict()["Resource"] == "arn:aws:states:::sagemaker:createEndpointConfig"
    assert checked(step)["ProductionVariants"] == [
        {
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "ModelName.$": "$$.Execution.Input['a']",
            "VariantName": "a",
        },
        {
            "InitialInstanceCount": 3,
            "InstanceType": "ml.m5.large",
            "ModelName": "b",
            "VariantName": "b",
            "InitialVariantWeight": 0.5,
            "ContainerStartupHealthCheckTimeoutInSeconds": 90,
        },
        {
            "ModelName": "c",
            "VariantName": "c",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount.$": "$$.Execution.Input['count']",
        },
    ]


def test_members_that_only_the_api_takes_go_to_the_api(checked: Any) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variants = [ProductionVariant(model_name="m", serverless=serverless)]
    shadow = ProductionVariant(model_name="next", variant_name="shadow", instance_type="ml.m5.large")
    plain = EndpointConfigStep("config", "c", variants=variants)
    assert plain.to_dict()["Resource"].endswith(":::sagemaker:createEndpointConfig")
    assert checked(plain)["ProductionVariants"][0]["ServerlessConfig"] == serverless
    step = EndpointConfigStep("config", "c", variants=variants, shadow_variants=[shadow])
    assert step.to_dict()["Resource"] == "arn:aws:states:::aws-sdk:sagemaker:createEndpointConfig"
    assert checked(step)["ShadowProductionVariants"][0]["VariantName"] == "shadow"
    own = EndpointConfigStep("config", "c", "m", 1, "ml.m5.large", parameters={"EnableNetworkIsolation": True})
    assert own.to_dict()["Resource"].startswith("arn:aws:states:::aws-sdk:")
    checked(own)


@pytest.mark.parametrize(
    ("arguments", "fields", "says"),
    [
        (("c", "m", 1, "ml.m5.large"), {"variants": [{}]}, "variants and also InitialInstanceCount, InstanceType"),
        (("c",), {}, "The step 'config' has no variant"),
        (("c",), {"variants": []}, "a list of 1 to 10 variants"),
        (("c",), {"variants": [ProductionVariant(model_name="m")]}, "one of them"),
        (
            ("c",),
            {"variants": [ProductionVariant(instance_type="x", serverless={})]},
            "instance_type='ml.…' or serverless=",
        ),
    ],
)
def test_wrong_variants(arguments: Any, fields: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        EndpointConfigStep("config", *arguments, **fields)


def test_endpoints(checked: Any) -> None:
    create = EndpointStep("e", given["name"], "config", {"a": "b"})
    assert create.to_dict()["Resource"] == "arn:aws:states:::sagemaker:createEndpoint"
    assert checked(create) == {
        "EndpointConfigName": "config",
        "EndpointName.$": "$$.Execution.Input['name']",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert EndpointStep("e", "e", "c", None, True).to_dict()["Resource"] == "arn:aws:states:::sagemaker:updateEndpoint"
    rolling = {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": given["percent"]}}}
    rolling["RollingUpdatePolicy"]["WaitIntervalInSeconds"] = 60  # type: ignore[assignment]
    update = EndpointStep(
        "e", "e", "c", update=True, deployment_config=rolling, parameters={"RetainDeploymentConfig": True}
    )
    assert update.to_dict()["Resource"] == "arn:aws:states:::aws-sdk:sagemaker:updateEndpoint"
    assert checked(update)["RetainDeploymentConfig"] is True
    with pytest.raises(ValueError, match="UpdateEndpoint takes no tags"):
        EndpointStep("e", "e", "c", tags={"a": "b"}, update=True)


def test_the_registry(checked: Any) -> None:
    register = ModelPackageStep(
        "register",
        MODEL,
        "delays",
        inference_instances=["ml.m5.large"],
        description=given["why"],
        model_metrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": given["metrics"]}}},
        customer_metadata={"week": given["week"]},
    )
    assert register.to_dict()["Resource"] == "arn:aws:states:::aws-sdk:sagemaker:createModelPackage"
    written = checked(register)
    assert written["InferenceSpecification"] == {
        "Containers": [{"Image": "image", "ModelDataUrl": "s3://b/model.tar.gz", "Environment": {"A": "b"}}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
    }
    assert written["ModelApprovalStatus"] == "PendingManualApproval"
    assert checked(ModelStep("m", register.get_model(ROLE, "m")))["PrimaryContainer"] == {
        "ModelPackageName.$": "$['ModelPackageArn']"
    }
    placed = {"PrimaryContainer": {"Image": given["image"], "ModelDataUrl": given["artefact"], "Environment": {}}}
    (container,) = checked(ModelPackageStep("r", placed, "delays"))["InferenceSpecification"]["Containers"]
    assert container == {
        "Image.$": "$$.Execution.Input['image']",
        "ModelDataUrl.$": "$$.Execution.Input['artefact']",
    }
    whole = {"ModelPackageGroupName": "g", "InferenceSpecification": {"Containers": [{"Image": "i"}]}}
    assert checked(ModelPackageStep("register", whole)) == whole
    approve = ModelApprovalStep("approve", register.output()["ModelPackageArn"], given["status"], "fine")
    assert checked(approve)["ModelApprovalStatus.$"] == "$$.Execution.Input['status']"
    group = ModelPackageGroupStep("group", "delays", "All routes", {"a": "b"})
    assert checked(group)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_what_the_registry_does_not_take() -> None:
    with pytest.raises(ValueError, match=r"'approved' is no approval status. Write one of: Approved, Rejected"):
        ModelApprovalStep("approve", PACKAGE, "approved")
    with pytest.raises(ValueError, match="has a container without an Image"):
        ModelPackageStep("register", PACKAGE, "delays")
    with pytest.raises(ValueError, match="has no ModelPackageGroupName: give model_package_group_name"):
        ModelPackageStep("register", MODEL)


def transform() -> dict[str, Any]:
    return {
        "TransformJobName": "job",
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/out"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
    }


def test_transform(checked: Any) -> None:
    request = transform()
    assert checked(TransformStep("t", request)) == transform()
    step = TransformStep(
        "t",
        request,
        given["job"],
        given["model"],
        given["data"],
        "ManifestFile",
        content_type=given["type"],
        split_type="Line",
        experiment_config={"TrialName": given["trial"]},
        tags={"a": "b"},
        join_source="Input",
        input_filter="$[1:]",
    )
    assert checked(step) == {
        "TransformJobName.$": "$$.Execution.Input['job']",
        "ModelName.$": "$$.Execution.Input['model']",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri.$": "$$.Execution.Input['data']"}},
            "ContentType.$": "$$.Execution.Input['type']",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://b/out"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
        "ExperimentConfig": {"TrialName.$": "$$.Execution.Input['trial']"},
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert request == transform()


@pytest.mark.parametrize(
    ("without", "says"),
    [
        ("ModelName", "has no ModelName: give model_name"),
        ("TransformInput", "give data='s3://<bucket>/<prefix>'"),
        ("TransformOutput", "has no TransformOutput.S3OutputPath: no bucket is looked up.* output_path='s3://"),
        ("TransformResources", "has no TransformResources"),
    ],
)
def test_what_a_transform_job_lacks(without: str, says: str) -> None:
    request = transform()
    del request[without]
    with pytest.raises(ValueError, match=says):
        TransformStep("t", request)


def processing() -> dict[str, Any]:
    return {
        "ProcessingJobName": "job",
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
        "RoleArn": ROLE,
    }


def test_processing(checked: Any) -> None:
    request = processing()
    assert checked(ProcessingStep("p", request)) == processing()
    place = {"S3Uri": given["data"], "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix"}
    out = {"S3Uri": "s3://b/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    step = ProcessingStep(
        "p",
        request,
        given["job"],
        [{"S3Input": {**place, "S3InputMode": "File"}}],
        [{"S3Output": out}, {"OutputName": "named", "S3Output": out}],
        container_arguments=["--week", given["week"], "--rows", 5],
        container_entrypoint=["python3", "x.py"],
        kms_key_id=given["key"],
        parameters={"StoppingCondition": {"MaxRuntimeInSeconds": 60}},
    )
    assert checked(step) == {
        "AppSpecification": {
            "ImageUri": "image",
            "ContainerEntrypoint": ["python3", "x.py"],
            "ContainerArguments.$": "States.Array('--week', $$.Execution.Input['week'], '--rows', '5')",
        },
        "ProcessingResources": request["ProcessingResources"],
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {
                "InputName": "input-1",
                "S3Input": {
                    "S3Uri.$": "$$.Execution.Input['data']",
                    "LocalPath": "/opt/ml/processing/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "output-1", "S3Output": out}, {"OutputName": "named", "S3Output": out}],
            "KmsKeyId.$": "$$.Execution.Input['key']",
        },
        "ProcessingJobName.$": "$$.Execution.Input['job']",
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    assert request == processing()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"inputs": [{"S3Input": {"S3Uri": "/home/me"}}]}, "The input 1 is at '/home/me', which is not in S3"),
        ({"outputs": [{"S3Output": {"LocalPath": "/o"}}]}, "The output 1 has no destination"),
        ({"outputs": [{"S3Output": {"S3Uri": "/o"}}]}, "The output 1 has the destination '/o'"),
        ({"container_arguments": "--a b"}, r"write \['--a', 'b'\]"),
        ({"code": "s3://b/x.py"}, "has no command to run 'code' with"),
    ],
)
def test_what_a_processing_job_does_not_take(fields: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ProcessingStep("p", processing(), "job", **fields)


@pytest.mark.parametrize("step", [TransformStep, ProcessingStep])
def test_what_is_no_job(step: Any) -> None:
    with pytest.raises(ValueError, match=r"of the step 's' is a Create\w+ request \(a dict\) or a .*, not int"):
        step("s", 5, "job")


def test_labelling(checked: Any) -> None:
    request = {
        "LabelAttributeName": "label",
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": given["manifest"]}}},
        "OutputConfig": {"S3OutputPath": "s3://b/labels"},
        "RoleArn": ROLE,
        "HumanTaskConfig": {
            "WorkteamArn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
            "UiConfig": {"UiTemplateS3Uri": "s3://b/template"},
            "TaskTitle": "Delays",
            "TaskDescription": "Is it late?",
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 60,
        },
    }
    step = LabelingStep("label", request, given["job"], tags={"a": "b"})
    assert step.to_dict()["Resource"] == "arn:aws:states:::sagemaker:createLabelingJob.sync"
    assert checked(step)["LabelingJobName.$"] == "$$.Execution.Input['job']"
    with pytest.raises(ValueError, match="has no HumanTaskConfig: write it into the request"):
        LabelingStep("label", {name: value for name, value in request.items() if name != "HumanTaskConfig"})


def _names(shape: Shape, above: frozenset[str] = frozenset()) -> set[str]:
    if shape.name in above:
        return set()
    inner = above | {shape.name}
    if isinstance(shape, StructureShape):
        return set(shape.members).union(*(_names(member, inner) for member in shape.members.values()))
    below = getattr(shape, "member", None) or getattr(shape, "value", None)
    return _names(below, inner) if isinstance(below, Shape) else set()


def test_every_member_of_the_requests_has_its_name_back() -> None:
    """Line 3 writes members in snake_case; the API has some with acronyms."""
    actions = [api.value for api in SageMakerApi] + ["createModelPackage", "createLabelingJob"]
    names = set().union(*(_names(find_operation("sagemaker", action).input_shape) for action in actions))
    assert len(names) > 300
    assert {name for name in names if pascal(botocore.xform_name(name)) != name} == set()


def test_there_is_nothing_to_upload_in_a_request() -> None:
    with pytest.raises(ValueError, match=r"upload_code\(\) takes an estimator or FrameworkModel .*, not dict"):
        upload_code({})
