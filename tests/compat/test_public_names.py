"""Everything public of 2.3.0 can be imported here, and is called in the same way.

``names.json`` is what ``record_names.py`` found in 2.3.0: each module's names, and of what has parameters their order,
names and defaults. Here there may be more: modules, methods, parameters after the old ones, members, fields.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

NAMES: dict[str, dict[str, dict[str, Any]]] = json.loads((Path(__file__).parent / "names.json").read_text())

_PAGES = "stepfunctions.workflow.widgets."
_OF_PAGES = {
    "events_table": "CSS_TEMPLATE JS_TEMPLATE TABLE_ROW_TEMPLATE TABLE_TEMPLATE LAMBDA_ARN_SEGMENT_LENGTH "
    "LAMBDA_FUNCTION_RESOURCE_TYPE LAMBDA_SERVICE_NAME SAGEMAKER_JOB_NAME_MAP",
    "executions_table": "CSS_TEMPLATE TABLE_ROW_TEMPLATE TABLE_TEMPLATE",
    "graph": "CSS_URL EXECUTION_GRAPH_LEGEND_TEMPLATE EXECUTION_GRAPH_SCRIPT_TEMPLATE EXECUTION_URL_TEMPLATE "
    "HTML_TEMPLATE JSLIB_URL WORKFLOW_GRAPH_SCRIPT_TEMPLATE",
    "workflows_table": "CSS_TEMPLATE TABLE_ROW_TEMPLATE TABLE_TEMPLATE",
}
NOT_KEPT = {(_PAGES + module, name) for module, names in _OF_PAGES.items() for name in names.split()}
"""Pieces that 2.3.0 builds its pages of: the pages are others now, and load nothing from the network."""

NOT_KEPT |= {("stepfunctions.steps.choice_rule", "VALIDATORS")}
"""The types of operands by operator: the field table says them now."""

OTHERWISE = {
    "Graph": {"Block", "allowed_fields", "build_graph"},
}
"""Bases and methods that are not those of 2.3.0. A graph takes keyword arguments of its own, not the fields of a block,
and ``build_graph``, which its constructor calls, needs no argument."""

KEYWORDS = {
    "Placeholder": {"name", "type", "parent"},
    "ExecutionInput": {"name", "type", "parent"},
    "StepInput": {"name", "type", "parent"},
    "Graph": {"timeout_seconds", "comment", "version"},
    "TrainingPipeline": {"pipeline_name"},
    "InferencePipeline": {"compression_type", "content_type", "pipeline_name"},
    "WorkflowTemplate": {"pipeline_name"},
}
"""What 2.3.0 reads from ``**kwargs`` where those are no fields of a block."""

ENTRIES = [
    pytest.param(module, name, id=f"{module.removeprefix('stepfunctions.')}.{name}")
    for module, names in NAMES.items()
    for name in names
    if (module, name) not in NOT_KEPT
]


def find(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("module", NAMES)
def test_every_module_can_be_imported(module: str) -> None:
    importlib.import_module(module)


@pytest.mark.parametrize(("module", "name"), ENTRIES)
def test_every_name_is_there_and_is_what_it_was(module: str, name: str) -> None:
    old, new = NAMES[module][name], find(module, name)
    kind = old["is"]
    if kind == "import":
        assert new is find(old["from"], name)
    elif kind == "enum":
        members = {member.name: member.value for member in new}
        assert {key: members.get(key) for key in old["members"]} == old["members"]
    elif kind == "class":
        _check_class(name, old, new)
    elif kind == "function":
        assert _differences(old["signature"], new) == []
    else:
        assert isinstance(new, {"str": str, "dict": dict, "int": int}[kind])
        assert new == old.get("value", new)


def _check_class(name: str, old: dict[str, Any], new: type) -> None:
    known = {base.__name__ for base in new.__mro__}
    other = OTHERWISE.get(name, set())
    assert set(old["bases"]) - known <= other
    if "signature" in old:
        assert _differences(old["signature"], new, _fields(old, name)) == []
    for method in old["methods"].keys() - other:
        signature = old["methods"][method]
        found = inspect.getattr_static(new, method)
        bound = isinstance(found, (classmethod, staticmethod))
        given = getattr(new, method)
        assert _differences(signature if bound else ["self", *signature], given) == [], method


def _fields(old: dict[str, Any], name: str) -> set[str]:
    """Return what 2.3.0 takes as ``**kwargs``: the fields of the class, or of the nearest base that says them."""
    states = NAMES["stepfunctions.steps.states"]
    while "fields" not in old and old["bases"] and old["bases"][0] in states:
        old = states[old["bases"][0]]
    return KEYWORDS.get(name) or set(old.get("fields", ()))


def _differences(old: list[Any], call: Any, keywords: set[str] | None = None) -> list[str]:
    """Return what a caller of 2.3.0 cannot write any more."""
    new = inspect.signature(call).parameters
    positional = [found for found in new.values() if found.kind is found.POSITIONAL_OR_KEYWORD]
    found = []
    rest = any(parameter.kind is parameter.VAR_KEYWORD for parameter in new.values())
    asked = [item for item in old if not str(item).startswith("**")]
    for place, item in enumerate(asked):
        name, *default = item if isinstance(item, list) else [item]
        here = positional[place] if place < len(positional) else None
        if here is None or here.name != name:
            found.append(f"{name} is not the parameter {place}, but {here}")
        elif default and not _same(default[0], here.default):
            found.append(f"the default of {name} is {here.default!r}, not {default[0]!r}")
    needed = [parameter.name for parameter in positional[len(asked) :] if parameter.default is parameter.empty]
    lost = sorted((keywords or set()) - set(new)) if len(asked) < len(old) and not rest else []
    return found + [f"{name} must be given" for name in needed] + [f"{name} is not taken" for name in lost]


def _same(old: Any, new: Any) -> bool:
    """Compare defaults. One that can be changed is None or empty here: it was shared between calls.

    A pattern that is None is the first one of its step, as in 2.3.0; which that is, the resource ARN shows.
    """
    if isinstance(old, list):
        return new is None or new == ()
    if isinstance(old, str) and old.startswith("IntegrationPattern."):
        return new is None or str(new) == old
    return bool(new == old)


def test_what_is_not_kept_was_there() -> None:
    assert [entry for entry in sorted(NOT_KEPT) if entry[1] not in NAMES[entry[0]]] == []
