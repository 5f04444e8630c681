"""The operations that only show: stacks, events, resources, templates, exports.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.changesets import ChangeSets
from stepfunctions.local.cloudformation.parameters import declarations
from stepfunctions.local.cloudformation.records import DELETED, Body, Stack
from stepfunctions.local.cloudformation.requests import template_text
from stepfunctions.local.cloudformation.template import template_of
from stepfunctions.local.cloudformation.texts import invalid, parsed
from stepfunctions.local.cloudformation.views import page, present, resource_view, stack_view, summary_view
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_PAGE = 100


def _description(stack: Stack) -> str | None:
    body = stack.doc.get("desired", {}).get("body")
    found = None if body is None else parsed(body).get("Description")
    return found if isinstance(found, str) else None


class Reading(ChangeSets):
    """The operations that change nothing."""

    def describe_stacks(self, request: Body, call: Call) -> Body:
        """DescribeStacks: one, or all that live."""
        if "StackName" in request:
            stacks = [self.found(request["StackName"], call)]
        else:
            stacks = [one for one in self._tables.stacks(call.owner) if one.status != DELETED]
        found, more = page(stacks, request, _PAGE)
        return {"Stacks": [stack_view(one, _description(one)) for one in found]} | more

    def list_stacks(self, request: Body, call: Call) -> Body:
        """ListStacks, the deleted ones too."""
        wanted = request.get("StackStatusFilter")
        stacks = [one for one in self._tables.stacks(call.owner) if not wanted or one.status in wanted]
        found, more = page(stacks, request, _PAGE)
        return {"StackSummaries": [summary_view(one, _description(one)) for one in found]} | more

    def describe_stack_events(self, request: Body, call: Call) -> Body:
        """DescribeStackEvents, the latest first."""
        stack = self._existing(request["StackName"], call)
        token = request.get("NextToken")
        if token is not None and not (token.isdecimal() and token.isascii() and len(token) < 18):
            raise invalid("NextToken is not valid")
        found = self._tables.events(stack, None if token is None else int(token), _PAGE + 1)
        events = [
            {**doc, "StackId": stack.arn, "StackName": stack.name, "Timestamp": moment(doc["Timestamp"])}
            for _, doc in found[:_PAGE]
        ]
        return {"StackEvents": events} | ({"NextToken": str(found[_PAGE - 1][0])} if len(found) > _PAGE else {})

    def describe_stack_resource(self, request: Body, call: Call) -> Body:
        """DescribeStackResource."""
        stack, name = self._existing(request["StackName"], call), request["LogicalResourceId"]
        row = self._tables.resources(stack).get(name)
        if row is None:
            raise invalid(f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDetail": resource_view(stack, name, row, detail=True)}

    def describe_stack_resources(self, request: Body, call: Call) -> Body:
        """DescribeStackResources of a stack, or of the one that has a physical resource."""
        physical, name = request.get("PhysicalResourceId"), request.get("LogicalResourceId")
        if ("StackName" in request) == (physical is not None):
            raise invalid("Exactly one of StackName and PhysicalResourceId must be specified")
        if physical is None:
            stack: Stack | None = self._existing(request["StackName"], call)
        else:
            living = [one for one in self._tables.stacks(call.owner) if one.status != DELETED]
            stack = next((one for one in living if self._has(one, physical)), None)
        if stack is None:
            raise invalid(f"Stack for {physical} does not exist")
        rows = self._tables.resources(stack).items()
        return {"StackResources": [resource_view(stack, key, row) for key, row in rows if name is None or key == name]}

    def list_stack_resources(self, request: Body, call: Call) -> Body:
        """ListStackResources."""
        stack = self.found(request["StackName"], call)
        found, more = page(list(self._tables.resources(stack).items()), request, _PAGE)
        return {"StackResourceSummaries": [resource_view(stack, *one, summary=True) for one in found]} | more

    def get_template(self, request: Body, call: Call) -> Body:
        """GetTemplate: as it was given (Original), or after its transforms (Processed)."""
        if "ChangeSetName" in request:
            desired = self._change(request, call)[1]["desired"]
        else:
            if "StackName" not in request:
                raise invalid("StackName is required")
            desired = self.found(request["StackName"], call).doc.get("desired")
        if not desired:
            raise invalid(f"Stack {request['StackName']} has no template")
        processed = request.get("TemplateStage", "Original") == "Processed"
        text = desired.get("processed") or desired["body"] if processed else desired["body"]
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, request: Body, call: Call) -> Body:
        """GetTemplateSummary of a stack or of a template."""
        if "StackSetName" in request:
            raise invalid("The local cloud has no stack sets")
        if "StackName" in request:
            text = self.get_template({"StackName": request["StackName"]}, call)["TemplateBody"]
        else:
            text = template_text(self._cloud, request, call)
        template = template_of(text)
        capabilities, reason = template.capabilities()
        metadata = template.body.get("Metadata")
        return present(
            {
                "Parameters": declarations(template),
                "Description": template.description,
                "Capabilities": capabilities,
                "CapabilitiesReason": reason,
                "ResourceTypes": sorted({one.type for one in template.resources.values()}),
                "Version": template.body.get("AWSTemplateFormatVersion"),
                "Metadata": None if metadata is None else json.dumps(metadata),
                "DeclaredTransforms": list(template.transforms),
            }
        )

    def validate_template(self, request: Body, call: Call) -> Body:
        """ValidateTemplate."""
        template = template_of(template_text(self._cloud, request, call))
        capabilities, reason = template.capabilities()
        parameters: list[dict[str, Any]] = [
            {
                name: one[source]
                for name, source in (
                    ("ParameterKey", "ParameterKey"),
                    ("DefaultValue", "DefaultValue"),
                    ("NoEcho", "NoEcho"),
                    ("Description", "Description"),
                )
                if source in one
            }
            for one in declarations(template)
        ]
        return present(
            {
                "Parameters": parameters,
                "Description": template.description,
                "Capabilities": capabilities,
                "CapabilitiesReason": reason,
                "DeclaredTransforms": list(template.transforms),
            }
        )

    def list_exports(self, request: Body, call: Call) -> Body:
        """ListExports."""
        found, more = page(list(self._tables.exports(call.owner).items()), request, _PAGE)
        exports = [
            {"ExportingStackId": self._tables.stack_of(stack).arn, "Name": name, "Value": value}
            for name, (value, stack) in found
        ]
        return {"Exports": exports} | more

    def list_imports(self, request: Body, call: Call) -> Body:
        """ListImports: the stacks that use an export."""
        name = request["ExportName"]
        users = self._tables.importers(call.owner, name)
        if not users:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        found, more = page(users, request, _PAGE)
        return {"Imports": list(found)} | more

    def _existing(self, name: str, call: Call) -> Stack:
        try:
            return self.found(name, call)
        except ServiceError:
            raise invalid(f"Stack [{name}] does not exist") from None

    def _has(self, stack: Stack, physical: str) -> bool:
        return any(row["physical"] == physical for row in self._tables.resources(stack).values())
