"""Definitions in files: JSON, or YAML by the ending ``.yaml`` or ``.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stepfunctions.asl.codec import loads
from stepfunctions.errors import DefinitionError, Problem

YAML_ENDINGS = (".yaml", ".yml")


def read_definition(path: Path) -> dict[str, Any]:
    """Return the definition in a file as a dict; whether it is a good one is for ``parse`` to say.

    Raises DefinitionError when the text is no JSON or YAML object, OSError when the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionError([Problem(path="", code="INVALID_JSON_DESCRIPTION",
                                       message=f"{path} is not UTF-8 text: byte {error.start} cannot be read.")
                               ]) from None
    return _yaml(text) if path.suffix in YAML_ENDINGS else loads(text)


def _yaml(text: str) -> dict[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Timestamps stay text, as in JSON, and a key written twice is an error."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[Any] = set()
            for key, _ in node.value:
                name = self.construct_object(key, deep=True)
                if name in seen:
                    mark = key.start_mark
                    raise DefinitionError([Problem(
                        path="", code="DUPLICATE_KEY", message=f"The key '{name}' is written more than once, the "
                        f"second time at line {mark.line + 1}, column {mark.column + 1}.", hint="Rename one.")])
                seen.add(name)
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    try:
        value = yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise DefinitionError([Problem(path="", code="INVALID_YAML_DESCRIPTION",
                                       message=f"The definition is not YAML: {error.problem}{where}.")]) from None
    if not isinstance(value, dict):
        raise DefinitionError([Problem(path="", message="A definition must be a YAML mapping.")])
    return value
