"""The two query languages behind one door: the engine asks a state's language to compile its fields.

A further language is one module with an object of the protocol and one entry in ``LANGUAGES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from stepfunctions.asl.document import JSON
from stepfunctions.query.jsonata_template import compile_field, compile_payload
from stepfunctions.query.scope import Evaluator
from stepfunctions.query.template import compile_expression, compile_template


class Language(Protocol):
    """How the fields of a state are compiled. Both methods raise QuerySyntaxError.

    What they return raises StateFailed with the error name and cause that the service gives.
    ``field`` is the name of the field, as errors show it.
    """

    @property
    def name(self) -> str:
        """The name as ``QueryLanguage`` writes it."""

    def template(self, payload: JSON, field: str) -> Evaluator:
        """Compile a payload with expressions at any depth: Parameters, Arguments, Output, Assign …"""

    def expression(self, text: str, field: str, expected: str = "") -> Evaluator:
        """Compile one expression: a path, a call of an intrinsic function where AWS takes one, or ``{% … %}``.

        ``expected`` is the type that its value must have, where the language itself checks it: ``array``,
        ``array or object``, ``boolean``, ``number``, ``string``; empty for any.
        """


class JsonPathLanguage:
    """JSONPath with intrinsic functions and ``.$`` fields: the default."""

    name = "JSONPath"

    def template(self, payload: JSON, field: str) -> Evaluator:
        """Compile a payload template."""
        return compile_template(payload, field)

    def expression(self, text: str, field: str, expected: str = "") -> Evaluator:  # noqa: ARG002 - of the protocol
        """Compile a path or a call of an intrinsic function. The engine checks types, with errors of its own."""
        return compile_expression(text, field)


class JsonataLanguage:
    """JSONata: strings ``{% … %}`` at any depth."""

    name = "JSONata"

    def template(self, payload: JSON, field: str) -> Evaluator:
        """Compile a payload."""
        return compile_payload(payload, field)

    def expression(self, text: str, field: str, expected: str = "") -> Evaluator:
        """Compile a string ``{% … %}``."""
        return compile_field(text, field, expected)


LANGUAGES: Mapping[str, Language] = MappingProxyType({one.name: one for one in (JsonPathLanguage(), JsonataLanguage())})
"""Name of a query language -> the language."""
