"""What a stack's operations do, in the background and step by step.

An operation is kept in its stack's row with its phase (``forward``, ``rollback``, ``cleanup``, ``delete``), and each
resource's row says how far it is: a restart goes on where the last process was.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.environment import Environment
from stepfunctions.local.cloudformation.functions import Pending, Scope
from stepfunctions.local.cloudformation.handlers import Interrupted
from stepfunctions.local.cloudformation.records import DELETED, Body, Stack, Tables
from stepfunctions.local.cloudformation.workshop import Failed, Workshop, work_key
from stepfunctions.local.threads import DaemonPool

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
_STOP_SECONDS = 10.0
_AT_ONCE = 16
CANCELLED = "UPDATE_ROLLBACK_IN_PROGRESS"
_STARTS = {"create": "CREATE_IN_PROGRESS", "update": "UPDATE_IN_PROGRESS", "delete": "DELETE_IN_PROGRESS"}


class _Replaced(Exception):
    """Another operation took the place of this one."""


class Engine:
    """Runs operations, one at a time a stack."""

    def __init__(self, cloud: Cloud, tables: Tables) -> None:
        self._cloud = cloud
        self._tables = tables
        self._locks: dict[int, threading.Lock] = defaultdict(threading.Lock)
        self._idle = threading.Condition()
        self._running = 0
        self._pool = DaemonPool("cloudformation", _AT_ONCE)
        self.workshop = Workshop(cloud, tables)

    def start(self) -> None:
        """Go on with what the last process left."""
        self.workshop.stopping.clear()
        for stack in self._tables.at_work():
            self.plan(stack)

    def stop(self) -> None:
        """Stop after the steps that are under way."""
        self.workshop.stopping.set()
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, _STOP_SECONDS)

    def accept(self, stack: Stack, operation: Body) -> None:
        """Note an operation in the stack's row; :meth:`plan` lets it begin, once that is committed."""
        operation["id"] = str(uuid.uuid4())
        stack.operation = operation
        stack.doc["token"] = operation.get("token")
        self.enter(stack, operation.get("status") or _STARTS[operation["kind"]], "User Initiated")

    def plan(self, stack: Stack) -> None:
        """Let a stack's operation go on, in the background."""
        number, operation = stack.id, (stack.operation or {})["id"]
        self._cloud.work.begin(work_key(operation))
        self._pool.submit(lambda: self._run(number, operation))

    def enter(self, stack: Stack, status: str, reason: str | None = None) -> None:
        """Bring a stack to a status, with an event."""
        now = self._cloud.clock.now()
        stack.status = status
        stack.doc["reason"] = reason if reason != "User Initiated" else None
        if status == "UPDATE_IN_PROGRESS":
            stack.doc["updated"] = now
        if status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
            stack.doc["deleted"] = now
        with self._tables.write():
            self._tables.save(stack)
            self.workshop.event(stack, stack.name, "AWS::CloudFormation::Stack", stack.arn, status, reason)

    def _run(self, number: int, operation: str) -> None:
        with self._idle:
            self._running += 1
        try:
            with self._locks[number]:
                stack = self._tables.stack_of(number)
                while stack.operation is not None and stack.operation["id"] == operation:
                    self.workshop.go_on()
                    getattr(self, f"_{stack.operation['phase']}")(stack, stack.operation)
                    stack = self._tables.stack_of(number)
        except (Interrupted, _Replaced):
            pass
        except Exception:  # noqa: BLE001 - its thread goes on with other stacks
            if not self.workshop.stopping.is_set():  # else its database may be closed already
                _log.exception("an operation of a stack failed; it goes on at the next start")
        finally:
            self._cloud.work.end(work_key(operation))
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _check(self, stack: Stack, operation: Body) -> None:
        """Go on only while the operation is this one, is not cancelled, and the cloud runs."""
        self.workshop.go_on()
        now = self._tables.stack_of(stack.id)
        if now.operation is None or now.operation["id"] != operation["id"]:
            raise _Replaced
        if now.status == CANCELLED and operation["phase"] == "forward":
            raise Failed("Resource update cancelled", [])
        if operation["phase"] == "forward" and self._cloud.clock.now() > operation.get("deadline", float("inf")):
            raise Failed("Stack creation time exceeded the specified timeout.", [])

    # --- forward ----------------------------------------------------------------------------------------

    def _forward(self, stack: Stack, operation: Body) -> None:
        try:
            environment = Environment(self._cloud, self._tables, stack, operation["desired"])
            scope = environment.scope({})
            wanted = environment.wanted(scope)
            rows = self._make_all(stack, operation, environment, wanted)
            outputs = self._outputs(stack, environment, environment.scope(rows))
        except Failed as failure:
            self._fail(stack, operation, failure.reason)
        except ServiceError as error:
            self._fail(stack, operation, error.message)
        else:
            self._settle(stack, operation, environment, rows, wanted, outputs)

    def _make_all(self, stack: Stack, operation: Body, environment: Environment, wanted: list[str]) -> dict[str, Body]:
        rows = self._tables.resources(stack)
        for position, name in enumerate(wanted):
            self._check(stack, operation)
            resource = environment.template.resources[name]
            try:
                properties: Any = environment.scope(rows).value(resource.properties)
                problem = None
            except Pending as pending:
                problem = f"{name} needs {pending.name}, which is not made: its condition does not hold"
            except ServiceError as error:
                problem = error.message
            if problem is not None:
                self.workshop.event(stack, name, resource.type, "", f"{_verb(rows.get(name))}_FAILED", problem)
                raise Failed(f"The following resource(s) failed to {_verb(rows.get(name)).lower()}: [{name}].", [name])
            rows[name] = self.workshop.step(stack, operation, resource, position, properties, rows.get(name))
        return rows

    def _outputs(self, stack: Stack, environment: Environment, scope: Scope) -> list[Body]:
        try:
            outputs = environment.outputs(scope)
        except Pending as pending:
            raise Failed(f"An output needs {pending.name}, which is not made", []) from None
        new = {one["ExportName"]: one["OutputValue"] for one in outputs if "ExportName" in one}
        for name, (value, owner) in self._tables.exports(stack.owner).items():
            if owner != stack.id:
                if name in new:
                    other = self._tables.stack_of(owner).name
                    raise Failed(f"Export with name {name} is already exported by stack {other}. ", [])
            elif new.get(name) != value and (users := self._tables.importers(stack.owner, name)):
                what = "updated" if name in new else "deleted"
                raise Failed(f"Export {name} cannot be {what} as it is in use by {', '.join(users)}", [])
        return outputs

    def _settle(
        self, stack: Stack, operation: Body, environment: Environment, rows: Mapping[str, Body], wanted: list[str],
        outputs: list[Body],
    ) -> None:  # fmt: skip
        """Make what was reached the stack's state; what it has no more is left over."""
        with self._tables.write():
            stack = self._tables.stack_of(stack.id)
            for position, (name, row) in enumerate(rows.items()):
                before = row.pop("before", None)
                if name not in wanted:
                    self._tables.drop_resource(stack, name)
                    self.workshop.leave(stack, {**row, "logical": name}, row["deletion"])
                    continue
                if before and before["physical"] and before["physical"] != row["physical"]:
                    self.workshop.leave(stack, {**before, "logical": name}, row["replacement"])
                order = wanted.index(name) if name in wanted else position
                self._tables.put_resource(stack, name, order, row)
            stack.doc |= {"desired": operation["desired"], "outputs": outputs, "drift": None}
            exports = {one["ExportName"]: one["OutputValue"] for one in outputs if "ExportName" in one}
            self._tables.set_exports(stack, exports)
            self._tables.set_imports(stack, environment.used)
            if operation["kind"] == "create":
                stack.operation = None
                self.enter(stack, "CREATE_COMPLETE")
            else:
                stack.operation = {**operation, "phase": "cleanup", "end": "UPDATE_COMPLETE"}
                self.enter(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")

    def _fail(self, stack: Stack, operation: Body, reason: str) -> None:
        stack = self._tables.stack_of(stack.id)
        creating = operation["kind"] == "create"
        choice = operation.get("on_failure", "ROLLBACK")
        with self._tables.write():
            if choice == "DO_NOTHING":
                stack.operation = None
                if creating:
                    stack.doc["desired"] = operation["desired"]
                self.enter(stack, "CREATE_FAILED" if creating else "UPDATE_FAILED", reason)
                return
            if creating:
                stack.doc["desired"] = operation["desired"]
                deleting = choice == "DELETE"
                end = DELETED if deleting else "ROLLBACK_COMPLETE"
                stack.operation = {**operation, "phase": "delete", "end": end, "undo": True}
                why = f"{reason} {'Delete' if deleting else 'Rollback'} requested by user."
                self.enter(stack, "DELETE_IN_PROGRESS" if deleting else "ROLLBACK_IN_PROGRESS", why)
            else:
                stack.operation = {**operation, "phase": "rollback"}
                self.enter(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)

    # --- back -------------------------------------------------------------------------------------------

    def _rollback(self, stack: Stack, operation: Body) -> None:
        rows = self._tables.resources(stack)
        failed = []
        for position, (name, row) in reversed(list(enumerate(rows.items()))):
            self._check(stack, operation)
            if row.get("op") != operation.get("first", operation["id"]) or "before" not in row:
                continue
            if not self.workshop.undo(stack, name, position, row, skip=name in operation.get("skip", [])):
                failed.append(name)
        stack = self._tables.stack_of(stack.id)
        if failed:
            stack.doc["halted"] = {**operation, "first": operation.get("first", operation["id"])}
            stack.operation = None
            names = ", ".join(failed)
            self.enter(stack, "UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{names}]. ")
            return
        stack.doc.pop("halted", None)
        stack.operation = {**operation, "phase": "cleanup", "end": "UPDATE_ROLLBACK_COMPLETE"}
        self.enter(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")

    def _cleanup(self, stack: Stack, operation: Body) -> None:
        for number, row in self._tables.leftovers(stack):
            self._check(stack, operation)
            self.workshop.delete(stack, row["logical"], row)
            self._tables.drop_leftover(number)
        stack = self._tables.stack_of(stack.id)
        stack.operation = None
        self.enter(stack, operation["end"])

    # --- delete -----------------------------------------------------------------------------------------

    def _delete(self, stack: Stack, operation: Body) -> None:
        for number, row in self._tables.leftovers(stack):
            self._check(stack, operation)
            self.workshop.delete(stack, row["logical"], row)
            self._tables.drop_leftover(number)
        undo = operation.get("undo", False)
        used = None if undo else self._in_use(stack)
        problem = used
        for name, row in reversed(self._tables.resources(stack).items()):
            if problem is not None:
                break
            self._check(stack, operation)
            kept = row["deletion"] == "Retain" or (row["deletion"] == "RetainExceptOnCreate" and not undo)
            if kept or name in operation.get("retain", []):
                self.workshop.event(stack, name, row["type"], row["physical"], "DELETE_SKIPPED")
            elif not self.workshop.delete(stack, name, row, keep=True):
                problem = f"The following resource(s) failed to delete: [{name}]. "
                break
            self._tables.drop_resource(stack, name)
        with self._tables.write():
            stack = self._tables.stack_of(stack.id)
            stack.operation = None
            if problem is not None:
                failed = "ROLLBACK_FAILED" if operation.get("end") == "ROLLBACK_COMPLETE" else "DELETE_FAILED"
                failed = operation["before"] if used is not None and operation.get("before") else failed
                self.enter(stack, failed, problem)
                return
            self._tables.set_exports(stack, {})
            self._tables.set_imports(stack, set())
            self.enter(stack, operation["end"])

    def _in_use(self, stack: Stack) -> str | None:
        for name, (_, owner) in self._tables.exports(stack.owner).items():
            users = self._tables.importers(stack.owner, name) if owner == stack.id else []
            if users:
                return f"Export {name} cannot be deleted as it is in use by {', '.join(users)}"
        return None


def _verb(row: Body | None) -> str:
    return "CREATE" if row is None else "UPDATE"
