"""Record the public modules and names of 2.3.0 and how each is called, in ``names.json``.

Run by an interpreter that has ``stepfunctions==2.3.0``::

    python tests/compat/record_names.py
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import logging
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = Path(__file__).resolve().parent / "names.json"
PACKAGE = "stepfunctions"


def modules() -> Iterator[str]:
    """Yield the names of the package and of all modules in it."""
    package = importlib.import_module(PACKAGE)
    yield PACKAGE
    for found in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        yield found.name


def names(module: Any) -> dict[str, Any]:
    """Return what a module offers: public names that it defines, and those of the package that a package imports."""
    defined = set(_defined(ast.parse(inspect.getsource(module))))
    found = {}
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if name in defined and not isinstance(value, logging.Logger):
            found[name] = describe(value)
        elif hasattr(module, "__path__") and getattr(value, "__module__", "").startswith(PACKAGE):
            found[name] = {"is": "import", "from": value.__module__}
    return found


def _defined(tree: Any) -> Iterator[str]:
    """Yield the names that a module binds at its top level by other means than an import."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.Try):
            yield from (name for handler in node.handlers for name in _defined(handler))


def describe(value: Any) -> dict[str, Any]:
    """Return what a caller relies on: a signature; a class's bases, methods and fields; members; a constant's value.

    Of parts of pages (HTML, styles, scripts) only that they are there is noted.
    """
    if isinstance(value, type) and issubclass(value, enum.Enum):
        return {"is": "enum", "members": {member.name: member.value for member in value}}
    if isinstance(value, type):
        bases = [base.__name__ for base in value.__bases__ if base is not object]
        return {"is": "class", "bases": bases, **_signature_of(value), "methods": _methods(value), **_fields(value)}
    if inspect.isroutine(value):
        return {"is": "function", "signature": signature(value)}
    page = "<" in str(value) or "{\n" in str(value)
    return {"is": type(value).__name__, **({"value": value} if isinstance(value, (int, str)) and not page else {})}


def signature(call: Any) -> list[Any]:
    """Return each parameter: its name, or its name and default; ``**name`` for the rest of the keyword arguments."""
    found: list[Any] = []
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            raise ValueError(f"{call} has the parameter {parameter}, which this table has no form for.")
        if parameter.kind is parameter.VAR_KEYWORD:
            found.append(f"**{parameter.name}")
        elif parameter.default is parameter.empty:
            found.append(parameter.name)
        else:
            default = parameter.default
            found.append([parameter.name, str(default) if isinstance(default, enum.Enum) else default])
    return found


def _signature_of(cls: type) -> dict[str, Any]:
    """Return the signature of a class whose constructor is the package's own."""
    owner = next(base for base in cls.__mro__ if "__init__" in vars(base))
    return {"signature": signature(cls)} if owner.__module__.startswith(PACKAGE) else {}


def _methods(cls: type) -> dict[str, Any]:
    """Return the public methods that a class defines itself, with their parameters after self or cls."""
    found: dict[str, Any] = {}
    for name, value in vars(cls).items():
        if not name.startswith("_") and callable(getattr(cls, name)):
            bound = isinstance(value, (staticmethod, classmethod))
            found[name] = signature(getattr(cls, name))[0 if bound else 1 :]
    return found


def _fields(cls: Any) -> dict[str, list[str]]:
    """Return the fields that a block takes as keyword arguments, unless they are those of its base."""
    if not hasattr(cls, "allowed_fields"):
        return {}
    base = cls.__bases__[0]
    fields, known = (_allowed(one) if hasattr(one, "allowed_fields") else [] for one in (cls, base))
    return {} if fields == known else {"fields": fields}


def _allowed(cls: Any) -> list[str]:
    return sorted(field.value for field in cls.allowed_fields(object.__new__(cls)))


def main() -> int:
    """Record, and return the exit code."""
    package: Any = importlib.import_module(PACKAGE)
    if package.__version__ != "2.3.0":
        print(f"This is stepfunctions {package.__version__}: run it where 2.3.0 is installed.", file=sys.stderr)
        return 2
    table = {name: names(importlib.import_module(name)) for name in modules()}
    texts = (  # a line for each name, so that a difference can be read
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
        for name, found in table.items()
    )
    NAMES.write_text("{\n" + "\n},\n".join(texts) + "\n}\n}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
