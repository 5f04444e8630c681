"""JSONPath as AWS evaluates it: the semantics of Jayway JsonPath, compiled once.

A *definite* path leads to one value, null included, or raises :class:`PathNotFound`. Any other path (a
wildcard, ``..``, a slice, several indexes, a filter) gives the list of its matches, which may be empty.
A path that is only names and indexes is a *reference path*; it is precompiled to a tuple of steps.

Paths: https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from stepfunctions.asl.document import JSON
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.query.path_parser import parse_steps
from stepfunctions.query.path_tokens import PathNotFound
from stepfunctions.query.path_walk import compile_steps
from stepfunctions.query.scope import Evaluator, Scope

MAX_NAME = 80
"""Longest name of a variable, in characters."""

_ROOT = re.compile(r"\$(\$|[^$.\[\s]*)")


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path; immutable, shared by threads. Called with a scope it gives its value there.

    ``root`` is ``$`` (the state's input), ``$$`` (the context object) or ``$name`` (a variable).
    ``keys`` are the names and indexes of a reference path, None for every other path.
    ``find`` finds the path in a document: whatever the root, the document stands for it.
    """

    text: str
    root: str
    definite: bool
    keys: tuple[str | int, ...] | None
    find: Callable[[JSON], JSON] = field(repr=False, compare=False)
    evaluate: Evaluator = field(repr=False, compare=False)

    def __call__(self, scope: Scope) -> JSON:
        """Return the path's value. Raises PathNotFound or InvalidPath."""
        return self.evaluate(scope)

    def document(self, scope: Scope) -> JSON:
        """Return what the root stands for; raises PathNotFound when a variable has no value."""
        return document_of(self.root, scope)


def compile_path(text: str) -> Path:
    """Compile a path; raises QuerySyntaxError."""
    root, start = _root(text)
    steps = parse_steps(text, start)
    find = compile_steps(steps)
    return Path(
        text=text,
        root=root,
        definite=steps.definite,
        keys=steps.keys,
        find=find,
        evaluate=(lambda scope: find(scope.input)) if root == "$" else (lambda scope: find(document_of(root, scope))),
    )


def document_of(root: str, scope: Scope) -> JSON:
    """Return what ``$``, ``$$`` or ``$name`` stands for in a scope; raises PathNotFound."""
    if root == "$":
        return scope.input
    if root == "$$":
        return scope.context()
    try:
        return scope.variables[root[1:]]
    except KeyError:
        raise PathNotFound(f"The variable '{root}' has no value") from None


def _root(text: str) -> tuple[str, int]:
    """Return the root of a path and where its steps begin."""
    found = _ROOT.match(text)
    if found is None or not (found[1] in ("", "$") or found[1].isidentifier()):
        raise QuerySyntaxError(text, 0, "A path begins with '$', '$$' or '$variable'")
    name = found[1]
    if len(name) > MAX_NAME:
        raise QuerySyntaxError(text, 1, f"The name of a variable may have at most {MAX_NAME} characters")
    return f"${name}", 1 + len(name)
