"""SageMaker runtime: InvokeEndpoint.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.fleet import Answer, Deployment, ServerFailed
from stepfunctions.local.sagemaker.places import Missing
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


class SageMakerRuntime:
    """The service ``sagemaker-runtime``."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def invoke_endpoint(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Ask the variant chosen by weight, or TargetVariant; TargetModel names one of many models."""
        for member in ("TargetContainerHostname", "InferenceComponentName", "EnableExplanations", "SessionId"):
            if member in request:
                raise _invalid(f"{member} is not supported by the local cloud.")
        endpoints, name = self._cloud.service("sagemaker").endpoints, request["EndpointName"]
        while True:
            route = endpoints.route(name)
            if route is None:
                raise _invalid(f"Endpoint {name} of account {call.account} not found.")
            deployment = route.choose()
            variant = request.get("TargetVariant") or deployment.choose()
            began = time.perf_counter()
            try:
                with deployment.asked():
                    answer = self._ask(deployment, variant, request)
                self._measure(name, variant, answer.status, time.perf_counter() - began)
                break
            except ServerFailed as error:
                route = endpoints.route(name)
                if route is not None and deployment in route.fleets():
                    self._measure(name, variant, 500, time.perf_counter() - began)
                    raise ServiceError(
                        "ModelError", f'Received server error (500) from {variant} with message "{error}".', 424
                    ) from error
                # it has just been replaced: ask the one that is there now
        sides = {"Input": (bytes(request["Body"]), request.get("ContentType", "application/json"))}
        sides["Output"] = (answer.body, answer.content_type)
        endpoints.captures.note(deployment.capture, name, variant, sides, request.get("InferenceId"))
        if answer.status >= 400:
            raise _model_error(answer, variant)
        return {"Body": answer.body, "ContentType": answer.content_type, "InvokedProductionVariant": variant}

    def _measure(self, endpoint: str, variant: str, status: int, seconds: float) -> None:
        """Put an invocation's metrics. The model's latency has our overhead in it: there is no other party between."""
        for name, value, unit in (
            ("Invocations", 1, "None"),
            ("Invocation4XXErrors", int(400 <= status < 500), "None"),
            ("Invocation5XXErrors", int(status >= 500), "None"),
            ("ModelLatency", round(seconds * 1e6), "Microseconds"),
        ):
            dimensions = {"EndpointName": endpoint, "VariantName": variant}
            self._cloud.measure("AWS/SageMaker", name, value, unit, dimensions)

    def _ask(self, deployment: Deployment, variant: str, request: dict[str, Any]) -> Answer:
        server = deployment.servers.get(variant)
        if server is None:
            raise _invalid(
                f"Variant {variant} not found for Request: the endpoint {request['EndpointName']} has "
                f"{', '.join(deployment.servers)}."
            )
        target = request.get("TargetModel")
        if (target is not None) != server.many:
            raise _invalid(
                f"TargetModel must {'' if server.many else 'not '}be given: the variant {variant} serves "
                f"{'many models' if server.many else 'one model'}."
            )
        headers = {
            "Content-Type": request.get("ContentType", "application/json"),
            "Accept": request.get("Accept", "*/*"),
        }
        if "CustomAttributes" in request:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = request["CustomAttributes"]
        try:
            return server.invoke(bytes(request["Body"]), headers, target)
        except Missing as error:
            raise _invalid(f"Failed to download model data from bucket: {error}") from error


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def _model_error(answer: Answer, variant: str) -> ServiceError:
    side = "server" if answer.status >= 500 else "client"
    text = answer.body.decode("utf-8", "replace")
    return ServiceError(
        "ModelError", f'Received {side} error ({answer.status}) from {variant} with message "{text}".', 424
    )


def create(cloud: Cloud) -> SageMakerRuntime:
    """Make the service of a cloud."""
    return SageMakerRuntime(cloud)
