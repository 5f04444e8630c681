"""The model registry, and labelling: CreateModelPackage(Group), UpdateModelPackage, CreateLabelingJob.

The registry has no optimised integration: these steps call its API through ``aws-sdk:sagemaker``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.sagemaker.models import model_request
from stepfunctions.steps.sagemaker.objects import given, is_a, to_request
from stepfunctions.steps.sagemaker.request import copy_request, find, put
from stepfunctions.steps.sagemaker.step import SageMakerStep

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.integration_resources import IntegrationPattern
    from stepfunctions.steps.signatures import ServiceFields

APPROVALS = ("Approved", "Rejected", "PendingManualApproval")
_CSV = ("text/csv",)
_CONTAINER = (
    "ContainerHostname",
    "Image",
    "ModelDataUrl",
    "ModelDataSource",
    "Environment",
    "AdditionalModelDataSources",
)
"""Members of a model's container that a package's container has too."""


class _RegistryStep(SageMakerStep):
    SERVICE = "aws-sdk:sagemaker"

    @classmethod
    def patterns(cls) -> list[IntegrationPattern]:
        """Return the integration patterns of this step's action: the plain call alone."""
        from stepfunctions.steps.integration_resources import IntegrationPattern

        return [IntegrationPattern.CallAndContinue]


class ModelPackageStep(_RegistryStep):
    """Register a model as a new version in a model package group.

    ``model`` is a CreateModelPackage request, or whatever :class:`ModelStep` takes: of it the containers are
    registered. ``content_types`` and ``response_types``: MIME types of requests and answers. ``inference_instances``,
    ``transform_instances``: instance types it may run on. ``approval_status``: ``PendingManualApproval``, ``Approved``
    or ``Rejected``. ``model_metrics``: as the API has it. ``customer_metadata``: a dict of strings.
    AWS tags groups, not versions.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
    """

    ACTION = "createModelPackage"
    NEEDS: ClassVar[Mapping[str, str]] = {"ModelPackageGroupName": "give model_package_group_name."}

    def __init__(
        self,
        state_id: str,
        model: Any,
        model_package_group_name: str | Expression | None = None,
        *,
        content_types: Sequence[str] = _CSV,
        response_types: Sequence[str] = _CSV,
        inference_instances: Sequence[str] | None = None,
        transform_instances: Sequence[str] | None = None,
        approval_status: str | Expression = "PendingManualApproval",
        description: str | Expression | None = None,
        model_metrics: Any = None,
        customer_metadata: Mapping[str, Any] | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        if isinstance(model, Mapping) and {"InferenceSpecification", "ModelPackageGroupName"} & set(model):
            request: dict[str, Any] = copy_request(model)
        else:
            _check_approval(approval_status)
            request = {
                "InferenceSpecification": {
                    "Containers": _containers(state_id, model),
                    "SupportedContentTypes": list(content_types),
                    "SupportedResponseMIMETypes": list(response_types),
                    **given(
                        SupportedRealtimeInferenceInstanceTypes=copy_request(inference_instances),
                        SupportedTransformInstanceTypes=copy_request(transform_instances),
                    ),
                },
                "ModelApprovalStatus": approval_status,
            }
        request |= given(
            ModelPackageGroupName=model_package_group_name,
            ModelPackageDescription=description,
            ModelMetrics=to_request(model_metrics),
            CustomerMetadataProperties=copy_request(customer_metadata),
        )
        super().__init__(state_id, request, fields)

    def get_model(self, role: str | Expression, model_name: str | Expression | None = None) -> dict[str, Any]:
        """Return the CreateModel request of the registered version, for :class:`ModelStep`.

        ``role`` is the ARN of the model's role.
        """
        request: dict[str, Any] = {
            "PrimaryContainer": {"ModelPackageName": self.output()["ModelPackageArn"]},
            "ExecutionRoleArn": role,
        }
        return request if model_name is None else {**request, "ModelName": model_name}


class ModelPackageGroupStep(_RegistryStep):
    """Make a model package group, which holds the versions of one model.

    AWS fails when there is one of this name: catch ``SageMaker.SageMakerException`` to go on.
    ``tags``: a dict, or a placeholder of a list of pairs.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackageGroup.html
    """

    ACTION = "createModelPackageGroup"
    NAME = "ModelPackageGroupName"

    def __init__(
        self,
        state_id: str,
        model_package_group_name: str | Expression,
        description: str | Expression | None = None,
        tags: Any = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        request: dict[str, Any] = {"ModelPackageGroupName": model_package_group_name}
        request |= given(ModelPackageGroupDescription=description)
        super().__init__(state_id, request, fields, tags=tags)


class ModelApprovalStep(_RegistryStep):
    """Approve or reject a version in the model registry.

    ``approval_status``: ``Approved``, ``Rejected``, ``PendingManualApproval``, or a placeholder of one of them.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
    """

    ACTION = "updateModelPackage"

    def __init__(
        self,
        state_id: str,
        model_package_arn: str | Expression,
        approval_status: str | Expression = "Approved",
        description: str | Expression | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        _check_approval(approval_status)
        request: dict[str, Any] = {"ModelPackageArn": model_package_arn, "ModelApprovalStatus": approval_status}
        request |= given(ApprovalDescription=description)
        super().__init__(state_id, request, fields)


class LabelingStep(SageMakerStep):
    """Have people label data, and by default wait for the end.

    ``labeling_job`` is the CreateLabelingJob request as a dict.
    ``job_name``: unique in an account and Region, at most 63 letters, digits and hyphens. None: the request's, else
    ``<state>-<UUID>``, new in every attempt. ``tags``: a dict, or a placeholder of a list of pairs.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateLabelingJob.html
    """

    ACTION = "createLabelingJob"
    NAME = "LabelingJobName"
    NEEDS: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("LabelAttributeName", "InputConfig", "OutputConfig", "RoleArn", "HumanTaskConfig"),
        "write it into the request.",
    )

    def __init__(
        self,
        state_id: str,
        labeling_job: Any,
        job_name: str | Expression | None = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        request = copy_request(labeling_job)
        put(request, LabelingJobName=job_name)
        super().__init__(state_id, request, fields, wait_for_completion=wait_for_completion, tags=tags)


def _check_approval(status: Any) -> None:
    if isinstance(status, str) and status not in APPROVALS:
        raise ValueError(f"'{status}' is no approval status. Write one of: {', '.join(APPROVALS)}.")


def _containers(state_id: str, model: Any) -> list[dict[str, Any]]:
    request = model if is_a(model, "dict") and "Image" in model else model_request(model, None)
    containers = find(request, "Containers") or [find(request, "PrimaryContainer") or request]
    kept = [
        given(**{name: value for name, value in container.items() if name.removesuffix(".$") in _CONTAINER})
        for container in containers
    ]
    if not all(find(container, "Image") is not None for container in kept):
        raise ValueError(
            f"The model of the step '{state_id}' has a container without an Image, which a registered version needs."
        )
    return kept
