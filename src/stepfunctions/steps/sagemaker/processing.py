"""Run a container over data: CreateProcessingJob."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.estimators import code_is_local, is_plain
from stepfunctions.steps.sagemaker.objects import check_instance, check_role, given, is_a, read, tag_list, to_request
from stepfunctions.steps.sagemaker.request import copy_request, find, is_in_s3, put
from stepfunctions.steps.sagemaker.step import SageMakerStep
from stepfunctions.steps.services.step import given_request

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields

_CODE = "/opt/ml/processing/input/code"
_PROCESSORS = ("Processor", "ScriptProcessor", "FrameworkProcessor")


class ProcessingStep(SageMakerStep):
    """Run a processing job, and by default wait for the end.

    ``processor`` is the CreateProcessingJob request as a dict, or a Processor of the SageMaker SDK 2 or 3 (also
    ScriptProcessor, SKLearnProcessor, …). It is not changed. ``inputs`` and ``outputs`` are ProcessingInput and
    ProcessingOutput of either SDK, or dicts in the API's form; one without a name is ``input-1``, ``output-1`` …
    Their locations must be in S3. ``code``: a script in S3 that a ScriptProcessor's ``command`` runs.

    ``job_name``: unique in an account and Region, at most 63 letters, digits and hyphens. None: ``<state>-<UUID>``,
    new in every attempt. ``container_arguments`` and ``container_entrypoint``: a list, whose values may be
    placeholders, or one placeholder of a list. ``kms_key_id`` encrypts the outputs. ``tags``: a dict, or a placeholder
    of a list of pairs.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
    """

    ACTION = "createProcessingJob"
    NAME = "ProcessingJobName"
    NEEDS: ClassVar[Mapping[str, str]] = {
        "RoleArn": "give the processor a role, 'arn:aws:iam::<account>:role/<name>'.",
        "AppSpecification.ImageUri": "give the processor an image_uri.",
        "ProcessingResources": "give a Processor, or the request with this member.",
    }

    def __init__(
        self,
        state_id: str,
        processor: Any,
        job_name: str | Expression | None = None,
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
        experiment_config: Mapping[str, Any] | Expression | None = None,
        container_arguments: Sequence[Any] | Expression | None = None,
        container_entrypoint: Sequence[Any] | Expression | None = None,
        kms_key_id: str | Expression | None = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        *,
        code: str | Expression | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        whose = f"The processor of the step '{state_id}'"
        if is_plain(processor):
            request = to_request(processor)
        elif is_a(processor, *_PROCESSORS):
            request = _of_processor(processor, whose)
        else:
            raise ValueError(
                f"{whose} is a CreateProcessingJob request (a dict) or a Processor of the SageMaker SDK, "
                f"not {type(processor).__name__}."
            )
        app = request.setdefault("AppSpecification", {})
        if code is not None:
            app["ContainerEntrypoint"] = [*_command(processor, whose), f"{_CODE}/{_script(code, whose)}"]
            inputs = [*(inputs or []), _code_input(code)]
        put(
            app,
            ContainerEntrypoint=_arguments(container_entrypoint),
            ContainerArguments=_arguments(container_arguments),
        )
        if inputs is not None:
            request["ProcessingInputs"] = [_input(item, number) for number, item in enumerate(inputs, 1)]
        _set_outputs(request, outputs, kms_key_id)
        put(request, ProcessingJobName=job_name, ExperimentConfig=experiment_config)
        if not is_plain(processor) and find(given_request(fields), "RoleArn") is None:
            check_role(request.get("RoleArn"), whose)
        super().__init__(state_id, request, fields, wait_for_completion=wait_for_completion, tags=tags)


def _of_processor(processor: Any, whose: str) -> dict[str, Any]:
    check_instance(read(processor, "instance_type"), whose)
    output_key = read(processor, "output_kms_key")
    runtime = read(processor, "max_runtime_in_seconds")
    return given(
        ProcessingOutputConfig=given(KmsKeyId=output_key),
        AppSpecification=given(
            ImageUri=read(processor, "image_uri"),
            ContainerEntrypoint=copy_request(read(processor, "entrypoint")),
            ContainerArguments=_arguments(read(processor, "arguments", [])),
        ),
        RoleArn=read(processor, "role"),
        Environment=copy_request(read(processor, "env")),
        NetworkConfig=to_request(read(processor, "network_config")),
        ProcessingResources={
            "ClusterConfig": given(
                InstanceCount=read(processor, "instance_count"),
                InstanceType=read(processor, "instance_type"),
                InstancePreferences=copy_request(read(processor, "instance_preferences")),
                VolumeSizeInGB=read(processor, "volume_size_in_gb"),
                VolumeKmsKeyId=read(processor, "volume_kms_key"),
            )
        },
        StoppingCondition=given(MaxRuntimeInSeconds=runtime),
        Tags=tag_list(read(processor, "tags")),
    )


def _arguments(values: Any) -> Any:
    """Return a command line: strings and placeholders, or one placeholder; None when there is none."""
    if values is None or is_dynamic(values):
        return values
    if isinstance(values, str):
        raise ValueError(f"A command line is a list of its parts, not one string: write {values.split()!r}.")
    return [value if is_dynamic(value) else str(value) for value in values]


def _command(processor: Any, whose: str) -> list[Any]:
    command = read(processor, "command")
    if not command:
        raise ValueError(f"{whose} has no command to run 'code' with: give a ScriptProcessor(command=['python3'], …).")
    return list(command)


def _script(code: Any, whose: str) -> str:
    if not isinstance(code, str):
        raise ValueError(
            f"'code' of {whose[:1].lower() + whose[1:]} is a placeholder, so the name of the script is not known: give "
            "it as an input, and container_entrypoint=['python3', '/opt/ml/processing/…/<script>.py']."
        )
    if not is_in_s3(code):
        raise code_is_local(whose, code)
    return os.path.basename(code)


def _code_input(code: Any) -> dict[str, Any]:
    source = {"S3Uri": code, "LocalPath": _CODE, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": "code", "S3Input": {**source, "S3DataDistributionType": "FullyReplicated"}}


def _input(item: Any, number: int) -> dict[str, Any]:
    request: dict[str, Any] = to_request(item)
    location = find(request, "S3Input", "S3Uri")
    if location is not None and not is_in_s3(location) and "S3Uri" in request["S3Input"]:
        raise ValueError(
            f"The input {number} is at {location!r}, which is not in S3, and nothing is uploaded while a definition is "
            "built: upload it, and give source='s3://<bucket>/<prefix>'."
        )
    if find(request, "InputName") is None:
        request = {"InputName": f"input-{number}", **request}
    return request


def _set_outputs(request: dict[str, Any], outputs: Sequence[Any] | None, kms_key_id: Any) -> None:
    config = request.setdefault("ProcessingOutputConfig", {})
    if outputs is not None:
        config["Outputs"] = [_output(item, number) for number, item in enumerate(outputs, 1)]
    if kms_key_id is not None:
        config["KmsKeyId"] = kms_key_id
    if find(config, "Outputs") is None:  # without outputs the API takes none of its members
        del request["ProcessingOutputConfig"]


def _output(item: Any, number: int) -> dict[str, Any]:
    request: dict[str, Any] = to_request(item)
    place = find(request, "S3Output")
    location = find(place, "S3Uri")
    if isinstance(place, dict) and (location is None or ("S3Uri" in place and not is_in_s3(location))):
        said = "no destination" if location is None else f"the destination {location!r}"
        raise ValueError(
            f"The output {number} has {said}, and no bucket is looked up in AWS while a definition is built: give "
            "destination='s3://<bucket>/<prefix>'."
        )
    if find(request, "OutputName") is None:
        request = {"OutputName": f"output-{number}", **request}
    return request
