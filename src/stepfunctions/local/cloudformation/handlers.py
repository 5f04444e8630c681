"""What makes a resource of a stack: one handler a resource type, found by the type's name.

A handler calls the local cloud's own services, as a user would. What it may rely on of the stack is its Context.
"""

from __future__ import annotations

import hashlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

Properties = dict[str, Any]
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A resource that was made: ``id`` is what Ref gives, ``attributes`` what Fn::GetAtt gives (dots in a name count).

    ``id`` is the physical id; when an update answers another one, the old resource is still there.
    """

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Context:
    """The stack and the resource that a handler works for.

    ``token`` is the same when a step is done again after a crash, and different for each new one. ``tags`` are the
    stack's. ``wait`` returns once what it is given holds, looking every few seconds of the cloud's clock, and raises
    ServiceError when the stack operation is cancelled or takes too long.
    """

    stack_name: str
    stack_id: str
    logical_id: str
    account: str
    region: str
    token: str
    tags: Mapping[str, str] = field(default_factory=dict)
    wait: Callable[[Callable[[], bool]], None]

    def generated_name(self, longest: int = 255) -> str:
        """Return ``stack-logicalId-RANDOM``, as AWS names what a template does not name; at most ``longest`` long."""
        number = int.from_bytes(hashlib.sha256(f"{self.stack_id}/{self.logical_id}/{self.token}".encode()).digest())
        ending = ""
        for _ in range(12):
            number, rest = divmod(number, len(_LETTERS))
            ending += _LETTERS[rest]
        room = longest - len(ending) - 2
        logical = self.logical_id[: max(room - min(len(self.stack_name), room // 2), 1)]
        return f"{self.stack_name[: room - len(logical)]}-{logical}-{ending}"


class Handler(ABC):
    """One resource type. Every refusal is a ServiceError, whose message becomes the resource's status reason.

    ``properties`` are the names it knows, ``required`` those that a template must give, ``create_only`` those whose
    change needs a new resource.
    """

    type: str
    properties: frozenset[str]
    required: frozenset[str]
    create_only: frozenset[str]

    @abstractmethod
    def create(self, cloud: Cloud, context: Context, properties: Properties) -> Made:
        """Make the resource, and wait until it can be used."""

    @abstractmethod
    def update(self, cloud: Cloud, context: Context, id: str, old: Properties, new: Properties) -> Made:
        """Change the resource in place; none of ``create_only`` differs."""

    @abstractmethod
    def delete(self, cloud: Cloud, context: Context, id: str, properties: Properties) -> None:
        """Delete the resource; one that is gone already is no error."""

    @abstractmethod
    def read(self, cloud: Cloud, context: Context, id: str, properties: Properties) -> Properties | None:
        """Return those of ``properties`` that can be read, as they are now (for drift); None when it is gone."""


_HERE = "stepfunctions.local.cloudformation"
_MODULES = {
    "resources_stepfunctions": ("StepFunctions::StateMachine", "StepFunctions::Activity"),
}
REGISTRY: Mapping[str, str] = MappingProxyType(
    {f"AWS::{name}": f"{_HERE}.{module}:HANDLERS" for module, names in _MODULES.items() for name in names}
)
"""Resource type -> "module:the module's handlers"."""


def handler_of(kind: str) -> Handler | None:
    """Return the handler of a resource type, None when the local cloud has none."""
    place = REGISTRY.get(kind)
    if place is None:
        return None
    module, name = place.split(":")
    found: Handler = getattr(importlib.import_module(module), name)[kind]
    return found
