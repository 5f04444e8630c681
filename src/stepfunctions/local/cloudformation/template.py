"""A template that was checked: its sections, its resources and the order in which they are made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.local.cloudformation import languages
from stepfunctions.local.cloudformation.functions import mentioned
from stepfunctions.local.cloudformation.texts import invalid, parsed

Body = dict[str, Any]
SAM = "AWS::Serverless-2016-10-31"
LANGUAGES = "AWS::LanguageExtensions"
_LIMITS = {"Resources": 500, "Outputs": 200, "Parameters": 200, "Mappings": 200}
_SECTIONS = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs", "Parameters",
    "Resources", "Rules", "Transform", "Globals",
}  # fmt: skip
_RESOURCE = {
    "Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy",
    "UpdatePolicy", "CreationPolicy",
}  # fmt: skip
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
PSEUDO = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as its template declares it."""

    name: str
    type: str
    properties: Body
    condition: str | None
    depends: frozenset[str]
    metadata: Any
    deletion: str
    replacement: str


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template. ``order`` has the names of its resources, each after those that it needs."""

    body: Body
    resources: Mapping[str, Resource]
    order: tuple[str, ...]
    parameters: Mapping[str, Body] = field(default_factory=dict)
    mappings: Body = field(default_factory=dict)
    conditions: Body = field(default_factory=dict)
    outputs: Body = field(default_factory=dict)
    transforms: tuple[str, ...] = ()

    @property
    def description(self) -> str | None:
        """What the template says of itself."""
        return self.body.get("Description")

    def capabilities(self) -> tuple[list[str], str | None]:
        """Return the capabilities that the template needs, and why."""
        iam = [one for one in self.resources.values() if one.type.startswith("AWS::IAM::")]
        needed, why = [], None
        if iam:
            named = any(_name_of(one) in one.properties for one in iam)
            needed.append("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM")
            kinds = ", ".join(sorted({one.type for one in iam}))
            why = f"The following resource(s) require capabilities: [{kinds}]"
        if self.transforms:
            needed.append("CAPABILITY_AUTO_EXPAND")
        return needed, why


def _name_of(resource: Resource) -> str:
    return resource.type.rpartition("::")[2] + "Name"


def template_of(text: str, values: Mapping[str, Any] | None = None) -> Template:
    """Return the template of a text; ``values`` are its parameters', where transforms need them.

    Raises ServiceError (ValidationError), in CloudFormation's words.
    """
    body = parsed(text)
    transforms = _transforms(body)
    body = languages.expanded(body) if LANGUAGES in transforms else body
    _check_sections(body)
    if SAM in transforms and values is not None:
        from stepfunctions.local.cloudformation import serverless

        body = serverless.transformed(body, values)
    return checked(body, transforms)


def checked(body: Body, transforms: tuple[str, ...] = ()) -> Template:
    """Return the template of an object. Raises ServiceError."""
    names = set(body["Resources"])
    resources = {name: _resource(name, one, names) for name, one in body["Resources"].items()}
    template = Template(
        body=body,
        resources=resources,
        order=_ordered(resources),
        parameters=_section(body, "Parameters"),
        mappings=_section(body, "Mappings"),
        conditions=_section(body, "Conditions"),
        outputs=_section(body, "Outputs"),
        transforms=transforms,
    )
    _check_names(template)
    return template


def _check_sections(body: Body) -> None:
    unknown = [name for name in body if name not in _SECTIONS]
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    if body.get("AWSTemplateFormatVersion", "2010-09-09") != "2010-09-09":
        raise invalid("Template format error: Unsupported template format version, it is 2010-09-09")
    for name in ("Hooks", "Rules"):
        if name in body:
            raise invalid(f"Template format error: the local cloud does not support the section {name}")
    if not isinstance(body.get("Description", ""), str):
        raise invalid("Template format error: Description must be a string")
    if not isinstance(body.get("Resources"), dict) or not body["Resources"]:
        raise invalid("Template format error: At least one Resources member must be defined.")
    for name, limit in _LIMITS.items():
        count = len(_section(body, name))
        if count > limit:
            one = name.lower()
            raise invalid(f"Template format error: Number of {one}, {count}, is greater than maximum allowed, {limit}")


def _section(body: Body, name: str) -> Body:
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise invalid(f"Template format error: {name} must be an object")
    for key, one in found.items():
        if not isinstance(one, dict) and name != "Conditions":
            raise invalid(f"Template format error: Every {name} member must be an object; {key} is not")
    return found


def _transforms(body: Body) -> tuple[str, ...]:
    given = body.get("Transform", [])
    names = [given] if isinstance(given, str) else given
    for name in names if isinstance(names, list) else [given]:
        if name not in (SAM, LANGUAGES):
            shown = name if isinstance(name, str) else json.dumps(name)
            raise invalid(f"No transform named {shown} found. The local cloud has {SAM} and {LANGUAGES}.")
    return tuple(names)


def _resource(name: str, given: Any, names: set[str]) -> Resource:
    if not name.isalnum() or not name.isascii():
        raise invalid(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(given, dict) or not isinstance(given.get("Type"), str):
        raise invalid(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    unknown = [key for key in given if key not in _RESOURCE]
    if unknown:
        raise invalid(f"Invalid template resource property '{unknown[0]}'")
    for policy, known in _POLICIES.items():
        if given.get(policy, "Delete") not in known:
            raise invalid(f"Template error: {policy} of {name} must be one of {', '.join(known)}")
    properties = given.get("Properties", {})
    if not isinstance(properties, dict):
        raise invalid(f"Template format error: Properties of {name} must be an object")
    if not isinstance(given.get("Condition", ""), str):
        raise invalid(f"Template format error: Condition of {name} must be a string")
    depends = given.get("DependsOn", [])
    listed = [depends] if isinstance(depends, str) else depends
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise invalid(f"Template format error: DependsOn of {name} must be a string or a list of strings")
    missing = sorted(set(listed) - names)
    if missing:
        raise _unresolved(missing, "Resources")
    return Resource(
        name=name,
        type=given["Type"],
        properties=properties,
        condition=given.get("Condition"),
        depends=frozenset(listed) | (mentioned(properties) & names),
        metadata=given.get("Metadata"),
        deletion=given.get("DeletionPolicy", "Delete"),
        replacement=given.get("UpdateReplacePolicy", "Delete"),
    )


def _unresolved(names: list[str], block: str) -> Exception:
    return invalid(
        f"Template format error: Unresolved resource dependencies [{', '.join(names)}] in the {block} block of the "
        "template"
    )


def _check_names(template: Template) -> None:
    known = set(template.resources) | set(template.parameters) | PSEUDO
    for resource in template.resources.values():
        missing = mentioned(resource.properties) - known
        if missing:
            raise _unresolved(sorted(missing), "Resources")
        if resource.condition is not None and resource.condition not in template.conditions:
            raise invalid(
                f"Template format error: Unresolved condition dependency {resource.condition} in the Resources block "
                "of the template"
            )
    for name, output in template.outputs.items():
        if "Value" not in output:
            raise invalid(f"Template format error: Every Outputs member must contain a Value object; {name} does not")
        missing = mentioned(output) - known
        if missing:
            raise _unresolved(sorted(missing), "Outputs")
    missing = mentioned(template.conditions) - set(template.parameters) - PSEUDO
    if missing:
        raise invalid(
            f"Template error: Unresolved dependencies [{', '.join(sorted(missing))}]. "
            "Cannot reference resources in the Conditions block of the template"
        )


def _ordered(resources: Mapping[str, Resource]) -> tuple[str, ...]:
    order: list[str] = []
    left = {name: set(one.depends) - {name} for name, one in resources.items()}
    circles = [name for name, one in resources.items() if name in one.depends]
    while left and not circles:
        ready = [name for name, needs in left.items() if not needs]
        if not ready:
            circles = sorted(left)
            break
        order += ready
        left = {name: needs - set(ready) for name, needs in left.items() if name not in ready}
    if circles:
        raise invalid(f"Circular dependency between resources: [{', '.join(circles)}]")
    return tuple(order)
