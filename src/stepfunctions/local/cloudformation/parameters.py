"""The parameters of a template and their values.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.local.cloudformation.template import Template
from stepfunctions.local.cloudformation.texts import invalid

if TYPE_CHECKING:
    from stepfunctions.local.cloudformation.records import Stack

Body = dict[str, Any]
_SSM = re.compile(r"AWS::SSM::Parameter::Value<(?P<type>.+)>")
_KNOWN = re.compile(
    r"String|Number|List<Number>|CommaDelimitedList|AWS::SSM::Parameter::Name|AWS::SSM::Parameter::Value<.+>"
    r"|(List<)?AWS::(EC2|Route53)::[\w:]+>?"
)
HIDDEN = "****"


def given_values(
    template: Template,
    given: list[Body],
    previous: Mapping[str, str],
    stored: Callable[[str], str],
) -> list[Body]:
    """Return the parameters of a stack: ParameterKey, ParameterValue, ResolvedValue for SSM's, and ``hidden``.

    ``previous`` are the values of the stack so far (UsePreviousValue), ``stored`` gets a parameter of Systems
    Manager. Raises ServiceError (ValidationError) for what is missing, too much, or not allowed.
    """
    asked: dict[str, str] = {}
    for one in given:
        key = one.get("ParameterKey", "")
        if one.get("UsePreviousValue"):
            if key not in previous:
                raise invalid(f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for it")
            asked[key] = previous[key]
        elif "ParameterValue" in one:
            asked[key] = one["ParameterValue"]
    unknown = [key for key in asked if key not in template.parameters]
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for key, declared in template.parameters.items():
        _check_declared(key, declared)
        if key not in asked and "Default" in declared:
            asked[key] = _text(declared["Default"])
    missing = [key for key in template.parameters if key not in asked]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return [_one(key, declared, asked[key], stored) for key, declared in template.parameters.items()]


def _one(key: str, declared: Body, value: str, stored: Callable[[str], str]) -> Body:
    _check(key, declared, value)
    made: Body = {"ParameterKey": key, "ParameterValue": value}
    if _SSM.fullmatch(declared["Type"]):
        made["ResolvedValue"] = stored(value)
    if _true(declared.get("NoEcho")):
        made["hidden"] = True
    return made


def hidden_values(stack: Stack) -> list[str]:
    """Return the values of a stack's NoEcho parameters, those of an operation under way too."""
    asked = [stack.doc.get("desired") or {}, (stack.operation or {}).get("desired") or {}]
    return [one["ParameterValue"] for doc in asked for one in doc.get("parameters", ()) if one.get("hidden")]


def masked(value: Any, hidden: list[str]) -> Any:
    """Return a value without what NoEcho parameters gave it."""
    if isinstance(value, dict):
        return {name: masked(one, hidden) for name, one in value.items()}
    if isinstance(value, list):
        return [masked(one, hidden) for one in value]
    for secret in hidden if isinstance(value, str) else ():
        value = value.replace(secret, HIDDEN) if secret else value
    return value


def values_of(template: Template, parameters: list[Body]) -> Body:
    """Return the values that Ref gives: lists for the types that are lists."""
    return {
        one["ParameterKey"]: _typed(
            template.parameters[one["ParameterKey"]]["Type"],
            one["ResolvedValue"] if "ResolvedValue" in one else one["ParameterValue"],
        )
        for one in parameters
        if one["ParameterKey"] in template.parameters
    }


def _typed(kind: str, value: str) -> Any:
    found = _SSM.fullmatch(kind)
    kind = found["type"] if found else kind
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [one.strip() for one in value.split(",")] if value else []
    return value


def shown(parameters: list[Body]) -> list[Body]:
    """Return parameters as the API shows them."""
    names = ("ParameterKey", "ParameterValue", "ResolvedValue")
    return [
        {name: HIDDEN if one.get("hidden") and name != "ParameterKey" else one[name] for name in names if name in one}
        for one in parameters
    ]


def declarations(template: Template) -> list[Body]:
    """Return the parameters as GetTemplateSummary shows them."""
    found = []
    for key, declared in template.parameters.items():
        _check_declared(key, declared)
        one: Body = {"ParameterKey": key, "ParameterType": declared["Type"], "NoEcho": _true(declared.get("NoEcho"))}
        if "Default" in declared:
            one["DefaultValue"] = HIDDEN if one["NoEcho"] else _text(declared["Default"])
        if "Description" in declared:
            one["Description"] = str(declared["Description"])
        allowed = declared.get("AllowedValues")
        one["ParameterConstraints"] = {"AllowedValues": [_text(value) for value in allowed]} if allowed else {}
        found.append(one)
    return found


def _check_declared(key: str, declared: Body) -> None:
    if "Type" not in declared:
        raise invalid(f"Template format error: Every Parameters object must contain a Type member; {key} does not.")
    if not isinstance(declared["Type"], str) or not _KNOWN.fullmatch(declared["Type"]):
        raise invalid(f"Template format error: Unrecognized parameter type: {declared['Type']}")
    allowed = declared.get("AllowedValues")
    if allowed is not None and not isinstance(allowed, list):
        raise invalid(f"Template format error: AllowedValues of {key} must be a list")
    for name in ("MinLength", "MaxLength", "MinValue", "MaxValue"):
        try:
            float(declared.get(name, 0))
        except (TypeError, ValueError):
            raise invalid(f"Template format error: {name} of {key} must be a number") from None
    try:
        re.compile(str(declared.get("AllowedPattern", "")))
    except re.error:
        raise invalid(f"Template format error: AllowedPattern of {key} is no regular expression") from None


def _check(key: str, declared: Body, value: str) -> None:
    kind = declared["Type"]
    values = _typed(kind, value) if kind in ("CommaDelimitedList", "List<Number>") else [value]
    reason = declared.get("ConstraintDescription")
    for one in values:
        problem = _problem(key, declared, kind, one)
        if problem:
            raise invalid(f"Parameter {key} failed to satisfy constraint: {reason}" if reason else problem)


def _problem(key: str, declared: Body, kind: str, value: str) -> str | None:
    allowed = declared.get("AllowedValues")
    if allowed is not None and value not in [_text(one) for one in allowed]:
        return f"Parameter '{key}' must be one of AllowedValues"
    if kind in ("Number", "List<Number>"):
        try:
            number = float(value)
        except ValueError:
            return f"Parameter '{key}' must be a number."
        if "MinValue" in declared and number < float(declared["MinValue"]):
            return f"Parameter '{key}' must be a number not less than {declared['MinValue']}"
        if "MaxValue" in declared and number > float(declared["MaxValue"]):
            return f"Parameter '{key}' must be a number not greater than {declared['MaxValue']}"
        return None
    if "MinLength" in declared and len(value) < int(declared["MinLength"]):
        return f"Parameter '{key}' must contain at least {declared['MinLength']} characters"
    if "MaxLength" in declared and len(value) > int(declared["MaxLength"]):
        return f"Parameter '{key}' must contain at most {declared['MaxLength']} characters"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(str(pattern), value):
        return f"Parameter '{key}' must match pattern {pattern}"
    return None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
