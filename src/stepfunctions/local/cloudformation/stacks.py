"""The operations that begin something with a stack.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.engine import CANCELLED, Engine
from stepfunctions.local.cloudformation.environment import Environment
from stepfunctions.local.cloudformation.plan import Plan
from stepfunctions.local.cloudformation.records import DELETED, Body, Stack, Tables
from stepfunctions.local.cloudformation.requests import desired_of
from stepfunctions.local.cloudformation.texts import invalid

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

REVIEW = "REVIEW_IN_PROGRESS"
UPDATABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"})
NO_UPDATES = "No updates are to be performed."


class Stacks:
    """Create, update, delete; what they share with the others."""

    def __init__(self, cloud: Cloud, tables: Tables, engine: Engine) -> None:
        self._cloud = cloud
        self._tables = tables
        self._engine = engine

    def create_stack(self, request: Body, call: Call) -> Body:
        """CreateStack. ``OnFailure`` and ``DisableRollback`` say what becomes of it when a resource fails."""
        if "OnFailure" in request and "DisableRollback" in request:
            raise invalid("You can not specify both OnFailure and DisableRollback")
        token = request.get("ClientRequestToken")
        there = self._tables.stack(call.owner, request["StackName"])
        if there is not None and token is not None and there.doc.get("created_by") == token:
            return {"StackId": there.arn}
        stack = self._draft(request["StackName"], call)
        desired, _ = desired_of(self._cloud, request, call, stack)
        environment = Environment(self._cloud, self._tables, stack, desired)
        environment.wanted(environment.scope({}))
        on_failure = request.get("OnFailure") or ("DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK")
        stack.doc |= {
            "created_by": token,
            "disable_rollback": on_failure == "DO_NOTHING",
            "termination": request.get("EnableTerminationProtection", False),
            "timeout": request.get("TimeoutInMinutes"),
            "desired": desired,
        }
        with self._tables.write():
            stack = self._added(stack)
            self._engine.accept(stack, self._creation(request, desired, on_failure))
        self._engine.plan(stack)
        return {"StackId": stack.arn}

    def update_stack(self, request: Body, call: Call) -> Body:
        """UpdateStack; refused when nothing would change."""
        stack = self.found(request["StackName"], call)
        token = request.get("ClientRequestToken")
        if token is not None and stack.doc.get("token") == token:
            return {"StackId": stack.arn}
        self.check_updatable(stack)
        desired, _ = desired_of(self._cloud, request, call, stack)
        if stack.status != "UPDATE_FAILED" and Plan(self._cloud, self._tables, stack, desired).empty:
            raise invalid(NO_UPDATES)
        on_failure = "DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK"
        operation = {
            "kind": "update", "phase": "forward", "desired": desired, "token": token, "on_failure": on_failure,
        }  # fmt: skip
        self._engine.accept(stack, operation)
        self._engine.plan(stack)
        return {"StackId": stack.arn}

    def delete_stack(self, request: Body, call: Call) -> None:
        """DeleteStack; fine when there is none. ``RetainResources`` only after a deletion failed."""
        stack = self._tables.stack(call.owner, request["StackName"])
        if stack is None or stack.status in (DELETED, "DELETE_IN_PROGRESS"):
            return
        if stack.doc.get("termination"):
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        retain = request.get("RetainResources", [])
        if retain and stack.status != "DELETE_FAILED":
            raise invalid(
                f"Invalid operation on stack [{stack.arn}]. Specify resources to retain only when stack is in the "
                "DELETE_FAILED state"
            )
        if stack.operation is not None and stack.operation["kind"] == "update":
            raise invalid(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
        operation = {
            "kind": "delete", "phase": "delete", "end": DELETED, "retain": retain, "before": stack.status,
            "token": request.get("ClientRequestToken"),
        }  # fmt: skip
        self._engine.accept(stack, operation)
        self._engine.plan(stack)

    def cancel_update_stack(self, request: Body, call: Call) -> None:
        """CancelUpdateStack: the update is rolled back after the step under way."""
        stack = self.found(request["StackName"], call)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise invalid("CancelUpdateStack cannot be called from current stack status")
        self._engine.enter(stack, CANCELLED, "User Initiated")

    def continue_update_rollback(self, request: Body, call: Call) -> None:
        """ContinueUpdateRollback, with resources to skip."""
        stack = self.found(request["StackName"], call)
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise invalid(f"Stack:{stack.arn} is in {stack.status} state and can not continue its rollback")
        skip = request.get("ResourcesToSkip", [])
        rows = self._tables.resources(stack)
        wrong = [name for name in skip if rows.get(name, {}).get("status") != "UPDATE_FAILED"]
        if wrong:
            raise invalid(f"Resources [{', '.join(wrong)}] cannot be skipped: they are not in UPDATE_FAILED state")
        operation = {
            **stack.doc["halted"],
            "skip": skip,
            "status": CANCELLED,
            "token": request.get("ClientRequestToken"),
        }
        self._engine.accept(stack, operation)
        self._engine.plan(stack)

    def update_termination_protection(self, request: Body, call: Call) -> Body:
        """UpdateTerminationProtection."""
        stack = self.found(request["StackName"], call)
        with self._tables.write():
            stack = self._tables.stack_of(stack.id)
            stack.doc["termination"] = request["EnableTerminationProtection"]
            self._tables.save(stack)
        return {"StackId": stack.arn}

    # --- shared -----------------------------------------------------------------------------------------

    def found(self, name: str, call: Call) -> Stack:
        """Return a stack by name or ARN. Raises ServiceError (ValidationError)."""
        stack = self._tables.stack(call.owner, name)
        if stack is None:
            raise invalid(f"Stack with id {name} does not exist")
        return stack

    def check_updatable(self, stack: Stack) -> None:
        """Refuse a stack that cannot be updated now. Raises ServiceError (ValidationError)."""
        if stack.status not in UPDATABLE or stack.operation is not None:
            raise invalid(f"Stack:{stack.arn} is in {stack.status} state and can not be updated.")

    def _draft(self, name: str, call: Call) -> Stack:
        if name.startswith("arn:"):
            raise invalid("StackName must be a name, not an ARN, for a stack that is to be created")
        arn = f"arn:aws:cloudformation:{call.owner}:stack/{name}/{uuid.uuid4()}"
        return Stack(0, arn, call.owner, name, REVIEW, None, {"created": self._cloud.clock.now()})

    def _added(self, stack: Stack) -> Stack:
        made = self._tables.add_stack(stack.arn, stack.owner, stack.name, stack.status, stack.doc)
        if made is None:
            raise ServiceError("AlreadyExistsException", f"Stack [{stack.name}] already exists")
        return made

    def _creation(self, request: Body, desired: Body, on_failure: str) -> Body:
        operation: Body = {
            "kind": "create",
            "phase": "forward",
            "desired": desired,
            "token": request.get("ClientRequestToken"),
            "on_failure": on_failure,
        }
        if "TimeoutInMinutes" in request:
            operation["deadline"] = self._cloud.clock.now() + 60 * request["TimeoutInMinutes"]
        return operation
