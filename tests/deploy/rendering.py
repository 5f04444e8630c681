"""What CloudFormation makes of a template's values, as far as the templates here use its functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from stepfunctions.catalog.regions import partition_of

JsonDict = dict[str, Any]


def resolved(template: Mapping[str, Any], region: str, given: Mapping[str, str], account: str = "210987654321") -> Any:
    """Return the Resources of a template as they are in a Region, references to resources left as they are."""
    known: JsonDict = {
        "AWS::Region": region,
        "AWS::AccountId": account,
        "AWS::Partition": partition_of(region),
        "AWS::URLSuffix": "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com",
        "AWS::StackName": "the-stack",
    }
    for name, declared in template.get("Parameters", {}).items():
        value = given[name] if name in given else declared["Default"]
        known[name] = value.split(",") if declared["Type"].startswith("List") else value
    mappings = template.get("Mappings", {})

    def of(value: Any) -> Any:
        if isinstance(value, list):
            return [of(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {"Ref"}:
            return known.get(value["Ref"], value)
        if set(value) == {"Fn::Join"}:
            glue, items = value["Fn::Join"]
            return glue.join(of(items))
        if set(value) == {"Fn::FindInMap"}:
            table, key, column = of(value["Fn::FindInMap"])
            return mappings[table][key][column]
        if set(value) == {"Fn::Sub"}:
            text, names = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
            here = known | of(names)
            return re.sub(r"\$\{(?!!)([^}]*)\}", lambda found: here.get(found[1], found[0]), text).replace("${!", "${")
        return {name: of(item) for name, item in value.items()}

    return of(template["Resources"])


def substituted(text: str, substitutions: Mapping[str, str]) -> JsonDict:
    """Return the definition whose text CloudFormation fills in: one placeholder after the other, as text."""
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", value)
    definition: JsonDict = json.loads(text)
    return definition


def definition_in(template: Mapping[str, Any], region: str, given: Mapping[str, str], account: str) -> JsonDict:
    """Return the definition of the state machine that a template makes in an account and Region."""
    (machine,) = [
        one
        for one in resolved(template, region, given, account).values()
        if one["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    properties = machine["Properties"]
    return substituted(properties["DefinitionString"], properties.get("DefinitionSubstitutions", {}))
