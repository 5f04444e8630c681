"""Definitions in files: JSON, or YAML by the ending ``.yaml`` or ``.yml``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stepfunctions.asl.codec import loads
from stepfunctions.errors import DefinitionError, Problem

YAML_ENDINGS = (".yaml", ".yml")
_MERGE = "tag:yaml.org,2002:merge"


def read_definition(path: Path) -> dict[str, Any]:
    """Return the definition in a file as a dict; whether it is a good one is for ``parse`` to say.

    Raises DefinitionError when the text is no JSON or YAML object, OSError when the file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _problem(f"{path} is not UTF-8 text: byte {error.start} cannot be read.") from None
    return _yaml(text) if path.suffix.lower() in YAML_ENDINGS else loads(text)


def _yaml(text: str) -> dict[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Timestamps stay text, as in JSON, and a key written twice is an error."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                at = _at(key.start_mark)
                if not isinstance(key, yaml.ScalarNode) or not isinstance(name := self.construct_object(key), str):
                    raise _problem(f"A key{at} is no text.", hint="Write it in quotation marks.")
                if name in seen:
                    raise _problem(f"The key '{name}' is written more than once, the second time{at}.",
                                   code="DUPLICATE_KEY", hint="Rename one.")
                seen.add(name)
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    try:
        value = yaml.load(text, Loader)
        # What YAML has and JSON has not (binary, sets, dates by tag, not-a-number, circles) ends here.
        copy = json.loads(json.dumps(value, allow_nan=False))
    except yaml.MarkedYAMLError as error:
        raise _problem(f"The definition is not YAML: {error.problem}{_at(error.problem_mark)}.") from None
    except yaml.YAMLError as error:
        raise _problem(f"The definition is not YAML: {str(error).splitlines()[0]}.") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, DefinitionError):
            raise
        raise _problem(f"The definition holds what JSON cannot: {error}.") from None
    except RecursionError:
        raise _problem("The definition is nested too deeply.") from None
    if not isinstance(copy, dict):
        raise _problem("A definition must be a YAML mapping.")
    return copy


def _at(mark: Any) -> str:
    return "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"


def _problem(message: str, *, code: str = "INVALID_YAML_DESCRIPTION", hint: str = "") -> DefinitionError:
    return DefinitionError([Problem(path="", code=code, message=message, hint=hint)])
