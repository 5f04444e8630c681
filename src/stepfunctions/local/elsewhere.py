"""Services that the local cloud does not have itself: moto stands for them, or AWS does where the user says so."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.check import coerce
from stepfunctions.local.wire.models import method_name, operation_model

NO_ANSWER = "SdkClientException"
"""What the SDK for Java calls a call without an answer: no credentials, no connection."""


class Elsewhere:
    """Calls by AWS's names to services at another place, through boto3 clients that are made on first use.

    ``make_client`` takes boto3's name of a service. ``polls`` are the shortest and the longest pause, in seconds,
    between two questions about a job there. ``endpoint`` is where all services are, empty when each has its own.
    """

    def __init__(self, make_client: Callable[[str], Any], *, polls: tuple[float, float], endpoint: str = "") -> None:
        self._make_client = make_client
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self.polls = polls
        self.endpoint = endpoint

    def call(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Call an operation and return its response, without its metadata. Every refusal is a ServiceError."""
        from botocore.exceptions import BotoCoreError, ClientError

        model = operation_model(service, operation)
        if model is None:
            raise ServiceError("UnknownOperationException", f"{service}:{operation} is no operation of this service.")
        request, _ = coerce(params, model.input_shape)  # what the values must be is the service's to say
        try:
            response: dict[str, Any] = getattr(self.client(service), method_name(operation))(**request)
        except ClientError as error:
            raise _refusal(error, f"{service}:{operation}") from None
        except BotoCoreError as error:
            raise ServiceError(NO_ANSWER, f"{service}:{operation}: {error}", 503) from None
        response.pop("ResponseMetadata", None)
        return response

    def upload(self, content: IO[bytes], bucket: str, key: str) -> None:
        """Write an object of S3, in parts when it is large. Raises ServiceError."""
        from boto3.exceptions import S3UploadFailedError
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client("s3").upload_fileobj(content, bucket, key, ExtraArgs={"ContentType": "application/json"})
        except ClientError as error:
            raise _refusal(error, "s3:PutObject") from None
        except (BotoCoreError, S3UploadFailedError) as error:
            raise ServiceError(NO_ANSWER, f"s3:PutObject: {error}", 503) from None

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service, made on first use."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]


def _refusal(error: Any, called: str) -> ServiceError:
    """Return what a service said; a text that is no error of a service's is named after the call."""
    said = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    code, message = str(said.get("Code") or status), str(said.get("Message") or "")
    return ServiceError(code, message or f"{called} was refused with status {status}.", status)


def aws(endpoint: str | None, region: str) -> Elsewhere:
    """Return AWS itself, with the credentials and the Region of the user's own configuration.

    ``endpoint`` is the local cloud's: a configuration that leads back to it is refused. ``region`` is used when the
    configuration has none.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    made: list[Any] = []

    def client(service: str) -> Any:
        try:
            if not made:
                made.append(boto3.session.Session())
            found = made[0].client(service, region_name=made[0].region_name or region)
        except (BotoCoreError, ValueError) as error:
            raise ServiceError(NO_ANSWER, f"{service}: {error}", 503) from None
        if endpoint is not None and found.meta.endpoint_url.rstrip("/") == endpoint.rstrip("/"):
            raise ServiceError(
                NO_ANSWER,
                f"'--real {service}' leads back to this local cloud ({endpoint}): start it without "
                "AWS_ENDPOINT_URL in its environment.",
                503,
            )
        return found

    return Elsewhere(client, polls=(1.0, 30.0))


def at(endpoint: str, account: str, region: str) -> Elsewhere:
    """Return the services at an endpoint of this machine, which checks no credentials.

    The user's own configuration says nothing here: also one that cannot be read, or a profile that is not there.
    """
    import boto3
    import botocore.session
    from botocore.config import Config

    nothing = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    own = botocore.session.Session(session_vars={"profile": (None, None, None, None), **nothing})
    session = boto3.session.Session(
        aws_access_key_id=account, aws_secret_access_key="local", region_name=region, botocore_session=own
    )
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, parameter_validation=False)

    host = urlsplit(endpoint).netloc

    def here(request: Any, **_: Any) -> None:
        """Send a request here also when its address has an account's prefix, or is a queue's."""
        request.url = urlunsplit(urlsplit(request.url)._replace(scheme="http", netloc=host))

    def client(service: str) -> Any:
        made = session.client(service, endpoint_url=endpoint, config=config)
        made.meta.events.register("before-send", here)
        return made

    return Elsewhere(client, polls=(0.05, 2.0), endpoint=endpoint)
