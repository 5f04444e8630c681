"""What a stack has beside its workflow: data buckets, roles, functions that no step declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stepfunctions.deploy.assets import AssetFile
from stepfunctions.deploy.machine import asset_parts
from stepfunctions.deploy.parts import Parts, joined
from stepfunctions.deploy.stack import Stack


def including(
    stack: Stack,
    *,
    first: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    assets: Mapping[str, AssetFile] | None = None,
) -> Stack:
    """Return a stack with further resources, by their logical ids.

    ``first``: those that what the steps declare waits for, such as the roles that steps name; they may refer to
    Parameters. ``resources``: all others, which may refer to anything. ``assets``: files that these resources are
    made of, by what each is for people. Raises ValueError when a name is taken.
    """
    template, first = dict(stack.template), dict(first or {})
    files = [asset_parts(asset, what) for what, asset in (assets or {}).items()]
    waiting = {name: _after(list(first), one) for name, one in template["Resources"].items()}
    parts = joined(
        [
            Parts(parameters=template.get("Parameters", {}), assets=stack.assets),
            *files,
            Parts(resources=first),
            Parts(resources=waiting),
            Parts(resources=resources or {}),
        ]
    )
    template["Parameters"] = dict(parts.parameters)
    template["Resources"] = dict(parts.resources)
    return replace(stack, template=template, assets=parts.assets)


_DECLARED = ("AWS::Lambda::Function", "AWS::Glue::Job", "AWS::ECS::TaskDefinition")


def _after(names: list[str], resource: Mapping[str, Any]) -> dict[str, Any]:
    if not names or resource["Type"] not in _DECLARED:
        return dict(resource)
    known = resource.get("DependsOn", [])
    return {**resource, "DependsOn": [*([known] if isinstance(known, str) else known), *names]}
