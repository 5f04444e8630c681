"""Predict a whole data set: CreateTransformJob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.sagemaker.estimators import is_plain
from stepfunctions.steps.sagemaker.objects import check_instance, given, is_a, read, tag_list, to_request
from stepfunctions.steps.sagemaker.request import copy_request, is_in_s3, put
from stepfunctions.steps.sagemaker.step import SageMakerStep

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields


class TransformStep(SageMakerStep):
    """Run a batch transform job, and by default wait for the end.

    ``transformer`` is the CreateTransformJob request as a dict, or a Transformer of the SageMaker SDK 2 or 3. It is
    not changed; it must have an ``output_path``, for no bucket is looked up while a definition is built.

    ``job_name``: unique in an account and Region, at most 63 letters, digits and hyphens. None: ``<state>-<UUID>``,
    new in every attempt. ``model_name``: the transformer's own when None. ``data``: an S3 location.
    ``input_filter``, ``output_filter``: JSONPaths of what the model gets and what is kept; ``join_source`` is
    ``Input`` to write inputs beside predictions. ``tags``: a dict, or a placeholder of a list of pairs. Every argument
    may be a placeholder.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
    """

    ACTION = "createTransformJob"
    NAME = "TransformJobName"
    NEEDS: ClassVar[Mapping[str, str]] = {
        "ModelName": "give model_name.",
        "TransformInput.DataSource.S3DataSource.S3Uri": "give data='s3://<bucket>/<prefix>'.",
        "TransformOutput.S3OutputPath": (
            "no bucket is looked up in AWS while a definition is built: give the transformer "
            "output_path='s3://<bucket>/<prefix>'."
        ),
        "TransformResources": "give a Transformer, or the request with this member.",
    }

    def __init__(
        self,
        state_id: str,
        transformer: Any,
        job_name: str | Expression | None = None,
        model_name: str | Expression | None = None,
        data: str | Expression | None = None,
        data_type: str | Expression = "S3Prefix",
        content_type: str | Expression | None = None,
        compression_type: str | Expression | None = None,
        split_type: str | Expression | None = None,
        experiment_config: Mapping[str, Any] | Expression | None = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        input_filter: str | Expression | None = None,
        output_filter: str | Expression | None = None,
        join_source: str | Expression | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        if is_plain(transformer):
            request = to_request(transformer)
        elif is_a(transformer, "Transformer"):
            request = _of_transformer(state_id, transformer)
        else:
            raise ValueError(
                f"The transformer of the step '{state_id}' is a CreateTransformJob request (a dict) or a Transformer "
                f"of the SageMaker SDK, not {type(transformer).__name__}."
            )
        if data is not None:
            _set_data(state_id, request, data, data_type)
        _update(
            request, "TransformInput", ContentType=content_type, CompressionType=compression_type, SplitType=split_type
        )
        _update(request, "DataProcessing", InputFilter=input_filter, OutputFilter=output_filter, JoinSource=join_source)
        put(request, TransformJobName=job_name, ModelName=model_name, ExperimentConfig=experiment_config)
        super().__init__(state_id, request, fields, wait_for_completion=wait_for_completion, tags=tags)
        if not is_plain(transformer):
            _check_output(state_id, self.request["TransformOutput"])


def _set_data(state_id: str, request: dict[str, Any], data: Any, data_type: Any) -> None:
    if not is_in_s3(data):
        raise ValueError(f"The data of the step '{state_id}' are at {data!r}: give 's3://<bucket>/<prefix>'.")
    source = request.setdefault("TransformInput", {})
    source["DataSource"] = {"S3DataSource": {"S3DataType": data_type, "S3Uri": data}}


def _update(request: dict[str, Any], member: str, **values: Any) -> None:
    values = given(**values)
    if values:
        request[member] = {**request.get(member, {}), **values}


def _check_output(state_id: str, output: Any) -> None:
    if isinstance(output, Mapping) and "S3OutputPath" in output and not is_in_s3(output["S3OutputPath"]):
        raise ValueError(
            f"The output_path of the step '{state_id}' is {output['S3OutputPath']!r}, which is not in S3: "
            "give 's3://<bucket>/<prefix>'."
        )


def _of_transformer(state_id: str, transformer: Any) -> dict[str, Any]:
    check_instance(read(transformer, "instance_type"), f"The transformer of the step '{state_id}'")
    return given(
        ModelName=read(transformer, "model_name"),
        TransformOutput=given(
            S3OutputPath=read(transformer, "output_path"),
            KmsKeyId=read(transformer, "output_kms_key"),
            AssembleWith=read(transformer, "assemble_with"),
            Accept=read(transformer, "accept"),
        ),
        TransformResources=given(
            InstanceCount=read(transformer, "instance_count"),
            InstanceType=read(transformer, "instance_type"),
            VolumeKmsKeyId=read(transformer, "volume_kms_key"),
            TransformAmiVersion=read(transformer, "transform_ami_version"),
        ),
        BatchStrategy=read(transformer, "strategy"),
        MaxConcurrentTransforms=read(transformer, "max_concurrent_transforms"),
        MaxPayloadInMB=read(transformer, "max_payload"),
        Environment=copy_request(read(transformer, "env")),
        Tags=tag_list(read(transformer, "tags")),
    )
