"""What an update would change, told before it is done.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepfunctions.local.cloudformation.environment import Environment
from stepfunctions.local.cloudformation.functions import NO_VALUE, Pending, Scope, mentioned
from stepfunctions.local.cloudformation.handlers import Handler, handler_of
from stepfunctions.local.cloudformation.records import Body, Stack, Tables
from stepfunctions.local.cloudformation.template import Resource

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


class Plan:
    """The changes of a stack's resources that bring it to what is desired. Raises ServiceError for a wrong template."""

    def __init__(self, cloud: Cloud, tables: Tables, stack: Stack, desired: Body) -> None:
        self._rows = tables.resources(stack)
        self._pending: dict[str, bool] = {}
        environment = Environment(cloud, tables, stack, desired)
        self._environment = environment
        scope = environment.scope(self._rows, self._pending)
        self._wanted = environment.wanted(scope)
        self._raw_before = _raw(stack)
        self.changes = [
            change
            for name in self._wanted
            if (change := self._change(environment.template.resources[name], scope)) is not None
        ]
        self.changes += [_removal(name, row) for name, row in reversed(self._rows.items()) if name not in self._wanted]
        self.empty = not self.changes and self._same_outside(stack, desired, scope)

    def _same_outside(self, stack: Stack, desired: Body, scope: Scope) -> bool:
        before = stack.doc.get("desired", {})
        try:
            outputs = self._environment.outputs(scope)
        except Pending:
            return False
        return bool(before.get("tags") == desired["tags"] and stack.doc.get("outputs") == outputs)

    def _change(self, resource: Resource, scope: Scope) -> Body | None:
        row, handler = self._rows.get(resource.name), handler_of(resource.type)
        if row is None or not row["physical"]:
            self._pending[resource.name] = True
            return {"Action": "Add", "LogicalResourceId": resource.name, "ResourceType": resource.type}
        new, dynamic = _evaluated(resource, scope)
        old = row["properties"]
        fixed = {name for name in {*old, *new} - dynamic if old.get(name) != new.get(name)}
        replaced = row["type"] != resource.type
        if not fixed and not dynamic and not replaced:
            return self._metadata_change(resource, row)
        details = [self._detail(resource, handler, name, name in dynamic) for name in sorted(fixed | dynamic)]
        create_only = handler.create_only if handler is not None else frozenset()
        replacement = "True" if replaced or fixed & create_only else "Conditional" if dynamic & create_only else "False"
        self._pending[resource.name] = replacement != "False"
        return {
            "Action": "Modify",
            "LogicalResourceId": resource.name,
            "PhysicalResourceId": row["physical"],
            "ResourceType": resource.type,
            "Replacement": replacement,
            "Scope": sorted({"Tags" if name == "Tags" else "Properties" for name in fixed | dynamic}),
            "Details": details,
        }

    def _metadata_change(self, resource: Resource, row: Body) -> Body | None:
        parts = (
            ("Metadata", row.get("metadata"), resource.metadata),
            ("DeletionPolicy", row["deletion"], resource.deletion),
            ("UpdateReplacePolicy", row["replacement"], resource.replacement),
        )
        scope = [name for name, old, new in parts if old != new]
        if not scope:
            return None
        details = [
            {
                "Target": {"Attribute": name, "RequiresRecreation": "Never"},
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for name in scope
        ]
        return {
            "Action": "Modify",
            "LogicalResourceId": resource.name,
            "PhysicalResourceId": row["physical"],
            "ResourceType": resource.type,
            "Replacement": "False",
            "Scope": scope,
            "Details": details,
        }

    def _detail(self, resource: Resource, handler: Handler | None, name: str, dynamic: bool) -> Body:
        only = handler is not None and name in handler.create_only
        recreation = "Never" if not only else "Conditionally" if dynamic else "Always"
        attribute = {"Attribute": "Tags"} if name == "Tags" else {"Attribute": "Properties", "Name": name}
        detail: Body = {
            "Target": {**attribute, "RequiresRecreation": recreation},
            "Evaluation": "Dynamic" if dynamic else "Static",
        }
        value = resource.properties.get(name)
        names = mentioned(value)
        parameters = sorted(names & set(self._environment.template.parameters))
        causes = sorted(names & set(self._pending))
        if dynamic and causes:
            by_ref = isinstance(value, dict) and set(value) == {"Ref"}
            return detail | {
                "ChangeSource": "ResourceReference" if by_ref else "ResourceAttribute",
                "CausingEntity": causes[0],
            }
        before = self._raw_before.get(resource.name, {}).get(name)
        if parameters and before == value:
            return detail | {"ChangeSource": "ParameterReference", "CausingEntity": parameters[0]}
        return detail | {"ChangeSource": "DirectModification"}


def _raw(stack: Stack) -> dict[str, Body]:
    from stepfunctions.local.cloudformation.environment import template_in

    desired = stack.doc.get("desired")
    if not desired:
        return {}
    return {name: one.properties for name, one in template_in(desired).resources.items()}


def _evaluated(resource: Resource, scope: Scope) -> tuple[Body, set[str]]:
    """Return the properties that are known, and the names of those that are not yet."""
    made: dict[str, Any] = {}
    dynamic: set[str] = set()
    for name, given in resource.properties.items():
        try:
            value = scope.value(given)
        except Pending:
            dynamic.add(name)
        else:
            if value is not NO_VALUE:
                made[name] = value
    return made, dynamic


def _removal(name: str, row: Body) -> Body:
    policy = {"Retain": "Retain", "RetainExceptOnCreate": "Retain"}.get(row["deletion"], "Delete")
    return {
        "Action": "Remove",
        "LogicalResourceId": name,
        "PhysicalResourceId": row["physical"],
        "ResourceType": row["type"],
        "PolicyAction": policy,
    }
