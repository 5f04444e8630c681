"""From a StateMachine to a Program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from stepfunctions.asl.choice import ChoiceRule
from stepfunctions.asl.document import JSON, Document, Lasting
from stepfunctions.asl.fields import (
    ABSENT,
    JSONATA,
    JSONPATH,
    Absent,
    QueryLanguageName,
    declared_fields,
    is_expression,
)
from stepfunctions.asl.machine import Region, StateMachine, escape_pointer, state_language, subregions
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.retry import Catcher, Retrier
from stepfunctions.asl.states import AnyState, Choice, Fail, Map, Parallel, Pass, Task, Wait
from stepfunctions.engine.limits import AWS_LIMITS, Limits
from stepfunctions.engine.program import (
    ChoiceWork,
    CompiledCatcher,
    CompiledRegion,
    CompiledRetrier,
    DistributedWork,
    FailWork,
    Flow,
    MapWork,
    Node,
    Number,
    ParallelWork,
    Place,
    Program,
    TaskWork,
    Transition,
    WaitWork,
)
from stepfunctions.query.choice import compile_test
from stepfunctions.query.language import LANGUAGES, Language
from stepfunctions.query.reference import compile_reference
from stepfunctions.query.scope import Evaluator, Scope

T = TypeVar("T")


class Compiler:
    """Compiles one machine."""

    def __init__(self, limits: Limits = AWS_LIMITS) -> None:
        self.limits = limits
        self.regions: dict[str, CompiledRegion] = {}

    def program(self, machine: StateMachine) -> Program:
        """Return the program; raises ValueError at the first thing that cannot be read."""
        outer: QueryLanguageName = JSONATA if machine.query_language == JSONATA else JSONPATH
        todo: list[tuple[str, Region, Node | None]] = [("", machine, None)]
        while todo:
            key, region, parent = todo.pop()
            compiled = CompiledRegion(region.start_at, {}, parent)
            self.regions[key] = compiled
            for name, state in region.states.items():
                path = f"{key}/States/{escape_pointer(name)}"
                node = self.node(path, name, state, outer)
                compiled.nodes[name] = node
                todo.extend((path + pointer, inner, node) for pointer, inner in subregions(state))
        timeout = machine.timeout_seconds
        return Program(machine, self.regions, None if timeout is ABSENT else timeout, self.limits)

    def node(self, path: str, name: str, state: AnyState, outer: QueryLanguageName) -> Node:
        """Compile one state."""
        tongue = LANGUAGES[state_language(state, outer)]
        fields = Fields(path, state, tongue)
        next_state = getattr(state, "next", ABSENT)
        node = Node(name, state.TYPE, path, fields.flow(), None if next_state is ABSENT else next_state)
        if isinstance(state, (Task, Parallel, Map)):
            node.retriers = tuple(_retrier(item) for item in _given(state.retry) or ())
            node.catchers = tuple(fields.catcher(index, item) for index, item in enumerate(_given(state.catch) or ()))
        if isinstance(state, Pass) and state.result is not ABSENT:
            node.result = Document(state.result)
        node.work = _WORK[type(state)](fields) if type(state) in _WORK else None
        return node


def _retrier(retrier: Retrier) -> CompiledRetrier:
    return CompiledRetrier(
        errors=retrier.error_equals,
        interval=1 if retrier.interval_seconds is ABSENT else retrier.interval_seconds,
        max_attempts=3 if retrier.max_attempts is ABSENT else retrier.max_attempts,
        rate=2.0 if retrier.backoff_rate is ABSENT else retrier.backoff_rate,
        max_delay=None if retrier.max_delay_seconds is ABSENT else retrier.max_delay_seconds,
        jitter=retrier.jitter_strategy == "FULL",
    )


class Fields:
    """Compiles the fields of one state, in its query language."""

    def __init__(self, path: str, state: Any, tongue: Language) -> None:
        self.path = path
        self.state = state
        self.tongue = tongue
        self.jsonata = tongue.name == JSONATA

    def template(self, payload: JSON, field: str) -> Evaluator | None:
        """Compile a payload; None when it is not written."""
        return None if payload is ABSENT else self.tongue.template(payload, field)

    def payload(self, attribute: str) -> Evaluator | None:
        """Compile the payload of a field of the state; None when it is not written."""
        return self.template(getattr(self.state, attribute, ABSENT), _wire(attribute))

    def flow(self) -> Flow:
        """Compile the data flow fields that this state has."""
        state = self.state
        flow = Flow(assign=self.payload("assign"), jsonata=self.jsonata)
        if self.jsonata:
            flow.parameters = self.payload("arguments")
            flow.output = self.payload("output")
            return flow
        flow.input, flow.output = self.selector_path("input_path"), self.selector_path("output_path")
        if not isinstance(state, Map):  # a Map's Parameters is the old name of ItemSelector
            flow.parameters = self.payload("parameters")
        flow.selector = self.payload("result_selector")
        flow.place, flow.discard = self.place(getattr(state, "result_path", ABSENT))
        return flow

    def selector_path(self, attribute: str) -> Evaluator | None:
        """Compile InputPath or OutputPath: null selects an empty object."""
        text = getattr(self.state, attribute, ABSENT)
        if text in _WHOLE:
            return None
        return _empty if text is None else self.tongue.expression(text, _wire(attribute))

    def place(self, text: JSON) -> tuple[Place | None, bool]:
        """Compile a ResultPath: how to put the result into the input, and whether to discard it."""
        if text in _WHOLE:
            return None, False
        if text is None:
            return None, True
        return compile_reference(text).put, False

    def catcher(self, index: int, catcher: Catcher) -> CompiledCatcher:
        """Compile one entry of Catch."""
        field = f"Catch[{index}]"
        place, discard = self.place(catcher.result_path)
        return CompiledCatcher(
            catcher.error_equals,
            catcher.next,
            place,
            discard,
            assign=self.template(catcher.assign, f"{field}/Assign"),
            output=self.template(catcher.output, f"{field}/Output"),
        )

    def number(self, attribute: str, holder: Any = None) -> Number | None:
        """Compile ``Wire`` (a number or ``{% … %}``) or ``WirePath``, whichever is written; None when neither is."""
        wire, holder = _wire(attribute), self.state if holder is None else holder
        value = getattr(holder, attribute)
        path = getattr(holder, f"{attribute}_path", ABSENT)
        if path is not ABSENT:
            return Number(f"{wire}Path", None, self.tongue.expression(path, f"{wire}Path"), path)
        if isinstance(value, str):
            return Number(wire, None, self.tongue.expression(value, wire, "number"), value, jsonata=True)
        return None if value is ABSENT else Number(wire, value)

    def text(self, attribute: str) -> Evaluator | str | None:
        """Compile ``Wire`` or ``WirePath`` of a string field."""
        wire = _wire(attribute)
        path = getattr(self.state, f"{attribute}_path")
        if path is not ABSENT:
            return self.tongue.expression(path, f"{wire}Path")
        value = getattr(self.state, attribute)
        if value is ABSENT:
            return None
        if self.jsonata and is_expression(value):
            return self.tongue.expression(value, wire, "string")
        return str(value)


def _given(value: T | Absent) -> T | None:
    return None if value is ABSENT else value


def _wire(attribute: str) -> str:
    """Return a field's name in definitions: ``TimeoutSeconds`` for ``timeout_seconds``."""
    return attribute.title().replace("_", "")


_WHOLE = (ABSENT, "$")
"""What InputPath, OutputPath, ResultPath and ItemsPath are when they change nothing."""


def _empty(scope: Scope) -> JSON:  # noqa: ARG001 - an Evaluator
    return {}


def _choice(fields: Fields) -> ChoiceWork:
    state: Choice = fields.state

    def rule(index: int, item: ChoiceRule) -> Transition:
        field = f"Choices[{index}]"
        test: Callable[[Scope], Any] | None
        if item.test is not None:
            test = compile_test(item.test)
        elif isinstance(item.condition, str):
            test = fields.tongue.expression(item.condition, f"{field}/Condition", "boolean")
        else:
            test = (lambda scope: True) if item.condition else (lambda scope: False)  # noqa: ARG005
        assign, output = (
            fields.template(item.assign, f"{field}/Assign"),
            fields.template(item.output, f"{field}/Output"),
        )
        return Transition(test, item.next, assign, output)

    rules = tuple(rule(index, item) for index, item in enumerate(state.choices))
    default = Transition(None, None if state.default is ABSENT else state.default)
    return ChoiceWork(rules, default)


def _wait(fields: Fields) -> WaitWork:
    state: Wait = fields.state
    seconds = fields.number("seconds")
    if seconds is not None:
        return WaitWork(seconds=seconds)
    if state.timestamp_path is not ABSENT:
        return WaitWork(
            timestamp=fields.tongue.expression(state.timestamp_path, "TimestampPath"),
            field="TimestampPath",
            text=state.timestamp_path,
        )
    text = str(state.timestamp)
    if is_expression(text):
        return WaitWork(timestamp=fields.tongue.expression(text, "Timestamp", "string"), text=text)
    return WaitWork(timestamp=text, text=text)


def _fail(fields: Fields) -> FailWork:
    return FailWork(fields.text("error"), fields.text("cause"))


def _task(fields: Fields) -> TaskWork:
    state: Task = fields.state
    resource = Resource.parse(state.resource)
    service = ""
    where: Lasting | None = None
    if resource.kind == "service":
        service = f"aws-sdk:{resource.service}" if resource.sdk else resource.service
        action = resource.action
        if resource.pattern is not IntegrationPattern.REQUEST_RESPONSE:
            action += f".{resource.pattern.value}"
        if resource.version is not None:
            action += f":{resource.version}"
        where = Lasting(resourceType=service, resource=action)
    return TaskWork(
        resource,
        service or resource.arn,
        {"service": "Task", "lambda": "LambdaFunction", "activity": "Activity"}[resource.kind],
        where,
        token=resource.pattern is IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        credentials=fields.payload("credentials"),
        timeout=fields.number("timeout_seconds"),
        heartbeat=fields.number("heartbeat_seconds"),
    )


def _parallel(fields: Fields) -> ParallelWork:
    return ParallelWork(tuple(fields.path + pointer for pointer, _ in subregions(fields.state)))


def _map(fields: Fields) -> MapWork:
    state: Map = fields.state
    items_path = state.items_path
    if fields.jsonata:
        # An object has members as items only where it is distributed (recorded).
        kind = "array or object" if state.distributed else "array"
        items = (
            fields.tongue.expression(state.items, "Items", kind)
            if isinstance(state.items, str)
            else fields.payload("items")
        )
    else:
        items = fields.tongue.expression(items_path, "ItemsPath") if items_path not in _WHOLE else None
    written = state.item_selector if state.item_selector is not ABSENT else state.parameters
    pointer, _ = next(subregions(state))
    return MapWork(
        region=fields.path + pointer,
        items=items,
        items_text=items_path if isinstance(items_path, str) else "$",
        selector=fields.template(written, "ItemSelector"),
        concurrency=fields.number("max_concurrency"),
        distributed=_distributed(fields) if state.distributed else None,
    )


def _distributed(fields: Fields) -> DistributedWork:
    state: Map = fields.state
    config = state.processor.processor_config
    assert config is not ABSENT
    reader, batcher, writer = _given(state.item_reader), _given(state.item_batcher), _given(state.result_writer)
    reader_config = _given(reader.reader_config) if reader else None
    numbers = (
        (
            fields.number("max_items_per_batch", batcher),
            fields.number("max_input_bytes_per_batch", batcher),
        )
        if batcher
        else ()
    )
    return DistributedWork(
        execution_type=str(config.execution_type),
        label="" if state.label is ABSENT else state.label,
        tolerated_count=fields.number("tolerated_failure_count"),
        tolerated_percentage=fields.number("tolerated_failure_percentage"),
        reader=_arguments(fields, reader, "ItemReader"),
        reader_settings={} if reader is None else {"Resource": reader.resource, "ReaderConfig": _plain(reader_config)},
        max_items=fields.number("max_items", reader_config) if reader_config else None,
        batcher={} if batcher else None,
        batch_input=fields.template(batcher.batch_input, "ItemBatcher/BatchInput") if batcher else None,
        batch_numbers=tuple(number for number in numbers if number is not None),
        writer=_arguments(fields, writer, "ResultWriter"),
        writer_settings=None if writer is None else _plain(writer),
    )


def _arguments(fields: Fields, holder: Any, field: str) -> Evaluator | None:
    """Compile the Parameters or Arguments of a reader or writer."""
    if holder is None:
        return None
    if holder.parameters is not ABSENT:
        return fields.template(holder.parameters, field)
    return fields.template(holder.arguments, f"{field}/Arguments")


def _plain(value: Any) -> dict[str, JSON]:
    """Return a nested object of the language by its wire names."""
    shown: dict[str, JSON] = {}
    if value is None:
        return shown
    for declared in declared_fields(type(value)):
        item = getattr(value, declared.attribute)
        if item is ABSENT:
            continue
        if isinstance(item, tuple):
            item = list(item)
        elif not isinstance(item, (str, int, float, bool, list, dict)) and item is not None:
            item = _plain(item)
        shown[declared.spec.wire] = item
    return shown


_WORK: dict[type[Any], Callable[[Fields], Any]] = {
    Choice: _choice,
    Wait: _wait,
    Fail: _fail,
    Task: _task,
    Parallel: _parallel,
    Map: _map,
}
