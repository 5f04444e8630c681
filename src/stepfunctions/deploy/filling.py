"""A template's values as CloudFormation fills them in, as far as definitions need it: no resources are known here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from stepfunctions.catalog.regions import partition_of
from stepfunctions.deploy.parts import MACHINE
from stepfunctions.deploy.stack import Stack


def pseudo_parameters(account: str, region: str) -> dict[str, str]:
    """Return the pseudo parameters of an account and a Region."""
    return {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": partition_of(region),
        "AWS::URLSuffix": "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com",
    }


def filled_definition(stack: Stack, values: Mapping[str, str], pseudo: Mapping[str, str]) -> dict[str, Any]:
    """Return the definition that a stack makes in an account. ``values``: of Parameters that differ from defaults."""
    properties = stack.template["Resources"][MACHINE]["Properties"]
    known: dict[str, Any] = dict(pseudo)
    for name, declared in stack.template.get("Parameters", {}).items():
        value = values.get(name, declared.get("Default", ""))
        known[name] = value.split(",") if declared["Type"].startswith("List<") else value
    text = properties.get("DefinitionString")
    if text is None:
        (text,) = [one.content.decode() for one in stack.assets if one.name.endswith(".asl.json")]
    for name, substitution in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", str(_value(substitution, known, stack.template.get("Mappings", {}))))
    definition: dict[str, Any] = json.loads(text)
    return definition


def _value(value: Any, known: Mapping[str, Any], mappings: Mapping[str, Any]) -> Any:
    """Return the value of Ref, Fn::Join, Fn::FindInMap and Fn::Sub, which definitions' placeholders stand for."""
    if not isinstance(value, Mapping):
        return value
    ((function, given),) = value.items()
    if function == "Ref":
        return known[given]
    if function == "Fn::Join":
        return given[0].join(_value(given[1], known, mappings))
    if function == "Fn::FindInMap":
        table, key, column = (_value(one, known, mappings) for one in given)
        return mappings[table][key][column]
    text, names = given if isinstance(given, list) else (given, {})
    here = {**known, **{name: _value(one, known, mappings) for name, one in names.items()}}
    return re.sub(r"\$\{([^}!]+)\}", lambda found: str(here[found[1]]), text)
