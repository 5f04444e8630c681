"""Change sets: what would change, kept until it is executed.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.parameters import shown
from stepfunctions.local.cloudformation.plan import Plan
from stepfunctions.local.cloudformation.records import Body, Stack
from stepfunctions.local.cloudformation.requests import desired_of
from stepfunctions.local.cloudformation.stacks import REVIEW, Stacks
from stepfunctions.local.cloudformation.texts import invalid
from stepfunctions.local.cloudformation.views import page, present, tag_list
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_EMPTY = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSets(Stacks):
    """The operations on change sets. Each is made before the answer, so none is ever seen in progress."""

    def create_change_set(self, request: Body, call: Call) -> Body:
        """CreateChangeSet, of type CREATE (the stack is in REVIEW_IN_PROGRESS until it is executed) or UPDATE."""
        kind, name = request.get("ChangeSetType", "UPDATE"), request["ChangeSetName"]
        if kind == "IMPORT":
            raise invalid("ChangeSetType IMPORT is not supported by the local cloud: use CREATE or UPDATE")
        there = self._tables.stack(call.owner, request["StackName"])
        if kind == "CREATE":
            if there is not None and there.status != REVIEW:
                raise invalid(
                    f"Stack [{there.name}] already exists and cannot be created again with the changeSet [{name}]."
                )
            stack = there or self._draft(request["StackName"], call)
        else:
            if there is None:
                raise invalid(f"Stack [{request['StackName']}] does not exist")
            stack = there
            self.check_updatable(stack)
        if there is not None and any(one["name"] == name for one in self._tables.changes(there)):
            raise ServiceError("AlreadyExistsException", f"ChangeSet {name} already exists for stack {stack.name}")
        desired, _ = desired_of(self._cloud, request, call, stack)
        plan = Plan(self._cloud, self._tables, stack, desired)
        arn = f"arn:aws:cloudformation:{call.owner}:changeSet/{name}/{uuid.uuid4()}"
        doc = self._doc(request, arn, desired, plan)
        with self._tables.write():
            if there is None:
                stack = self._added(stack)
                self._engine.enter(stack, REVIEW, "User Initiated")
            self._tables.put_change(arn, stack, name, doc)
        return {"Id": arn, "StackId": stack.arn}

    def _doc(self, request: Body, arn: str, desired: Body, plan: Plan) -> Body:
        return {
            "arn": arn,
            "name": request["ChangeSetName"],
            "kind": request.get("ChangeSetType", "UPDATE"),
            "description": request.get("Description"),
            "created": self._cloud.clock.now(),
            "desired": desired,
            "changes": plan.changes,
            "status": "FAILED" if plan.empty else "CREATE_COMPLETE",
            "execution": "UNAVAILABLE" if plan.empty else "AVAILABLE",
            "reason": _EMPTY if plan.empty else None,
            "on_failure": request.get("OnStackFailure"),
        }

    def describe_change_set(self, request: Body, call: Call) -> Body:
        """DescribeChangeSet."""
        stack, doc = self._change(request, call)
        changes, more = page(doc["changes"], request, 100)
        return present(
            {
                "ChangeSetName": doc["name"],
                "ChangeSetId": doc["arn"],
                "StackId": stack.arn,
                "StackName": stack.name,
                "Description": doc["description"],
                "Parameters": shown(doc["desired"]["parameters"]),
                "CreationTime": moment(doc["created"]),
                "ExecutionStatus": doc["execution"],
                "Status": doc["status"],
                "StatusReason": doc["reason"],
                "NotificationARNs": doc["desired"]["notifications"],
                "RollbackConfiguration": {},
                "Capabilities": doc["desired"]["capabilities"],
                "Tags": tag_list(doc["desired"]["tags"]),
                "Changes": [{"Type": "Resource", "ResourceChange": one} for one in changes],
                "OnStackFailure": doc["on_failure"],
                "IncludeNestedStacks": False,
            }
        ) | more  # fmt: skip

    def list_change_sets(self, request: Body, call: Call) -> Body:
        """ListChangeSets."""
        stack = self.found(request["StackName"], call)
        found, more = page(self._tables.changes(stack), request, 100)
        return {
            "Summaries": [
                present(
                    {
                        "StackId": stack.arn,
                        "StackName": stack.name,
                        "ChangeSetId": doc["arn"],
                        "ChangeSetName": doc["name"],
                        "ExecutionStatus": doc["execution"],
                        "Status": doc["status"],
                        "StatusReason": doc["reason"],
                        "CreationTime": moment(doc["created"]),
                        "Description": doc["description"],
                    }
                )
                for doc in found
            ]
        } | more

    def delete_change_set(self, request: Body, call: Call) -> None:
        """DeleteChangeSet; fine when there is none."""
        try:
            stack, doc = self._change(request, call)
        except ServiceError as error:
            if error.code != "ChangeSetNotFound":
                raise
            return
        self._tables.drop_changes(stack, doc["arn"])

    def execute_change_set(self, request: Body, call: Call) -> None:
        """ExecuteChangeSet: the stack's other change sets go away with it."""
        stack, doc = self._change(request, call)
        if doc["execution"] != "AVAILABLE":
            raise ServiceError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{doc['arn']}] cannot be executed in its current status of [{doc['status']}]",
            )
        creating = stack.status == REVIEW
        if not creating:
            self.check_updatable(stack)
        disabled = request.get("DisableRollback") or doc["on_failure"] == "DO_NOTHING"
        on_failure = "DO_NOTHING" if disabled else (doc["on_failure"] or "ROLLBACK") if creating else "ROLLBACK"
        operation = {**self._creation(request, doc["desired"], on_failure), "kind": "create" if creating else "update"}
        stack.doc["change"] = doc["arn"]
        if creating:
            stack.doc |= {"desired": doc["desired"], "disable_rollback": on_failure == "DO_NOTHING"}
        with self._tables.write():
            self._tables.drop_changes(stack)
            self._tables.put_change(doc["arn"], stack, doc["name"], {**doc, "execution": "EXECUTE_COMPLETE"})
            self._engine.accept(stack, operation)
        self._engine.plan(stack)

    def _change(self, request: Body, call: Call) -> tuple[Stack, Body]:
        name = request["ChangeSetName"]
        if name.startswith("arn:"):
            found = self._tables.change(name)
            if found is not None:
                return self._tables.stack_of(found[0]), found[1]
        else:
            if "StackName" not in request:
                raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
            stack = self.found(request["StackName"], call)
            for doc in self._tables.changes(stack):
                if doc["name"] == name:
                    return stack, doc
        raise ServiceError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
