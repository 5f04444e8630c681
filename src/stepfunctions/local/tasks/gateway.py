"""API Gateway tasks: a request to an API's stage.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
"""

from __future__ import annotations

from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.local.tasks.actions import Context
from stepfunctions.local.tasks.shapes import unusable
from stepfunctions.local.tasks.web import WebRequest, answered, base, body_of, checked, listed

_AUTHS = ("NO_AUTH", "IAM_ROLE", "RESOURCE_POLICY")


def invoke(context: Context, arguments: Any) -> JSON:
    """Call the API and return its answer. Raises StateFailed (``ApiGateway.<status>``) for any other than 2xx."""
    arguments = checked(context, arguments)
    auth = arguments.get("AuthType", "NO_AUTH")
    if auth not in _AUTHS:
        raise unusable(arguments, f"AuthType must be one of {', '.join(_AUTHS)}")
    path = "/".join(str(arguments[name]).strip("/") for name in ("Stage", "Path") if arguments.get(name))
    headers = {"Content-Type": "application/json"}
    for name, value in listed(arguments.get("Headers")):
        headers[name] = f"{headers[name]},{value}" if name in headers and name != "Content-Type" else value
    request = WebRequest(
        method=arguments["Method"],
        url=f"{base(str(arguments['ApiEndpoint']), arguments)}/{path}",
        headers=headers,
        query=listed(arguments.get("QueryParameters")),
        body=body_of(arguments.get("RequestBody")),
    )
    if auth != "NO_AUTH":
        _sign(request, context)
    return answered(request, lost="ApiGateway.SdkClientException", refused="ApiGateway").result()


def _sign(request: WebRequest, context: Context) -> None:
    """Sign for ``execute-api``: with the user's credentials where API Gateway is real, else with dummies."""
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    own = boto3.session.Session().get_credentials() if "apigateway" in context.cloud.real else None
    signed = AWSRequest(method=request.method, url=request.address, headers=request.headers, data=request.body)
    SigV4Auth(own or Credentials("local", "local"), "execute-api", context.cloud.region).add_auth(signed)
    request.headers = dict(signed.headers.items())
