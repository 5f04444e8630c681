"""Serve models: CreateEndpointConfig, CreateEndpoint, UpdateEndpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.integration_resources import get_service_integration_arn
from stepfunctions.steps.sagemaker.objects import given, to_request
from stepfunctions.steps.sagemaker.request import copy_request, overlay
from stepfunctions.steps.sagemaker.step import SageMakerStep

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields

_SDK = "aws-sdk:sagemaker"
_LONGEST_LIST_OF_VARIANTS = 10


@dataclass(frozen=True, kw_only=True)
class ProductionVariant:
    """A model on a fleet of its own, behind an endpoint of one or several variants.

    Give ``instance_type`` (with ``initial_instance_count``), or ``serverless``: ``{"MemorySizeInMB": 2048,
    "MaxConcurrency": 5}``. ``initial_variant_weight`` is its share of the traffic, relative to the other variants'
    (1.0 when None). ``more`` has further members of the API, by their names there; it is merged over the others.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    """

    model_name: str | Expression | None = None
    variant_name: str | Expression = "AllTraffic"
    instance_type: str | Expression | None = None
    initial_instance_count: int | Expression | None = None
    initial_variant_weight: float | Expression | None = None
    serverless: Mapping[str, Any] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_request(self) -> dict[str, Any]:
        """Return the variant in the API's form. Raises ValueError when it has both kinds of fleet, or none."""
        fleet = self.instance_type is not None or "ManagedInstanceScaling" in self.more or "InstancePools" in self.more
        if fleet == (self.serverless is not None) and "ServerlessConfig" not in self.more:
            raise ValueError(
                f"The variant '{self.variant_name}' is given instance_type='ml.…' or serverless={{'MemorySizeInMB': …, "
                "'MaxConcurrency': …}, one of them."
            )
        count = 1 if self.initial_instance_count is None and self.instance_type is not None else None
        request = given(
            InitialInstanceCount=self.initial_instance_count if count is None else count,
            InstanceType=self.instance_type,
            ModelName=self.model_name,
            VariantName=self.variant_name,
            InitialVariantWeight=self.initial_variant_weight,
            ServerlessConfig=copy_request(self.serverless),
        )
        overlay(request, self.more, "member")
        return request


class EndpointConfigStep(SageMakerStep):
    """Describe the fleets that serve models.

    With ``model_name``, ``initial_instance_count`` and ``instance_type`` there is one variant, ``variant_name``.
    ``variants`` gives 1 to 10 instead: :class:`ProductionVariant` objects, dicts in the API's form, or shapes of the
    SageMaker SDK 3; ``shadow_variants`` get a copy of the traffic, and their answers are dropped.
    ``data_capture_config``: a dict in the API's form, or a DataCaptureConfig of either SDK. ``tags``: a dict, or a
    placeholder of a list of pairs.

    Members that the optimised integration is not documented to take (shadow variants, asynchronous inference …) make
    the step call the API through ``aws-sdk:sagemaker``, whose errors are named ``SageMaker.…`` as well.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
    """

    ACTION = "createEndpointConfig"
    NAME = "EndpointConfigName"
    OPTIMISED: ClassVar[frozenset[str]] = frozenset(
        {"EndpointConfigName", "ProductionVariants", "DataCaptureConfig", "KmsKeyId", "Tags"}
    )

    def __init__(
        self,
        state_id: str,
        endpoint_config_name: str | Expression | None = None,
        model_name: str | Expression | None = None,
        initial_instance_count: int | Expression | None = None,
        instance_type: str | Expression | None = None,
        variant_name: str | Expression = "AllTraffic",
        data_capture_config: Any = None,
        tags: Any = None,
        *,
        variants: Sequence[Any] | None = None,
        shadow_variants: Sequence[Any] | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        request: dict[str, Any] = given(EndpointConfigName=endpoint_config_name)
        single = given(InitialInstanceCount=initial_instance_count, InstanceType=instance_type, ModelName=model_name)
        if variants is not None and single:
            raise ValueError(
                f"The step '{state_id}' is given variants and also {', '.join(single)} of a single variant: write them "
                "into the variants."
            )
        if variants is not None:
            request["ProductionVariants"] = _variants(state_id, variants)
        elif single:
            request["ProductionVariants"] = [{**single, "VariantName": variant_name}]
        if shadow_variants is not None:
            request["ShadowProductionVariants"] = _variants(state_id, shadow_variants)
        if data_capture_config is not None:
            request["DataCaptureConfig"] = to_request(data_capture_config)
        super().__init__(state_id, request, fields, tags=tags)
        if "ProductionVariants" not in {name.removesuffix(".$") for name in self.request}:
            raise ValueError(
                f"The step '{state_id}' has no variant: give model_name, initial_instance_count and instance_type, or "
                "variants=[ProductionVariant(…)]."
            )
        _use_api(self)


class EndpointStep(SageMakerStep):
    """Create an endpoint, or with ``update=True`` put an existing one on another configuration.

    ``deployment_config`` says how traffic moves and what rolls it back, as a dict in the API's form or a shape of the
    SageMaker SDK 3. It, and other members that the optimised integration is not documented to take, make the step
    call the API through ``aws-sdk:sagemaker``. ``tags`` are for a new endpoint: UpdateEndpoint takes none.

    The step does not wait: AWS has no ``.sync`` for endpoints. Poll DescribeEndpoint after it.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
    """

    ACTION = "createEndpoint"
    NAME = "EndpointName"
    NEEDS: ClassVar[Mapping[str, str]] = {"EndpointConfigName": "give endpoint_config_name."}
    OPTIMISED: ClassVar[frozenset[str]] = frozenset({"EndpointName", "EndpointConfigName", "Tags"})

    def __init__(
        self,
        state_id: str,
        endpoint_name: str | Expression,
        endpoint_config_name: str | Expression,
        tags: Any = None,
        update: bool = False,
        *,
        deployment_config: Any = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        if update and tags is not None:
            raise ValueError(
                f"The step '{state_id}' updates an endpoint, and UpdateEndpoint takes no tags. Leave them out, or call "
                "AddTags."
            )
        request = {"EndpointConfigName": endpoint_config_name, "EndpointName": endpoint_name}
        if deployment_config is not None:
            request["DeploymentConfig"] = to_request(deployment_config)
        super().__init__(state_id, request, fields, tags=tags)
        _use_api(self, "updateEndpoint" if update else "createEndpoint")


def _variants(state_id: str, variants: Sequence[Any]) -> list[Any]:
    if not isinstance(variants, (list, tuple)) or not 1 <= len(variants) <= _LONGEST_LIST_OF_VARIANTS:
        raise ValueError(
            f"The step '{state_id}' takes a list of 1 to {_LONGEST_LIST_OF_VARIANTS} variants: "
            "[ProductionVariant(model_name=…, instance_type=…), …]."
        )
    return [to_variant(variant) for variant in variants]


def to_variant(variant: Any) -> Any:
    """Return a production variant in the API's form."""
    return variant.to_request() if isinstance(variant, ProductionVariant) else to_request(variant)


def _use_api(step: EndpointConfigStep | EndpointStep, action: str | None = None) -> None:
    """Call the API itself where the optimised integration may not take a member."""
    optimised = {name.removesuffix(".$") for name in step.request} <= step.OPTIMISED
    step.resource = get_service_integration_arn(step.SERVICE if optimised else _SDK, action or step.ACTION)
