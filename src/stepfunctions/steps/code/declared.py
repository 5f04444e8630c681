"""What must exist in an account before a workflow runs: functions, jobs and task definitions of its steps.

A step made of a function, a script or an image declares it; ``Workflow.provision()`` makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stepfunctions.steps.writing import Linkable, Writer

if TYPE_CHECKING:
    from stepfunctions.steps.base import State
    from stepfunctions.steps.graph import Graph

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_ROLE = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/.+")
_REGIONS = ("iterator", "item_processor")
Service = Literal["lambda", "glue", "ecs", "s3"]


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file that a resource is made of, and that AWS reads from a bucket.

    ``name`` is the file's name. ``build`` returns its content; ``build(False)`` without what comes from a package
    index. ``place`` says where in the request its location is written: as ``s3://bucket/key`` (``form`` ``"uri"``)
    or as ``{"S3Bucket", "S3Key"}`` (``"object"``).
    """

    name: str
    build: Callable[[bool], bytes]
    place: tuple[str, ...]
    form: Literal["uri", "object"]

    def located(self, request: Mapping[str, Any], bucket: str, key: str) -> dict[str, Any]:
        """Return a copy of a request that says where this file is."""
        where: Any = f"s3://{bucket}/{key}" if self.form == "uri" else {"S3Bucket": bucket, "S3Key": key}
        for name in reversed(self.place[1:]):
            where = {name: where}
        first = self.place[0]
        return {**request, first: {**request.get(first, {}), **where} if isinstance(where, dict) else where}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A resource that a step needs: the request that makes it, without where its files are.

    ``service`` decides the operation: ``lambda`` CreateFunction, ``glue`` CreateJob, ``ecs`` RegisterTaskDefinition,
    ``s3`` PutObject. ``name`` is the function's, the job's, the task definition's family, or ``bucket/key``.
    ``source`` says in errors what declared it.
    """

    service: Service
    name: str
    request: dict[str, Any]
    assets: tuple[Asset, ...] = ()
    source: str = field(default="", compare=False)


@dataclass(frozen=True)
class FileContent:
    """The content of a file of this machine, read when it is asked for."""

    path: str

    def __call__(self, complete: bool = True) -> bytes:  # noqa: ARG002 - a file has no parts to leave out
        """Return the file's bytes."""
        return Path(self.path).read_bytes()


def name_from(state_id: str) -> str:
    """Return a name for a resource, made from a state's.

    >>> name_from("Convert to training set (Fargate)")
    'convert-to-training-set-fargate'
    """
    return re.sub(r"[^a-z0-9_]+", "-", state_id.lower()).strip("-")


def check_name(who: str, field: str, name: Any) -> None:
    """Raise ValueError for a name that resources cannot have: at most 255 letters, digits, ``-`` and ``_``."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{who}: {field}={name!r}: write at most 255 letters, digits, '-' and '_'.")


def check_role(who: str, field: str, role: Any) -> None:
    """Raise ValueError for what is no ARN of a role."""
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        raise ValueError(f"{who}: {field}={role!r}: write an ARN, such as 'arn:aws:iam::123456789012:role/name'.")


def states_in(graph: Graph, without: tuple[type[State], ...] = ()) -> Iterator[State]:
    """Yield the states of a definition, and those inside its Parallel and Map states; not those of some classes."""
    waiting: list[State] = list(graph.states.values())
    for state in waiting:
        if isinstance(state, without):
            continue
        yield state
        regions = (*getattr(state, "branches", ()), *(getattr(state, name, None) for name in _REGIONS))
        for region in regions:
            if isinstance(region, Linkable):
                waiting.extend(Writer().states_from(region))
            elif region is not None:
                yield from states_in(region, without)


def declared_by(graph: Graph) -> list[Declared]:
    """Return what the steps of a definition declare, each resource once.

    Raises ValueError when two of them declare one name with different requests.
    """
    found: dict[tuple[str, str], Declared] = {}
    for state in states_in(graph):
        declare = getattr(state, "declared", None)
        for one in declare() if callable(declare) else ():
            known = found.setdefault((one.service, one.name), one)
            if known != one:
                raise ValueError(
                    f"{known.source} and {one.source} declare the {one.service} resource '{one.name}' differently: "
                    "give one of them another name."
                )
    return list(found.values())


def functions_of(graph: Graph) -> dict[str, Callable[[Any, Any], Any]]:
    """Return the Python functions behind the definition's Lambda functions: name -> function of event and context."""
    functions: dict[str, Callable[[Any, Any], Any]] = {}
    for state in states_in(graph):
        function: Any = getattr(state, "function", None)
        if callable(getattr(function, "invoke", None)):
            functions[function.name] = function.invoke
    return functions
