"""Make a model of artefacts and images: CreateModel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.estimators import code_is_local, is_plain
from stepfunctions.steps.sagemaker.objects import check_role, given, is_a, read, to_request
from stepfunctions.steps.sagemaker.request import copy_request, find, is_in_s3, put
from stepfunctions.steps.sagemaker.step import SageMakerStep
from stepfunctions.steps.services.step import given_request

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields

_PACKAGE = ":model-package/"
_CODE_IN_ARCHIVE = "/opt/ml/model/code"
_UPLOADED = ("source_code", "inference_spec", "modelbuilder_list")
"""Attributes of a ModelBuilder whose content its build() uploads."""
_FORMS = (
    "a CreateModel request (a dict), a Model, FrameworkModel, PipelineModel, MultiDataModel or ModelPackage of the "
    "SageMaker SDK 2, a ModelBuilder, Model or ContainerDefinition of the SDK 3, a list of containers, or the ARN of "
    "a model package"
)


class ModelStep(SageMakerStep):
    """Make a model that endpoints and transform jobs can use.

    ``model`` is the CreateModel request as a dict; a Model, FrameworkModel, PipelineModel, MultiDataModel or
    ModelPackage of the SageMaker SDK 2; a ModelBuilder, Model or ContainerDefinition of the SDK 3; a list of
    containers; or a model package: its ARN, or a placeholder of it. It is not changed.

    ``model_name``: at most 63 letters, digits and hyphens; the model's own when None, and ``<state>-<UUID>``, new in
    every attempt, when it has none. ``instance_type`` chooses the image of a framework's model. ``role``: the ARN of
    the model's role, for a model that has none. ``tags``: a dict, or a placeholder of a list of pairs.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
    """

    ACTION = "createModel"
    NAME = "ModelName"

    def __init__(
        self,
        state_id: str,
        model: Any,
        model_name: str | Expression | None = None,
        instance_type: str | None = None,
        tags: Any = None,
        *,
        role: str | Expression | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        self.model = model
        self.model_name = model_name
        request = model_request(model, instance_type)
        put(request, ExecutionRoleArn=role, ModelName=model_name)
        over = given_request(fields)
        if not is_plain(model) and find(over, "ExecutionRoleArn") is None:
            check_role(request.get("ExecutionRoleArn"), f"The model of the step '{state_id}'")
        super().__init__(state_id, request, fields, tags=tags)


def model_request(model: Any, instance_type: str | None) -> dict[str, Any]:
    """Return the CreateModel request of a model in any of its forms. Raises ValueError for what is none."""
    if is_plain(model):
        plain: dict[str, Any] = copy_request(model)
        return plain
    if isinstance(model, (list, tuple)):
        return {"Containers": [container_of(item, instance_type) for item in model]}
    if is_dynamic(model) or isinstance(model, str):
        return {"PrimaryContainer": container_of(model, instance_type)}
    if is_a(model, "ModelBuilder"):
        return _of_builder(model)
    if hasattr(type(model), "model_fields") and not is_a(model, "ContainerDefinition"):
        return _of_resource(model)
    containers = read(model, "models")
    request: dict[str, Any]
    if isinstance(containers, (list, tuple)):  # an inference pipeline
        request = {"Containers": [container_of(item, instance_type) for item in containers]}
    else:
        request = {"PrimaryContainer": container_of(model, instance_type)}
    inner = read(model, "model") if read(model, "model_data_prefix") is not None else None
    return request | given(
        ExecutionRoleArn=read(model, "role") or read(inner, "role"),
        ModelName=read(model, "name"),
        VpcConfig=copy_request(read(model, "vpc_config") or read(inner, "vpc_config")),
        EnableNetworkIsolation=_isolated(model if inner is None else inner) or None,
    )


def _isolated(model: Any) -> Any:
    if is_a(model, "ModelPackage"):
        return None  # line 2 would ask AWS
    isolated = getattr(model, "enable_network_isolation", None)
    return isolated() if callable(isolated) else isolated


def container_of(model: Any, instance_type: str | None) -> dict[str, Any]:
    """Return one container of a model. Raises ValueError for a model in no known form, or with code on this machine."""
    if is_dynamic(model) or (isinstance(model, str) and _PACKAGE in model):
        return {"ModelPackageName": model}
    if is_plain(model):
        container: dict[str, Any] = copy_request(model.get("PrimaryContainer", model))
        return container
    if is_a(model, "ContainerDefinition"):
        shape: dict[str, Any] = to_request(model)
        return shape
    if read(model, "model_package_arn") is not None:
        return {"ModelPackageName": model.model_package_arn, **given(Environment=copy_request(read(model, "env")))}
    if not (is_a(model, "Model", "FrameworkModel") or hasattr(model, "prepare_container_def")):
        raise ValueError(f"A model is {_FORMS}; not {type(model).__name__}.")
    if read(model, "model_data_prefix") is not None:
        return _multi_model(model, instance_type)
    environment = dict(read(model, "env", {}))
    if is_a(model, "FrameworkModel"):
        environment |= _script_environment(model)
    return {
        "Environment": copy_request(environment),
        "Image": _image(model, instance_type),
        **_artifacts(read(model, "model_data")),
        **given(
            ImageConfig=copy_request(read(model, "image_config")),
            AdditionalModelDataSources=copy_request(read(model, "additional_model_data_sources")),
        ),
    }


def _image(model: Any, instance_type: str | None) -> Any:
    image = read(model, "image_uri")
    if image is None and hasattr(model, "serving_image_uri"):
        region = model.sagemaker_session.boto_region_name
        return model.serving_image_uri(region, instance_type)
    if image is None:
        raise ValueError(f"The {type(model).__name__} has no image: give it image_uri='<account>.dkr.ecr.….'.")
    return image


def _artifacts(data: Any) -> dict[str, Any]:
    if data is None:
        return {}
    return {"ModelDataSource": copy_request(data)} if isinstance(data, Mapping) else {"ModelDataUrl": data}


def _script_environment(model: Any) -> dict[str, Any]:
    """Return the variables by which a framework's container finds the code that serves the model."""
    known = read(model, "env", {})
    script, directory = known.get("SAGEMAKER_PROGRAM", ""), known.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    entry_point, source = read(model, "entry_point"), read(model, "source_dir")
    uploaded = read(model, "uploaded_code")
    if uploaded is not None and not is_in_s3(source):
        script, directory = uploaded.script_name, uploaded.s3_prefix
        if read(model, "repacked_model_data"):
            directory = _CODE_IN_ARCHIVE
    elif entry_point is not None:
        if not is_in_s3(source):
            raise code_is_local(f"The {type(model).__name__}", source or entry_point)
        script, directory = os.path.basename(entry_point), source
    variables = {
        "SAGEMAKER_PROGRAM": script,
        "SAGEMAKER_SUBMIT_DIRECTORY": directory,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": str(read(model, "container_log_level", 20)),
        "SAGEMAKER_REGION": model.sagemaker_session.boto_region_name,
    }
    workers = read(model, "model_server_workers")
    return variables | ({} if workers is None else {"SAGEMAKER_MODEL_SERVER_WORKERS": str(workers)})


def _multi_model(model: Any, instance_type: str | None) -> dict[str, Any]:
    """Return the container of line 2's MultiDataModel, which serves every archive under a prefix."""
    inner = read(model, "model")
    base = (
        container_of(inner, instance_type)
        if inner is not None
        else {"Environment": copy_request(read(model, "env", {}))}
    )
    image = base.get("Image") or _image(model, instance_type)
    return {
        "Environment": base.get("Environment", {}),
        "Image": image,
        "ModelDataUrl": model.model_data_prefix,
        "Mode": "MultiModel",
    }


def _of_resource(model: Any) -> dict[str, Any]:
    """Return the request of line 3's ``resources.Model``, or of a shape of the request itself."""
    request = to_request(model)
    known = ("PrimaryContainer", "Containers", "ExecutionRoleArn", "ModelName", "VpcConfig", "InferenceExecutionConfig")
    if not {"PrimaryContainer", "Containers"} & set(request):
        raise ValueError(f"A model is {_FORMS}; not {type(model).__name__}.")
    return {name: request[name] for name in (*known, "EnableNetworkIsolation", "Tags") if name in request}


def _of_builder(builder: Any) -> dict[str, Any]:
    """Return the request of line 3's ModelBuilder, whose ``build()`` would upload code and make the model itself."""
    model = read(builder, "model")
    if isinstance(model, (list, tuple)):
        containers = [container for item in model for container in _containers_of(item)]
        request: dict[str, Any] = {"Containers": containers}
    else:
        for attribute in _UPLOADED:
            if read(builder, attribute):
                raise ValueError(
                    f"The ModelBuilder has {attribute}, which its build() uploads, and nothing is uploaded while a "
                    "definition is built. Give image_uri and s3_model_data_url, or a CreateModel request (a dict)."
                )
        if read(builder, "image_uri") is None:
            raise ValueError(
                "The ModelBuilder has no image_uri, which its build() chooses after it has looked at the model: give "
                "image_uri='<account>.dkr.ecr.…' and s3_model_data_url='s3://…/model.tar.gz'."
            )
        container = {"Environment": to_request(read(builder, "env_vars", {})), "Image": builder.image_uri}
        request = {"PrimaryContainer": container | _artifacts(to_request(read(builder, "s3_model_data_url")))}
    network = to_request(read(builder, "network")) or {}
    vpc = {name: network[name] for name in ("Subnets", "SecurityGroupIds") if name in network}
    return request | given(
        ExecutionRoleArn=read(builder, "role_arn"),
        ModelName=read(builder, "model_name"),
        VpcConfig=to_request(read(builder, "vpc_config")) or vpc,
        EnableNetworkIsolation=(read(builder, "_enable_network_isolation") or network.get("EnableNetworkIsolation"))
        or None,
    )


def _containers_of(resource: Any) -> list[dict[str, Any]]:
    request = model_request(resource, None)
    return list(request.get("Containers") or [request["PrimaryContainer"]])
