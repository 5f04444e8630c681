"""All of the language can be written: every field of every state, every action of every integration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from stepfunctions import asl
from stepfunctions.asl import maps
from stepfunctions.asl.fields import JSONATA, JSONPATH, DeclaredField, Kind, Nested, declared_fields
from stepfunctions.asl.resource import Resource
from stepfunctions.asl.retry import Catcher, Retrier
from stepfunctions.catalog.integrations import INTEGRATIONS
from stepfunctions.inputs import ExecutionInput, jsonata
from stepfunctions.steps import (
    Catch,
    Choice,
    Fail,
    Graph,
    ItemBatcher,
    ItemReader,
    Map,
    Parallel,
    Pass,
    ProcessorConfig,
    ReaderConfig,
    ResultWriter,
    Retry,
    Succeed,
    Task,
    Wait,
    WriterConfig,
    task_token,
)
from stepfunctions.steps.integration_resources import IntegrationPattern
from stepfunctions.steps.services.step import ServiceStep

STEPS: dict[type[Any], Any] = {
    asl.STATE_TYPES[cls.__name__]: cls for cls in (Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait)
}
PARTS: dict[type[Any], Any] = {
    Retrier: Retry,
    Catcher: Catch,
    maps.ItemReader: ItemReader,
    maps.ReaderConfig: ReaderConfig,
    maps.ItemBatcher: ItemBatcher,
    maps.ResultWriter: ResultWriter,
    maps.WriterConfig: WriterConfig,
    maps.ProcessorConfig: ProcessorConfig,
}
given = ExecutionInput()
LINKS = ("Next", "End", "Default", "Choices", "Branches", "ItemProcessor", "Iterator", "Retry", "Catch")


class Case(NamedTuple):
    cls: type[Any]
    field: DeclaredField
    language: str

    @property
    def id(self) -> str:
        return f"{self.cls.__name__}.{self.field.spec.wire} in {self.language}"


def cases(classes: dict[type[Any], Any]) -> Iterator[Case]:
    for cls in classes:
        for field in declared_fields(cls):
            for language in (JSONPATH, JSONATA):
                if field.spec.language in (None, language):
                    yield Case(cls, field, language)


def constant(field: DeclaredField, language: str) -> Any:
    """Return a value that the field takes."""
    kind = field.spec.kind
    if isinstance(kind, Nested):
        return part(kind.cls, language)
    if kind.choices:
        return kind.choices[-1] if field.spec.wire != "QueryLanguage" else language
    samples: dict[str, Any] = {
        "any": {"k": [1, None, {"x": given["x"]}]},
        "array": [given["x"], 1],
        "boolean": True,
        "credentials": {"RoleArn": given["role"]},
        "integer": max(7, int(kind.minimum or 0)),
        "number": 7.5,
        "path": "$.x",
        "path or intrinsic": "States.Format('{}', $.x)",
        "reference path": "$.x",
        "string": "text",
        "strings": ["a", "b"],
        "timestamp": "2026-01-31T12:00:00Z",
        "variables": {"v": given["x"]},
    }
    return {"a": 1} if field.attribute == "result" else samples[kind.name]


def part(cls: type[Any], language: str, **fields: Any) -> Any:
    """Return a part with what it cannot be without."""
    needed: dict[type[Any], dict[str, Any]] = {
        Retrier: {"error_equals": ["E"]},
        Catcher: {"next_step": Fail("failed"), "error_equals": ["E"]},
        maps.ItemReader: {"resource": "arn:aws:states:::s3:getObject"},
        maps.ItemBatcher: {} if any(name.startswith("max") for name in fields) else {"max_items_per_batch": 2},
        maps.ResultWriter: {"writer_config": WriterConfig(output_type="JSON")},
        maps.ProcessorConfig: {"execution_type": "EXPRESS"},
        maps.ReaderConfig: {"csv_header_location": "GIVEN"}
        if "csv_headers" in fields
        else {"csv_headers": ["a"]}
        if fields.get("csv_header_location") == "GIVEN"
        else {"input_type": "JSON"}
        if "transformation" in fields
        else {},
    }
    if cls is maps.ResultWriter and "resource" in fields:
        fields["parameters" if language == JSONPATH else "arguments"] = {"Bucket": "b"}
    return PARTS[cls](**{**needed.get(cls, {}), **fields})


def step(cls: type[Any], **fields: Any) -> Any:
    """Return a step with what it cannot be without."""
    name = cls.__name__
    if name == "Choice":
        choice = Choice("S", **fields)
        choice.add_choice(given["x"] > 1, Succeed("one"))
        return choice
    needed: dict[str, dict[str, Any]] = {
        "Task": {"resource": "arn:aws:states:::lambda:invoke"},
        "Wait": {} if set(fields) & {"seconds", "timestamp", "seconds_path", "timestamp_path"} else {"seconds": 1},
        "Map": {"item_processor": Pass("each")},
        "Parallel": {"branches": [Pass("branch")]},
    }
    return STEPS[cls]("S", **{**needed.get(name, {}), **fields})


def written(found: Any, language: str) -> dict[str, Any]:
    """Return the state as AWS gets it: in a workflow of a language, and as a state of it in one of JSONPath."""
    definition = Graph(found, query_language=language).to_dict()
    asl.parse(definition)
    state: dict[str, Any] = definition["States"]["S"]
    if language == JSONATA:
        found.query_language = JSONATA
        alone = Graph(found).to_dict()
        asl.parse(alone)
        state = {"QueryLanguage": JSONATA, **state}
        assert alone["States"]["S"] == state
    return state


@pytest.mark.parametrize(
    "case", [one for one in cases(STEPS) if one.field.spec.wire not in LINKS], ids=lambda case: case.id
)
def test_every_field_of_a_state_can_be_written(case: Case) -> None:
    name, wire = case.field.attribute, case.field.spec.wire
    found = step(case.cls, **{name: constant(case.field, case.language)})
    assert wire in written(found, case.language)
    later = step(case.cls)
    if case.field.spec.group == "wait":
        later.seconds = None
    setattr(later, {"output": "output_value"}.get(name, name), constant(case.field, case.language))
    assert written(later, case.language)[wire] == written(found, case.language)[wire]


@pytest.mark.parametrize(
    "case", [one for one in cases(STEPS) if one.field.spec.wire in LINKS], ids=lambda case: case.id
)
def test_every_link_of_a_state_can_be_written(case: Case) -> None:
    wire, after = case.field.spec.wire, Pass("after")
    found = step(case.cls)
    if wire == "Iterator":
        found = Map("S", iterator=Pass("each"))
    elif wire == "Next":
        found.next(after)
    elif wire == "Default":
        found.default_choice(after)
    elif wire == "Retry":
        found.add_retry(Retry(error_equals=["E"]))
    elif wire == "Catch":
        found.add_catch(Catch(after, error_equals=["E"]))
    assert wire in written(found, case.language)


@pytest.mark.parametrize(
    "case", [one for one in cases(PARTS) if one.field.spec.wire not in LINKS], ids=lambda case: case.id
)
def test_every_field_of_a_part_can_be_written(case: Case) -> None:
    value = constant(case.field, case.language)
    if case.field.spec.wire == "ManifestType":
        value = "ATHENA_DATA"
    one = part(case.cls, case.language, **{case.field.attribute: value})
    owners: dict[type[Any], tuple[type[Any], str, Any]] = {
        Retrier: (asl.Task, "retry", [one]),
        Catcher: (asl.Task, "catch", [one]),
        maps.ItemReader: (asl.Map, "item_reader", one),
        maps.ItemBatcher: (asl.Map, "item_batcher", one),
        maps.ResultWriter: (asl.Map, "result_writer", one),
        maps.ProcessorConfig: (asl.Map, "processor_config", one),
        maps.ReaderConfig: (asl.Map, "item_reader", part(maps.ItemReader, case.language)),
        maps.WriterConfig: (asl.Map, "result_writer", part(maps.ResultWriter, case.language)),
    }
    cls, name, value = owners[case.cls]
    if case.cls is maps.ReaderConfig:
        value.reader_config = one
    if case.cls is maps.WriterConfig:
        value.writer_config = one
    assert f"'{case.field.spec.wire}'" in repr(written(step(cls, **{name: value}), case.language))


def dynamic(classes: dict[type[Any], Any]) -> Iterator[Case]:
    """The fields that take an expression as a whole: those with a twin for a path, and all of JSONata's."""
    for case in cases(classes):
        kind = case.field.spec.kind
        twins = {f"{field.attribute}_path" for field in declared_fields(case.cls)}
        if case.field.attribute == "result":
            continue  # a constant: ResultPath is where a result goes, and no path to one
        if isinstance(kind, Kind) and (
            (case.language == JSONATA and kind.expression and kind.name != "credentials")
            or (
                case.language == JSONPATH
                and ("path" in kind.name or f"{case.field.attribute}_path" in twins & set_of(case.cls))
            )
        ):
            yield case


def set_of(cls: type[Any]) -> set[str]:
    return {field.attribute for field in declared_fields(cls)}


@pytest.mark.parametrize("case", list(dynamic(STEPS)), ids=lambda case: case.id)
def test_every_field_that_can_be_computed_takes_an_expression(case: Case) -> None:
    found = step(case.cls, **{case.field.attribute: jsonata("$now()") if case.language == JSONATA else given["x"]})
    state = written(found, case.language)
    wires = [case.field.spec.wire, f"{case.field.spec.wire}Path"]
    value = next(state[wire] for wire in wires if wire in state)
    assert value == ("{% $now() %}" if case.language == JSONATA else "$$.Execution.Input['x']")


def actions() -> Iterator[Any]:
    for service, integration in INTEGRATIONS.items():
        for action, patterns in integration.actions.items():
            for pattern in sorted(patterns, key=str):
                yield pytest.param(
                    service, action, pattern, id=f"{service}:{action}{pattern.value and '.' + pattern.value}"
                )


@pytest.mark.parametrize(("service", "action", "pattern"), list(actions()))
@pytest.mark.parametrize("language", [JSONPATH, JSONATA])
def test_every_action_can_be_called_in_every_way(
    service: str, action: str, pattern: asl.IntegrationPattern, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    cls: Any = type("Call", (ServiceStep,), {"SERVICE": service, "ACTION": action})
    request = {"Payload": {"token": task_token(), "week": given["week"]}}
    call = cls("S", integration_pattern=IntegrationPattern(pattern.value), parameters=request)
    state = written(call, language)
    resource = Resource.parse(state["Resource"])
    assert (resource.service, resource.action, resource.pattern) == (service, action, pattern)
    assert ("Arguments" if language == JSONATA else "Parameters") in state
