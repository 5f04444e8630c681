"""What a stack's template sees of its surroundings: parameters, resources, exports, stored values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.functions import Pending, Scope
from stepfunctions.local.cloudformation.parameters import values_of
from stepfunctions.local.cloudformation.records import Body, Stack, Tables
from stepfunctions.local.cloudformation.template import Template, checked, template_of
from stepfunctions.local.cloudformation.texts import invalid

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


def pseudo(stack_name: str, stack_id: str, owner: str, notifications: list[str]) -> Body:
    """Return the values of the pseudo-parameters."""
    region, _, account = owner.partition(":")
    return {
        "AWS::AccountId": account,
        "AWS::NotificationARNs": notifications,
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }


def template_in(desired: Body) -> Template:
    """Return the template that a stack has, or is to have, after its transforms."""
    plain = template_of(desired["body"])
    if "processed" not in desired:
        return plain
    return checked(json.loads(desired["processed"]), plain.transforms)


class Environment:
    """Makes the scopes of templates' functions. ``used`` has the exports that this one's scope gave."""

    def __init__(self, cloud: Cloud, tables: Tables, stack: Stack, desired: Body) -> None:
        self._cloud = cloud
        self._tables = tables
        self._stack = stack
        self._desired = desired
        self.template = template_in(desired)
        self.used: set[str] = set()

    def scope(self, rows: Mapping[str, Body], pending: Mapping[str, bool] | None = None) -> Scope:
        """Return a scope where resources are what ``rows`` say.

        ``pending`` are the resources that an update changes: True for one whose Ref is not known before it.
        """
        template, stack, waits = self.template, self._stack, pending or {}
        values = values_of(template, self._desired["parameters"])

        def ref(name: str) -> Any:
            if waits.get(name) or not rows.get(name, {}).get("physical"):
                raise Pending(name)
            return rows[name]["physical"]

        def attribute(name: str, key: str) -> Any:
            if name in waits or not rows.get(name, {}).get("physical"):
                raise Pending(name)
            return _attribute(name, rows[name], key)

        return Scope(
            values={
                **values,
                **pseudo(stack.name, stack.arn, stack.owner, self._desired.get("notifications", [])),
            },
            mappings=template.mappings,
            conditions=template.conditions,
            resources=template.resources,
            ref=ref,
            attribute=attribute,
            imported=self._imported,
            resolved=self._resolved,
            zones=lambda region: [f"{region or stack.region}{letter}" for letter in "abc"],
        )

    def wanted(self, scope: Scope) -> list[str]:
        """Return the resources whose conditions hold, in the order in which they are made."""
        resources = self.template.resources
        return [
            name
            for name in self.template.order
            if (condition := resources[name].condition) is None or scope.met(condition)
        ]

    def outputs(self, scope: Scope) -> list[Body]:
        """Return the outputs as the API shows them. Raises ServiceError for one that is no text."""
        found = []
        for name, output in self.template.outputs.items():
            if "Condition" in output and not scope.met(str(output["Condition"])):
                continue
            value = scope.value(output["Value"])
            if isinstance(value, (dict, list)):
                raise invalid(f"Template format error: Output {name} is malformed. Its Value must be a string")
            one = {"OutputKey": name, "OutputValue": json.dumps(value) if isinstance(value, bool) else str(value)}
            if "Description" in output:
                one["Description"] = str(output["Description"])
            if "Export" in output:
                export = output["Export"]
                if not isinstance(export, dict) or set(export) != {"Name"}:
                    raise invalid(f"Template format error: Output {name} is malformed. Its Export must have a Name")
                one["ExportName"] = str(scope.value(export["Name"]))
            found.append(one)
        return found

    def _imported(self, name: str) -> str:
        found = self._tables.exports(self._stack.owner).get(name)
        if found is None:
            raise invalid(f"No export named {name} found.")
        self.used.add(name)
        return found[0]

    def _resolved(self, service: str, reference: str) -> str:
        if service == "secretsmanager":
            return self._secret(reference)
        return stored(self._cloud, self._stack, reference)

    def _secret(self, reference: str) -> str:
        parts = reference.split(":")
        length = 7 if reference.startswith("arn:") else 1
        request: Body = {"SecretId": ":".join(parts[:length])}
        kind, key, stage, version = (*parts[length:], "", "", "", "")[:4]
        if kind not in ("", "SecretString"):
            raise invalid(f"Incorrect dynamic reference {reference}: only SecretString can be resolved")
        request |= {"VersionStage": stage} if stage else {}
        request |= {"VersionId": version} if version else {}
        text = self._call("secretsmanager", "GetSecretValue", request).get("SecretString", "")
        if not key:
            return str(text)
        try:
            return str(json.loads(text)[key])
        except (ValueError, KeyError, TypeError):
            raise invalid(f"Could not find a value associated with JSONKey in SecretString: {key}") from None

    def _call(self, service: str, operation: str, request: Body) -> Body:
        return self._cloud.call(service, operation, request, account=self._stack.account, region=self._stack.region)


def stored(cloud: Cloud, stack: Stack, name: str) -> str:
    """Return a value of Systems Manager's parameter store. Raises ServiceError when there is none."""
    request = {"Name": name, "WithDecryption": True}
    try:
        found = cloud.call("ssm", "GetParameter", request, account=stack.account, region=stack.region)
    except ServiceError as error:
        if error.code != "ParameterNotFound":
            raise
        raise invalid(f"Unable to fetch parameters [{name}] from parameter store for this account.") from None
    return str(found["Parameter"]["Value"])


def _attribute(name: str, row: Body, key: str) -> Any:
    attributes = row.get("attributes", {})
    if key in attributes:
        return attributes[key]
    value: Any = attributes
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise invalid(
                f"Template error: resource {name} does not support attribute type {key} in Fn::GetAtt. "
                f"{row['type']} has: {', '.join(sorted(attributes)) or 'none'}"
            )
        value = value[part]
    return value
