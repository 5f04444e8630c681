"""One step of an operation: a resource is made, changed, deleted or brought back."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import LocalCloudError, ServiceError
from stepfunctions.local.cloudformation.handlers import Context, Handler, Interrupted, Made, handler_of, supported_types
from stepfunctions.local.cloudformation.parameters import hidden_values, masked
from stepfunctions.local.cloudformation.records import Body, Stack, Tables
from stepfunctions.local.cloudformation.template import Resource

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class Failed(Exception):
    """An operation cannot go on; ``names`` are the resources that failed."""

    def __init__(self, reason: str, names: list[str]) -> None:
        self.reason = reason
        self.names = names


def work_key(operation: str) -> str:
    """Return the key by which an operation is at work on the cloud's clock."""
    return f"cloudformation:{operation}"


def changed(old: Body, new: Body) -> set[str]:
    """Return the names of properties that differ."""
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


class Workshop:
    """Takes the steps, and notes each before and after. ``stopping``: the cloud stops."""

    def __init__(self, cloud: Cloud, tables: Tables) -> None:
        self._cloud = cloud
        self._tables = tables
        self.stopping = threading.Event()

    def go_on(self) -> None:
        """Raise :class:`Interrupted` when the cloud stops."""
        if self.stopping.is_set():
            raise Interrupted

    def event(
        self, stack: Stack, logical: str, kind: str, physical: str, status: str, reason: str | None = None,
        properties: Body | None = None,
    ) -> None:  # fmt: skip
        """Add an event of a stack."""
        doc = {
            "EventId": f"{logical}-{status}-{uuid.uuid4()}" if logical != stack.name else str(uuid.uuid4()),
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "Timestamp": self._cloud.clock.now(),
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "ResourceProperties": None if properties is None else json.dumps(masked(properties, hidden_values(stack))),
            "ClientRequestToken": stack.doc.get("token"),
        }
        self._tables.add_event(stack, {name: one for name, one in doc.items() if one is not None})

    @contextmanager
    def _resting(self, stack: Stack) -> Iterator[None]:
        """Be not at work meanwhile, so that a clock that jumps may go on to what is waited for."""
        if stack.operation is None:
            yield
            return
        key = work_key(stack.operation["id"])
        self._cloud.work.end(key)
        try:
            yield
        finally:
            self._cloud.work.begin(key)

    def context(self, stack: Stack, logical: str, unique: str, *, again: bool) -> Context:
        """Return for whom a handler works."""
        return Context(
            cloud=self._cloud,
            stack_name=stack.name,
            stack_id=stack.arn,
            logical_id=logical,
            region=stack.region,
            account=stack.account,
            unique=unique,
            tags=((stack.operation or {}).get("desired") or stack.doc.get("desired") or {}).get("tags", {}),
            again=again,
            stopping=self.stopping.is_set,
            resting=lambda: self._resting(stack),
        )

    def step(
        self, stack: Stack, operation: Body, resource: Resource, position: int, properties: Body, row: Body | None
    ) -> Body:
        """Bring a resource to where its template wants it, and return its row. Raises :class:`Failed`."""
        mine = row is not None and row.get("op") == operation["id"]
        if mine and row is not None and row["status"].endswith("_COMPLETE"):
            return row
        before = row.get("before") if mine and row is not None else row
        handler = handler_of(resource.type)
        action = _action(handler, before, resource, properties)
        base: Body = {
            "type": resource.type,
            "deletion": resource.deletion,
            "replacement": resource.replacement,
            "metadata": resource.metadata,
        }
        if action == "keep" and before is not None:
            kept = {**before, **base}
            self._tables.put_resource(stack, resource.name, position, kept)
            return kept
        made: Body = {
            **base,
            "op": operation["id"],
            "action": action,
            "before": _plain(before),
            "unique": row["unique"] if mine and row is not None else uuid.uuid4().hex,
            "properties": properties,
            "physical": before["physical"] if action == "update" and before else "",
            "attributes": before["attributes"] if action == "update" and before else {},
        }
        self._perform(stack, handler, resource.name, position, made, again=mine)
        return made

    def _perform(
        self, stack: Stack, handler: Handler | None, name: str, position: int, row: Body, *, again: bool
    ) -> None:
        verb = "CREATE" if row["before"] is None else "UPDATE"
        begun = _REPLACING if row["action"] == "replace" else None
        self._note(stack, name, position, row, f"{verb}_IN_PROGRESS", begun)
        context = self.context(stack, name, row["unique"], again=again)
        before = row["before"]

        def act() -> Made:
            if handler is None:
                raise ServiceError("TypeNotFoundException", _unknown(row["type"]))
            if row["action"] == "update":
                return handler.update(context, row["physical"], before["properties"], row["properties"])
            _check_properties(handler, row["properties"])
            return handler.create(context, row["properties"])

        made, problem = self._tried(name, act)
        if made is None:
            self._note(stack, name, position, row, f"{verb}_FAILED", problem)
            raise Failed(f"The following resource(s) failed to {verb.lower()}: [{name}].", [name])
        row |= {"physical": made.id, "attributes": dict(made.attributes)}
        self._note(stack, name, position, row, f"{verb}_COMPLETE")

    def _tried(self, name: str, act: Callable[[], Any]) -> tuple[Any, str]:
        try:
            return act(), ""
        except ServiceError as error:
            return None, f"{error.message} (HandlerErrorCode: {error.code})"
        except LocalCloudError as error:
            return None, str(error)
        except Interrupted:
            raise
        except Exception as error:
            if self.stopping.is_set():
                raise Interrupted from error
            _log.exception("the resource %s failed", name)
            return None, f"The local cloud failed: {type(error).__name__}: {error} (HandlerErrorCode: InternalFailure)"

    def _note(self, stack: Stack, name: str, position: int, row: Body, status: str, reason: str | None = None) -> None:
        row |= {"status": status, "reason": reason, "updated": self._cloud.clock.now()}
        with self._tables.write():
            self._tables.put_resource(stack, name, position, row)
            self.event(stack, name, row["type"], row["physical"], status, reason, row["properties"])

    # --- back and away ----------------------------------------------------------------------------------

    def undo(self, stack: Stack, name: str, position: int, row: Body, *, skip: bool) -> bool:
        """Bring a resource back to what it was before the update; whether that went well."""
        before = row["before"]
        if before is None or row["action"] == "create":
            with self._tables.write():
                self._tables.drop_resource(stack, name)
                self.leave(stack, {**row, "logical": name}, "Delete")
            return True
        if row["action"] == "replace":
            with self._tables.write():
                self.leave(stack, {**row, "logical": name}, "Delete")
                self._note(stack, name, position, dict(before), "UPDATE_COMPLETE")
            return True
        handler = handler_of(row["type"])
        if skip or handler is None:
            self._note(stack, name, position, dict(before), "UPDATE_COMPLETE", "Resource update skipped")
            return True
        self._note(stack, name, position, row, "UPDATE_IN_PROGRESS")
        context = self.context(stack, name, row["unique"], again=True)
        made, problem = self._tried(
            name, lambda: handler.update(context, before["physical"], row["properties"], before["properties"])
        )
        if made is None:
            self._note(stack, name, position, row, "UPDATE_FAILED", problem)
            return False
        restored = {**before, "physical": made.id, "attributes": dict(made.attributes)}
        self._note(stack, name, position, restored, "UPDATE_COMPLETE")
        return True

    def leave(self, stack: Stack, row: Body, policy: str) -> None:
        """Note that a resource is to be deleted, unless its policy keeps it, or it was never made."""
        if not row["physical"]:
            return
        if policy in ("Retain", "RetainExceptOnCreate"):
            self.event(stack, row["logical"], row["type"], row["physical"], "DELETE_SKIPPED")
        else:
            self._tables.add_leftover(stack, _plain(row) or row)

    def delete(self, stack: Stack, name: str, row: Body, *, keep: bool = False) -> bool:
        """Delete a resource; whether that went well. ``keep``: its row says how it goes."""

        def note(status: str, reason: str | None = None) -> None:
            row.update({"status": status, "reason": reason, "updated": self._cloud.clock.now()})
            with self._tables.write():
                if keep:
                    position = list(self._tables.resources(stack)).index(name)
                    self._tables.put_resource(stack, name, position, row)
                self.event(stack, name, row["type"], row["physical"], status, reason)

        handler = handler_of(row["type"])
        if not row["physical"] or handler is None:
            return True
        note("DELETE_IN_PROGRESS")
        context = self.context(stack, name, row["unique"], again=True)

        def act() -> bool:
            handler.delete(context, row["physical"], row["properties"])
            return True

        done, problem = self._tried(name, act)
        note("DELETE_COMPLETE" if done else "DELETE_FAILED", problem or None)
        return bool(done)


def _plain(row: Body | None) -> Body | None:
    return None if row is None else {name: one for name, one in row.items() if name != "before"}


def _action(handler: Handler | None, before: Body | None, resource: Resource, properties: Body) -> str:
    if before is None or not before["physical"]:
        return "create"
    differs = changed(before["properties"], properties)
    if before["type"] != resource.type or (handler is not None and differs & handler.create_only):
        return "replace"
    return "update" if differs or before["status"].endswith("_FAILED") else "keep"


def _check_properties(handler: Handler, properties: Body) -> None:
    unknown = sorted(set(properties) - handler.properties)
    if unknown:
        raise ServiceError("InvalidRequest", f"Encountered unsupported property {unknown[0]}")
    missing = sorted(handler.required - set(properties))
    if missing:
        raise ServiceError("InvalidRequest", f"#: required key [{missing[0]}] not found")


def _unknown(kind: str) -> str:
    return f"Resource type {kind} is not supported by the local cloud. It has: {', '.join(supported_types())}"
