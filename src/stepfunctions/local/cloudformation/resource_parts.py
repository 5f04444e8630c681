"""What the table of a resource type is made of, beside the operations: its properties, settings, tags, readiness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.local.cloudformation.handlers import Context, Properties


@dataclass(frozen=True)
class Setting:
    """A property that an operation of its own sets, once the resource is there and whenever it changes.

    ``members`` makes the request of its value; without it the value is the member that has the property's name.
    ``created``: whether creation sets it already. ``remove`` is called when the property is taken away, else ``put``
    with ``default``. ``get`` shows it; ``shown`` makes the property's value of the answer. Where one call is not
    enough, ``apply`` makes the resource have the value (None: nothing of it), and ``live`` tells what it has; both
    are given what is known of the resource, ``was`` being the value before an update.
    """

    name: str
    put: str = ""
    remove: str = ""
    members: Callable[[Any], Properties] | None = None
    created: bool = False
    default: Any = None
    get: str = ""
    shown: Callable[[Properties], Any] | None = None
    apply: Callable[[Context, Properties, Any], None] | None = None
    live: Callable[[Context, Properties], Any] | None = None


@dataclass(frozen=True)
class TagCalls:
    """How tags of a service change: the member that names the resource, and what names it."""

    arn: str = "resourceArn"
    of: str = "{id}"
    tag: str = "TagResource"
    untag: str = "UntagResource"
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """The member that tells how far a resource is, its values while the service is at work, and when it is done."""

    member: str
    working: frozenset[str]
    done: frozenset[str]


def fields(text: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return names, required ones (marked ``*``) and create-only ones (``!``) of a list of properties."""
    words = text.split()
    names = [word.rstrip("*!") for word in words]
    marked = [frozenset(name for name, word in zip(names, words, strict=True) if mark in word) for mark in "*!"]
    return frozenset(names), marked[0], marked[1]
