"""Whether a request is one that an API takes, asked of botocore's models: without a client, an account or a call.

A request is what stands in a task's ``Parameters``: PascalCase names, ``"Name.$"`` keys and ``{% … %}`` strings for
what is known only at run time. botocore is loaded when something is asked.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from stepfunctions.asl.machine import escape_pointer
from stepfunctions.catalog.sdk_services import member_of

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape

IsDynamic = Callable[[Any], bool]
"""Tells whether a value is known only when the execution runs."""

JSON_MEMBERS: Mapping[tuple[str, str], frozenset[str]] = {
    ("events", "PutEvents"): frozenset({"Detail"}),
    ("sns", "Publish"): frozenset({"Message"}),
    ("sqs", "SendMessage"): frozenset({"MessageBody"}),
    ("stepfunctions", "StartExecution"): frozenset({"Input"}),
}
"""Members that are text for the API and may be any JSON value in a task, which is written as text then."""

_SCALARS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "character": ((str,), "a string"),
    "integer": ((int,), "an integer"),
    "long": ((int,), "an integer"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "bigdecimal": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "timestamp": ((str, int, float), "a timestamp of ISO 8601, such as '2026-11-22T10:00:00Z'"),
}
_SHOWN = 12
"""How many names a message lists at most."""


@functools.lru_cache(maxsize=32)
def service_model(client: str) -> ServiceModel:
    """Return botocore's model of a service, by boto3's name of it. Raises ValueError when there is none."""
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    try:
        return ServiceModel(Loader().load_service_model(client, "service-2"), client)
    except UnknownServiceError:
        raise ValueError(f"boto3 knows no service '{client}'.") from None


@functools.lru_cache(maxsize=32)
def _operations(client: str) -> Mapping[str, str]:
    """Return the operations of a service by their names in small letters, without the date that some end in."""
    names = service_model(client).operation_names
    known = {_flat(name): name for name in names}
    return known | {_flat(re.sub(r"\d{4}_\d\d_\d\d$", "", name)): name for name in names}


def find_operation(client: str, action: str) -> OperationModel:
    """Return botocore's model of an operation, named in snake_case, camelCase or PascalCase.

    Raises ValueError for an unknown one ("did you mean"), and for one that streams events, which no task can call.
    """
    model = service_model(client)
    known = _operations(client)
    name = known.get(_flat(action))
    if name is None:
        close = difflib.get_close_matches(_flat(action), known, 3)
        raise ValueError(
            f"The service '{client}' has no action '{action}'."
            + (f" Did you mean {_or([known[one] for one in close])}?" if close else "")
            + f" {_version()}"
        )
    operation = model.operation_model(name)
    if operation.has_event_stream_input or operation.has_event_stream_output:
        raise ValueError(f"'{client}' {name} streams events, which a task cannot: there is no integration of it.")
    return operation


def problems_with_request(
    client: str,
    operation: str,
    request: Any,
    *,
    is_dynamic: IsDynamic | None = None,
    sdk: bool = True,
) -> list[str]:
    """Return what is wrong with a request, each as a whole sentence: see :func:`mistakes_in_request`."""
    return [one.text for one in mistakes_in_request(client, operation, request, is_dynamic=is_dynamic, sdk=sdk)]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a request. ``pointer``: a JSON Pointer, of what lacks a member for ``missing``."""

    kind: Literal["unknown", "missing", "type"]
    pointer: str
    text: str


def mistakes_in_request(
    client: str,
    operation: str,
    request: Any,
    *,
    is_dynamic: IsDynamic | None = None,
    sdk: bool = True,
) -> list[Mistake]:
    """Return what is wrong with a request, nothing when the API takes it.

    Checked at any depth: unknown and missing members, types, the values of enumerations. ``sdk`` says that the
    request is one of an ``aws-sdk:`` integration, whose names differ where a name begins with an acronym.
    Lengths, ranges and patterns are left to the service.
    """
    model = find_operation(client, operation)
    check = _Check(is_dynamic or _never, sdk, JSON_MEMBERS.get((client, model.name), frozenset()))
    if model.input_shape is None:
        return [Mistake("unknown", "", f"{model.name} takes no parameters.")] if request else []
    generated = frozenset(getattr(model, "idempotent_members", ()))
    return list(check.value(request, model.input_shape, _Where(), generated))


def _never(value: Any) -> bool:  # noqa: ARG001 - of the form of IsDynamic
    return False


@dataclass(frozen=True, slots=True)
class _Where:
    """A place in a request: as people write it, and as a JSON Pointer."""

    text: str = ""
    pointer: str = ""

    def member(self, name: str, written: str | None = None) -> _Where:
        """Return the place of a member; ``written``: its key, where that is another."""
        text = f"{self.text}.{name}" if self.text else name
        return _Where(text, f"{self.pointer}/{escape_pointer(written or name)}")

    def item(self, index: int) -> _Where:
        """Return the place of an element."""
        return _Where(f"{self.text}[{index}]", f"{self.pointer}/{index}")


class _Check:
    """One request's check: what is dynamic, how members are written, which of them may be any JSON."""

    def __init__(self, is_dynamic: IsDynamic, sdk: bool, any_json: frozenset[str]) -> None:
        self._is_dynamic = is_dynamic
        self._sdk = sdk
        self._any_json = any_json

    def value(
        self, value: Any, shape: Shape, path: _Where, generated: frozenset[str] = frozenset()
    ) -> Iterator[Mistake]:
        """Yield what is wrong with a value. ``generated`` are members that the SDK fills when they are missing."""
        if self._unknown_yet(value) or getattr(shape, "is_document_type", False) or shape.type_name == "blob":
            return
        if shape.type_name == "structure":
            yield from self._structure(value, shape, path, generated)
        elif shape.type_name == "list":
            if not isinstance(value, (list, tuple)):
                yield _wrong(path, "a list", value)
                return
            for index, item in enumerate(value):
                yield from self.value(item, shape.member, path.item(index))
        elif shape.type_name == "map":
            yield from self._map(value, shape, path)
        else:
            yield from _scalar(value, shape, path)

    def _unknown_yet(self, value: Any) -> bool:
        if isinstance(value, str):
            return (value.startswith("{%") and value.endswith("%}")) or "${" in value
        return self._is_dynamic(value)

    def _structure(self, value: Any, shape: Any, path: _Where, generated: frozenset[str]) -> Iterator[Mistake]:
        if not isinstance(value, Mapping):
            yield _wrong(path, "an object", value)
            return
        names = {member_of(name, sdk=self._sdk): name for name in shape.members}
        given: set[str] = set()
        for key, item in value.items():
            written = str(key)
            name = written.removesuffix(".$")
            if name not in names:
                meant = _spelt(name, names)
                if meant is not None:
                    given.add(meant)
                where = path.member(name, written)
                text = f"'{where.text}' is unknown: {_instead(name, meant, names)}"
                yield Mistake("unknown", where.pointer, text)
                continue
            given.add(name)
            if written != name or item is None or name in self._any_json:
                continue
            yield from self.value(item, shape.members[names[name]], path.member(name))
        missing = [member_of(name, sdk=self._sdk) for name in shape.required_members if name not in generated]
        for name in missing:
            if name not in given or value.get(name, "") is None:
                yield Mistake("missing", path.pointer, f"'{path.member(name).text}' is missing.")
        if getattr(shape, "is_tagged_union", False) and len(given) != 1:
            yield Mistake("type", path.pointer, f"'{path.text}' takes exactly one of {_listed(names)}.")

    def _map(self, value: Any, shape: Any, path: _Where) -> Iterator[Mistake]:
        if not isinstance(value, Mapping):
            yield _wrong(path, "an object", value)
            return
        for key, item in value.items():
            written = str(key)
            if not written.endswith(".$"):
                where = path.member(written)
                yield from _scalar(written, shape.key, _Where(f"a key of {path.text}", where.pointer))
                yield from self.value(item, shape.value, where)


def _scalar(value: Any, shape: Any, path: _Where) -> Iterator[Mistake]:
    types, expected = _SCALARS.get(shape.type_name, ((object,), "a value"))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types and object not in types):
        yield _wrong(path, expected, value)
        return
    allowed = getattr(shape, "enum", None)
    if allowed and "${" not in str(value) and value not in allowed:
        close = difflib.get_close_matches(str(value).lower(), {one.lower() for one in allowed}, 1)
        meant = next((one for one in allowed if close and one.lower() == close[0]), None)
        text = f"'{path.text}' is {value!r}, but must be one of {_listed(allowed)}."
        hint = f" Did you mean {meant!r}?" if meant else ""
        yield Mistake("type", path.pointer, f"{text}{hint} {_version()}")


def _spelt(name: str, names: Mapping[str, str]) -> str | None:
    """Return the member that a name means in another spelling: snake_case, camelCase, the API's own."""
    flat = {_flat(known): known for known in names}
    return flat.get(_flat(name)) or next((one for one, native in names.items() if native == name), None)


def _instead(name: str, meant: str | None, names: Mapping[str, str]) -> str:
    """Return what to write for an unknown member."""
    if meant is not None:
        return f"write '{meant}', as Step Functions spells it."
    flat = {_flat(known): known for known in names}
    close = difflib.get_close_matches(_flat(name), flat, 1)
    if close:
        return f"did you mean '{flat[close[0]]}'?"
    return f"there are {_listed(names)}." if names else "there are no members."


def _wrong(path: _Where, expected: str, value: Any) -> Mistake:
    shown = repr(value)
    where = f"'{path.text}'" if path.text else "The request"
    text = f"{where} must be {expected}, not {shown if len(shown) <= 60 else shown[:57] + '…'}."
    return Mistake("type", path.pointer, text)


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in every[:_SHOWN]) + more


def _or(names: list[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _flat(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _version() -> str:
    import botocore

    return f"(botocore {botocore.__version__} was asked; a newer one may know more.)"
