"""Definitions in files and texts: JSON or YAML."""

from __future__ import annotations

import copy
from collections.abc import Mapping
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


def read_source(source: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """Return the definition that a dict, a JSON or YAML text, or a path stands for. It shares nothing with the source.

    A string is a path when it ends in ``.json``, ``.yaml`` or ``.yml`` and has one line; else it is the text.
    Raises DefinitionError and OSError as :func:`read_definition` does, TypeError for anything else.
    """
    if isinstance(source, Mapping):
        return copy.deepcopy(dict(source))
    path = file_of(source)
    if path is not None:
        return read_definition(path)
    if not isinstance(source, str):
        raise TypeError(f"A definition is a dict, a JSON or YAML text, or a path, not {type(source).__name__}.")
    return loads(source) if source.lstrip("\ufeff \t\r\n").startswith("{") else _yaml(source)


def file_of(source: Any) -> Path | None:
    """Return the path that a source of a definition names, or None when it is the definition itself."""
    if isinstance(source, Path):
        return source
    named = isinstance(source, str) and "\n" not in source and source.lower().endswith((".json", *YAML_ENDINGS))
    return Path(source) if named else None


def _yaml(text: str) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.load(text, _loader())
    except RecursionError:
        raise _problem("The definition is nested too deeply.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        raise _problem(f"The definition is not YAML: {what}{_at(mark)}.") from None
    if not isinstance(value, dict):
        raise DefinitionError([Problem(path="", message="A definition must be a YAML mapping.")])
    if _holds_itself(value):
        raise _problem("The definition has an alias inside of what it names, and so no end.")
    return value


def _holds_itself(value: Any) -> bool:
    """Tell whether a value is somewhere inside itself; each is looked at once, however many aliases it has."""
    done: set[int] = set()
    around: set[int] = set()
    todo = [(value, False)]
    while todo:
        one, left = todo.pop()
        if left:
            around.remove(id(one))
            done.add(id(one))
        elif isinstance(one, (dict, list)) and id(one) not in done:
            if id(one) in around:
                return True
            around.add(id(one))
            todo.append((one, True))
            todo += [(inner, False) for inner in (one.values() if isinstance(one, dict) else one)]
    return False


def _loader() -> type[Any]:
    """Return a loader that reads what JSON can say: no dates, and no key twice or of another type than string."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if key.tag == _MERGE:
                    continue
                name = self.construct_object(key, deep=True)
                if not isinstance(name, str):
                    raise _problem(
                        f"The key {name!r}{_at(key.start_mark)} must be a string.", hint="Write it in quotation marks."
                    )
                if name in seen:
                    raise _problem(
                        f"The key '{name}' is written more than once, the second time{_at(key.start_mark)}.",
                        hint="Rename one.",
                        code="DUPLICATE_KEY",
                    )
                seen.add(name)
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


def _at(mark: Any) -> str:
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""


def _problem(message: str, hint: str = "", code: str = "INVALID_YAML_DESCRIPTION") -> DefinitionError:
    return DefinitionError([Problem(path="", message=message, hint=hint, code=code)])
