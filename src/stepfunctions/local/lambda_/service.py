"""Lambda: functions in Python, run in warm worker processes of this machine.

Code comes as a zip (bytes, or an object in S3), or is a folder used where it is: with S3Bucket
``local-folder`` and the folder's absolute path as S3Key, workers restart by themselves when a file changes.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import LocalCloudError, ServiceError
from stepfunctions.local.jobs import Process, ProcessSpec
from stepfunctions.local.lambda_ import names
from stepfunctions.local.lambda_.code import LOCAL_FOLDER_BUCKET, Code, CodeStore, folder_code
from stepfunctions.local.lambda_.configuration import changed_configuration, new_configuration, revised, with_code
from stepfunctions.local.lambda_.fleet import Fleet
from stepfunctions.local.lambda_.functions import MIGRATIONS, Function, FunctionTable
from stepfunctions.local.lambda_.permissions import Permissions
from stepfunctions.local.lambda_.pool import Retired
from stepfunctions.local.lambda_.queue import EventQueue, QueuedEvent
from stepfunctions.local.lambda_.workers import Event, Reply
from stepfunctions.runtime.durability import Durability

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

REQUEST_LIMIT = 6_291_456
EVENT_LIMIT = 1_048_576
_PAGE = 50


class LambdaService:
    """The operations of AWS Lambda that workflows need. Only the version ``$LATEST`` exists."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        folder = cloud.data_dir / "lambda"
        database = cloud.database("lambda", MIGRATIONS)
        self._store = CodeStore(folder / "code", sync=cloud.durability is Durability.FULL)
        self._functions = FunctionTable(database, self._store.folder)
        self._permissions = Permissions(database)
        self._fleet = Fleet(self._find, self._launch, folder / "logs", cloud)
        self._queue = EventQueue(database, cloud.clock, self._deliver, cloud.work)

    def start(self) -> None:
        """Delete code that no function uses, and deliver the events that an earlier process accepted."""
        self._store.remove_unused(self._functions.folders())
        self._queue.start()

    def stop(self) -> None:
        """End all workers. Events in flight run again at the next start."""
        self._queue.stop(self._fleet.stop)

    def create_function(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Make a function; it is Active at once."""
        name = names.new_name(request["FunctionName"], call.account, call.region)
        configuration = new_configuration(request, name, call.account, call.region)
        if self._functions.get(name) is not None:
            raise _exists(name)
        function = self._revision(name, configuration, self._load(request["Code"]), request.get("Tags", {}))
        if not self._functions.put(function, replaces=None):
            raise _exists(name)
        return dict(function.configuration)

    def get_function(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return configuration, tags and where the code is on this machine (a file URI)."""
        function = self._asked(request, call)
        where = {
            "RepositoryType": "LocalFolder" if function.code.in_place else "S3",
            "Location": function.code.folder.as_uri(),
        }
        answer = {"Configuration": _described(function), "Code": where}
        return {**answer, "Tags": function.tags} if function.tags else answer

    def get_function_configuration(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return the configuration."""
        return _described(self._asked(request, call))

    def list_functions(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Return a page of functions in the order of their names."""
        after, size = request.get("Marker", ""), min(request.get("MaxItems", _PAGE), _PAGE)
        found = [name for name in self._functions.names() if name > after]
        page = [function for name in found[:size] if (function := self._functions.get(name)) is not None]
        answer: dict[str, Any] = {"Functions": [dict(function.configuration) for function in page]}
        if len(found) > size:
            answer["NextMarker"] = found[size - 1]
        return answer

    def update_function_code(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Replace the code; invocations in flight finish with the old one."""
        if request.get("ImageUri") or request.get("Publish") or request.get("PublishTo"):
            raise _invalid(
                "The local cloud takes zips, S3 objects and local folders, and keeps only $LATEST: "
                "leave ImageUri and Publish out."
            )
        code = self._load(request)

        def change(old: Function) -> Function:
            configuration = dict(old.configuration)
            if request.get("Architectures"):
                configuration["Architectures"] = request["Architectures"]
            return self._revision(old.name, configuration, code, old.tags)

        return self._update(request, call, change, dry_run=request.get("DryRun", False))

    def update_function_configuration(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Change what the request names; workers restart with it."""

        def change(old: Function) -> Function:
            return self._revision(old.name, changed_configuration(old.configuration, request), old.code, old.tags)

        return self._update(request, call, change)

    def delete_function(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Delete a function, its waiting events and its logs."""
        if request.get("Qualifier"):
            raise _invalid("$LATEST version cannot be deleted without deleting the function.")
        name = self._asked(request, call).name
        self._functions.remove(name)
        self._permissions.forget(name)
        self._fleet.retire(name, forget_logs=True)
        return {"StatusCode": 204}

    def add_permission(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Let a service or an account invoke a function: kept and shown."""
        function = self._asked(request, call)
        return {"Statement": self._permissions.add(function.name, function.configuration["FunctionArn"], request)}

    def remove_permission(self, request: dict[str, Any], call: Call) -> None:
        """Take a statement out of a function's policy."""
        self._permissions.remove(self._asked(request, call).name, request["StatementId"])

    def get_policy(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return a function's resource-based policy."""
        return self._permissions.policy(self._asked(request, call).name)

    def list_tags(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return a function's tags."""
        return {"Tags": self._asked({"FunctionName": request["Resource"]}, call).tags}

    def tag_resource(self, request: dict[str, Any], call: Call) -> None:
        """Add tags to a function."""
        self._tag(request["Resource"], call, lambda tags: {**tags, **request["Tags"]})

    def untag_resource(self, request: dict[str, Any], call: Call) -> None:
        """Take tags from a function."""
        gone = request["TagKeys"]
        self._tag(request["Resource"], call, lambda tags: {key: one for key, one in tags.items() if key not in gone})

    def invoke(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Run the handler (RequestResponse), accept an event for later (Event), or only check (DryRun)."""
        function = self._asked(request, call)
        kind = request.get("InvocationType", "RequestResponse")
        payload: bytes = request.get("Payload", b"")
        limit = EVENT_LIMIT if kind == "Event" else REQUEST_LIMIT
        if len(payload) > limit:
            raise ServiceError(
                "RequestTooLargeException",
                f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
                413,
            )
        if kind == "DryRun":
            return {"StatusCode": 204, "ExecutedVersion": names.LATEST}
        if kind == "Event":
            _check_json(payload)
            self._queue.add(function.name, call.request_id, payload, request.get("ClientContext"))
            return {"StatusCode": 202}
        event = _event(function, call.request_id, payload, request.get("ClientContext"))
        tail = request.get("LogType") == "Tail"
        try:
            reply, log = self._run(function, event, tail=tail)
        except Retired:
            raise ServiceError("ServiceException", "The local cloud is stopping.", 500) from None
        except LocalCloudError as error:
            raise ServiceError("ServiceException", f"No worker could be started: {error}", 500) from error
        return _response(reply, log if tail else None)

    def _tag(self, arn: str, call: Call, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        while True:
            old = self._asked({"FunctionName": arn}, call)
            if self._functions.put(dataclasses.replace(old, tags=change(old.tags)), replaces=old):
                return

    def _deliver(self, queued: QueuedEvent) -> bool:
        function = self._functions.get(queued.function)
        if function is None:
            return True
        event = _event(function, queued.request_id, queued.payload, queued.client_context)
        return self._run(function, event)[0].kind == "result"

    def _run(self, function: Function, event: Event, *, tail: bool = False) -> tuple[Reply, bytes]:
        began, dimensions = time.perf_counter(), {"FunctionName": function.name}
        try:
            reply, log = self._fleet.invoke(function.name, event, tail=tail)
        except ServiceError as error:
            if error.code == "TooManyRequestsException":
                self._cloud.measure("AWS/Lambda", "Throttles", 1, "Count", dimensions)
            raise
        duration = round((time.perf_counter() - began) * 1000, 2)
        failed = reply.kind != "result"
        for name, value, unit in (
            ("Invocations", 1, "Count"), ("Errors", int(failed), "Count"), ("Duration", duration, "Milliseconds")
        ):  # fmt: skip
            self._cloud.measure("AWS/Lambda", name, value, unit, dimensions)
        return reply, log

    def _launch(self, spec: ProcessSpec, *, channel: bool) -> Process:
        process: Process = self._cloud.jobs.launch(spec, channel=channel)
        return process

    def _find(self, name: str) -> Function:
        function = self._functions.get(name)
        if function is None:
            raise names.not_found(names.function_arn(self._cloud.account, self._cloud.region, name))
        return function

    def _asked(self, request: Mapping[str, Any], call: Call) -> Function:
        return self._find(
            names.function_name(request["FunctionName"], request.get("Qualifier"), call.account, call.region)
        )

    def _revision(self, name: str, configuration: dict[str, Any], code: Code, tags: dict[str, str]) -> Function:
        whole = revised(with_code(configuration, code), self._cloud.clock.now())
        return Function(name=name, configuration=whole, code=code, tags=tags)

    def _update(
        self, request: Mapping[str, Any], call: Call, change: Callable[[Function], Function], *, dry_run: bool = False
    ) -> dict[str, Any]:
        while True:
            old = self._asked(request, call)
            if request.get("RevisionId") not in (None, old.revision):
                raise ServiceError(
                    "PreconditionFailedException",
                    "The Revision Id provided does not match the latest Revision Id. Call the "
                    "GetFunction/GetAlias API to retrieve the latest Revision Id",
                    412,
                )
            new = change(old)
            if dry_run:
                return dict(new.configuration)
            if self._functions.put(new, replaces=old):
                self._fleet.retire(old.name)
                return dict(new.configuration)

    def _load(self, source: Mapping[str, Any]) -> Code:
        """Return the code that a FunctionCode (or UpdateFunctionCode's request) names."""
        if source.get("ImageUri"):
            raise _invalid(
                "The local cloud runs no container images for Lambda: give ZipFile, S3Bucket and "
                "S3Key, or a local folder."
            )
        if "ZipFile" in source:
            return self._store.add_zip(io.BytesIO(source["ZipFile"]))
        bucket, key = source.get("S3Bucket"), source.get("S3Key")
        if not bucket or not key:
            raise _invalid("Please provide a source for function code: ZipFile, or S3Bucket and S3Key.")
        if bucket == LOCAL_FOLDER_BUCKET:
            return folder_code(key)
        try:
            file = self._cloud.service("s3").objects.open(bucket, key, source.get("S3ObjectVersion") or None)
        except ServiceError as error:
            raise _invalid(
                f"Error occurred while GetObject. S3 Error Code: {error.code}. S3 Error Message: {error.message}"
            ) from error
        with file:
            return self._store.add_zip(file)


def create(cloud: Cloud) -> LambdaService:
    """Make the service for a cloud."""
    return LambdaService(cloud)


def _described(function: Function) -> dict[str, Any]:
    """Return the configuration; for a folder used in place with the hash of its files now."""
    if not function.code.in_place or not function.code.folder.is_dir():
        return dict(function.configuration)
    return with_code(function.configuration, folder_code(str(function.code.folder)))


def _event(function: Function, request_id: str, payload: bytes, client_context: str | None) -> Event:
    return Event(
        request_id=request_id,
        arn=function.configuration["FunctionArn"],
        payload=payload,
        timeout_seconds=float(function.configuration["Timeout"]),
        client_context=client_context,
    )


def _response(reply: Reply, log: bytes | None) -> dict[str, Any]:
    if reply.kind == "bad-event":
        raise _bad_json(json.loads(reply.payload))
    answer = {"StatusCode": 200, "ExecutedVersion": names.LATEST, "Payload": reply.payload}
    if reply.kind == "error":
        answer["FunctionError"] = "Unhandled"
    if log is not None:
        answer["LogResult"] = base64.b64encode(log).decode()
    return answer


def _check_json(payload: bytes) -> None:
    try:
        json.loads(payload or b"{}")
    except (ValueError, RecursionError) as error:
        raise _bad_json(str(error)) from None


def _bad_json(why: str) -> ServiceError:
    return ServiceError("InvalidRequestContentException", f"Could not parse request body into json: {why}")


def _exists(name: str) -> ServiceError:
    return ServiceError("ResourceConflictException", f"Function already exist: {name}", 409)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message)
