"""``eks:call`` and ``eks:runJob``: the Kubernetes API of an EKS cluster.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.errors import StateFailed
from stepfunctions.local.tasks.actions import Context
from stepfunctions.local.tasks.shapes import unusable
from stepfunctions.local.tasks.web import WebRequest, WebResponse, answered, base, body_of, checked, listed

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_TOKEN = "k8s-aws-v1."


def call(context: Context, arguments: Any) -> JSON:
    """Read or write Kubernetes objects. Raises StateFailed (``EKS.<status>``) for any other answer than 2xx."""
    arguments = checked(context, arguments)
    return _ask(
        context.cloud,
        arguments,
        arguments["Method"],
        arguments["Path"],
        listed(arguments.get("QueryParameters")),
        arguments.get("RequestBody"),
    ).result()


def run_job(context: Context, arguments: Any) -> JSON:
    """Create a job of ``batch/v1``."""
    arguments = checked(context, arguments)
    return _ask(context.cloud, arguments, "POST", _jobs(arguments), [], arguments["Job"]).result()


def result(cloud: Cloud, submitted: Any, arguments: Any) -> JSON | None:
    """Return a job that has ended, with its logs where they are wanted; None while it runs."""
    name = submitted["ResponseBody"]["metadata"]["name"]
    job: Any = _ask(cloud, arguments, "GET", f"{_jobs(arguments)}/{quote(name)}").content()
    conditions = {one["type"] for one in (job.get("status") or {}).get("conditions") or () if one["status"] == "True"}
    if not conditions & {"Complete", "Failed"}:
        return None
    options = arguments.get("LogOptions") or {}
    found = {**job, "logs": _logs(cloud, arguments, name, options)} if options.get("RetrieveLogs") else job
    if "Failed" in conditions:
        raise StateFailed("States.TaskFailed", dumps(found))
    return found


def _jobs(arguments: Any) -> str:
    return f"/apis/batch/v1/namespaces/{quote(arguments.get('Namespace') or 'default')}/jobs"


def _logs(cloud: Cloud, arguments: Any, name: str, options: Any) -> JSON:
    """Return the logs of each container of a job's pods; what cannot be read has an error and a cause."""
    pods = f"/api/v1/namespaces/{quote(arguments.get('Namespace') or 'default')}/pods"
    listing: Any = _ask(cloud, arguments, "GET", pods, [("labelSelector", f"job-name={name}")]).content()
    found: dict[str, JSON] = {}
    for pod in listing.get("items") or ():
        read: dict[str, JSON] = {}
        for container in pod["spec"]["containers"]:
            query = [("container", container["name"]), *listed(options.get("LogParameters"))]
            path = f"{pods}/{quote(pod['metadata']['name'])}/log"
            try:
                text = _ask(cloud, arguments, "GET", path, query).text
                read[container["name"]] = {"log": text if options.get("RawLogs") else _parsed(text)}
            except StateFailed as failure:
                read[container["name"]] = {"error": failure.error, "cause": failure.cause}
        found[pod["metadata"]["name"]] = {"containers": read}
    return {"pods": found}


def _parsed(text: str) -> JSON:
    try:
        value: JSON = json.loads(text)
    except ValueError:
        return text
    return value


def _ask(
    cloud: Cloud,
    arguments: Any,
    method: str,
    path: str,
    query: list[tuple[str, str]] | None = None,
    body: Any = None,
) -> WebResponse:
    try:
        authority = base64.b64decode(arguments["CertificateAuthority"], validate=True).decode()
    except (binascii.Error, ValueError):
        raise unusable(arguments, "CertificateAuthority must be a certificate in Base64") from None
    url = base(str(arguments["Endpoint"]), arguments)
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
    if url.startswith("https"):
        headers["Authorization"] = f"Bearer {_token(arguments['ClusterName'], cloud)}"
    request = WebRequest(
        method=method,
        url=f"{url}/{path.lstrip('/')}",
        headers=headers,
        query=query or [],
        body=body_of(body),
        authority=authority if url.startswith("https") else None,
    )
    return answered(request, lost="EKS.SdkClientException", refused="EKS")


def _token(cluster: str, cloud: Cloud) -> str:
    """Return the bearer token of a cluster: a signed question to STS who its bearer is."""
    import boto3
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    credentials = boto3.session.Session().get_credentials()
    if credentials is None:
        raise StateFailed("EKS.SdkClientException", "A Kubernetes API over HTTPS needs AWS credentials.")
    url = f"https://sts.{cloud.region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="GET", url=url, headers={"x-k8s-aws-id": cluster})
    SigV4QueryAuth(credentials, "sts", cloud.region, expires=60).add_auth(request)
    return _TOKEN + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")
