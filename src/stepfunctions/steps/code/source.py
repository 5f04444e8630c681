"""The source that a function needs to run elsewhere: its own, and what it uses of its module.

Nothing is pickled. Names are followed from the function to the statements that bind them: functions, classes,
imports and constants. What a statement cannot say again (the variable of a loop, an object changed since) is carried
by its value, where that can be written as a literal.
"""

from __future__ import annotations

import ast
import builtins
import copy
import importlib.util
import inspect
import linecache
import symtable
import sys
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.steps.code.functions import LambdaFunction, lambda_function

_OF_EVERY_MODULE = {"__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__", "__builtins__"}
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_Blocks = (ast.If, ast.Try, ast.With)


@dataclass(frozen=True)
class Source:
    """The text of a module, and the names of all that it imports anywhere, modules and what it takes from them."""

    text: str
    modules: frozenset[str]


def source_of(function: Callable[..., Any]) -> Source:
    """Return a module that has the function, without ``lambda_function`` and the decorators above that.

    Raises ValueError that names what cannot be carried along.
    """
    collector = _Collector(function)
    collector.add_main()
    return collector.source()


@dataclass(frozen=True)
class _Binding:
    """A statement that binds a name. ``text`` is the whole source it is of; ``whole``: it can be said again."""

    node: ast.stmt
    text: str
    whole: bool


class _Collector:
    """Gathers what a function needs, in an order in which it can be executed."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = inspect.unwrap(function)
        self.globals: Mapping[str, Any] = self.function.__globals__
        self.cells = _cells(self.function)
        self.bindings = _bindings(_module_texts(self.function))
        self.imports: set[str] = set()
        self.modules: set[str] = set()
        self.pieces: list[str] = []
        self._seen: set[str] = set()

    def source(self) -> Source:
        imports = "".join(f"{line}\n" for line in ["from __future__ import annotations", "", *sorted(self.imports)])
        return Source("\n\n".join([imports, *(f"{piece}\n" for piece in self.pieces)]), frozenset(self.modules))

    def add_main(self) -> None:
        self._seen.add(self._name)
        self._add_definition(*self._definition(self.function))

    def _definition(self, function: Any) -> tuple[Any, str]:
        try:
            text = _standing_alone(inspect.getsource(function))
        except (OSError, TypeError):
            why = "its source is not known here"
            raise self._refusal(function.__name__, why, "write it in a file or in a notebook's cell") from None
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, _Definition)]
        return next(node for node in nodes if node.name == function.__name__), text

    @property
    def _name(self) -> str:
        return str(self.function.__name__)

    def _add_definition(self, node: Any, text: str) -> None:
        decorators = node.decorator_list
        ours = [index for index, one in enumerate(decorators) if self._value(one) is lambda_function]
        if ours:
            decorators = decorators[ours[-1] + 1 :]
        lines = text.splitlines()
        indent = " " * node.col_offset
        above = [f"{indent}@{ast.get_source_segment(text, one)}" for one in decorators]
        bare = copy.deepcopy(node)
        bare.decorator_list = decorators
        self._add_piece("\n".join([*above, *lines[node.lineno - 1 : node.end_lineno]]), bare)

    def _add_piece(self, text: str, node: ast.stmt) -> None:
        """Add a statement after all that it uses."""
        for name in sorted(_free_names(node)):
            self._add_name(name)
        self._seen.update(_names_bound(node))
        self.modules.update(_imported(node, self._relative))
        self.pieces.append(_standing_alone(text).rstrip())

    def _relative(self, node: ast.ImportFrom) -> str:
        raise self._refusal("." * node.level + (node.module or ""), "it is imported relatively", "write its whole name")

    def _add_name(self, name: str) -> None:
        if name in self._seen or name in _OF_EVERY_MODULE:
            return
        self._seen.add(name)
        if name in self.cells:
            self._add_value(name, self.cells[name])
        elif name not in self.globals:
            if not hasattr(builtins, name):
                raise self._refusal(name, "there is nothing of this name", "define it before the function is packaged")
        elif name in self.bindings:
            self._add_bound(name, self.bindings[name])
        else:
            self._add_value(name, self.globals[name])

    def _add_bound(self, name: str, bindings: list[_Binding]) -> None:
        last = bindings[-1]
        if isinstance(last.node, (ast.Import, ast.ImportFrom)):
            for binding in bindings:
                if isinstance(binding.node, (ast.Import, ast.ImportFrom)):
                    self._add_import(binding.node, name)
        elif isinstance(last.node, _Definition):
            self._add_definition(last.node, last.text)
        elif last.whole and self._says_its_value(name, last.node):
            self._add_piece(ast.get_source_segment(last.text, last.node) or "", last.node)
        else:
            self._add_value(name, self.globals[name])

    def _says_its_value(self, name: str, node: Any) -> bool:
        """Whether an assignment may be said again: it computes something, or is the literal that the name still has."""
        try:
            return _same(ast.literal_eval(node.value), self.globals[name])
        except (ValueError, TypeError, MemoryError, RecursionError):
            return True

    def _add_import(self, node: ast.Import | ast.ImportFrom, name: str) -> None:
        for alias in node.names:
            bound = alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)
            if bound != name:
                continue
            renamed = f" as {alias.asname}" if alias.asname else ""
            if isinstance(node, ast.Import):
                self.imports.add(f"import {alias.name}{renamed}")
                self.modules.add(alias.name)
            elif node.module != "__future__":
                module = self._absolute(node)
                self.imports.add(f"from {module} import {alias.name}{renamed}")
                self.modules.update((module, f"{module}.{alias.name}"))

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        return importlib.util.resolve_name("." * node.level + (node.module or ""), self.globals["__package__"])

    def _add_value(self, name: str, value: Any) -> None:
        """Add a name for which there is no statement that could be said again."""
        value = value.function if isinstance(value, LambdaFunction) else value
        if isinstance(value, types.ModuleType):
            self.imports.add(f"import {value.__name__} as {name}")
            self.modules.add(value.__name__)
        elif _importable(value, self.function.__module__):
            self.imports.add(f"from {value.__module__} import {value.__qualname__} as {name}")
            self.modules.add(value.__module__)
        elif inspect.isfunction(value) and value.__globals__ is self.globals and value.__name__ == name:
            self.cells = {**_cells(value), **self.cells}
            self._add_definition(*self._definition(value))
        elif (literal := _literal(value)) is not None:
            self.pieces.append(f"{name} = {literal}")
        else:
            why = f"it is a {type(value).__name__}, which no source here makes"
            raise self._refusal(name, why, "pass it as an argument, or make it inside the function")

    def _value(self, node: ast.expr) -> Any:
        """Return what a decorator's name means, without its arguments."""
        if isinstance(node, ast.Call):
            return self._value(node.func)
        if isinstance(node, ast.Attribute):
            return getattr(self._value(node.value), node.attr, None)
        return {**self.globals, **self.cells}.get(node.id) if isinstance(node, ast.Name) else None

    def _refusal(self, name: str, why: str, instead: str) -> ValueError:
        return ValueError(f"lambda_function: {self._name} uses '{name}', which cannot be packaged: {why}; {instead}.")


def _cells(function: Any) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if _filled(cell)}


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _module_texts(function: Any) -> list[str]:
    """Return the sources whose statements bind the function's globals: its file, or a notebook's cells in order."""
    cells = function.__globals__.get("In")
    lines = linecache.getlines(function.__code__.co_filename, function.__globals__)
    if isinstance(cells, list) and function.__module__ == "__main__":
        return [*(cell for cell in cells if isinstance(cell, str)), "".join(lines)]
    return ["".join(lines)]


def _bindings(texts: list[str]) -> dict[str, list[_Binding]]:
    found: dict[str, list[_Binding]] = {}
    for text in texts:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):  # a cell that failed, or with a magic
            continue
        for node, nested in _statements(tree.body, False):
            for name in _names_bound(node):
                whole = not nested and _is_plain_assignment(node)
                found.setdefault(name, []).append(_Binding(node, text, whole))
    return found


def _statements(body: list[ast.stmt], nested: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements of a module, those in its blocks included."""
    for node in body:
        if isinstance(node, _Blocks):
            handlers = [inner for handler in getattr(node, "handlers", ()) for inner in handler.body]
            for part in (node.body, getattr(node, "orelse", []), handlers, getattr(node, "finalbody", [])):
                yield from _statements(part, True)
        else:
            yield node, nested


def _names_bound(node: ast.stmt) -> set[str]:
    if isinstance(node, _Definition):
        return {node.name}
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _is_plain_assignment(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.value is not None
    return isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)


class _WithoutAnnotations(ast.NodeTransformer):
    """Annotations of functions are never evaluated in the package, so that names in them need not be there."""

    def visit_FunctionDef(self, node: Any) -> Any:
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            argument.annotation = None
        for argument in (node.args.vararg, node.args.kwarg):
            if argument is not None:
                argument.annotation = None
        node.returns = None
        for inner in ast.walk(node):
            if isinstance(inner, ast.AnnAssign):
                inner.annotation = ast.Constant(None)
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name that ast calls


def _free_names(node: ast.stmt) -> set[str]:
    """Return the global names that a statement uses, itself excluded."""
    bare = ast.fix_missing_locations(_WithoutAnnotations().visit(copy.deepcopy(node)))
    if isinstance(bare, ast.AnnAssign):
        bare.annotation = ast.Constant(None)
    top = symtable.symtable(ast.unparse(bare), "<statement>", "exec")
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        used.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    return used - _names_bound(node)


def _imported(node: ast.stmt, relative: Callable[[ast.ImportFrom], str]) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            yield from (alias.name for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom):
            module = relative(inner) if inner.level else inner.module or ""
            yield from (module, *(f"{module}.{alias.name}" for alias in inner.names))


def _importable(value: Any, own_module: str) -> bool:
    """Whether a function or class can be had by importing another module."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module in (own_module, "__main__", "builtins"):
        return False
    return getattr(sys.modules.get(module), name, None) is value


def _standing_alone(text: str) -> str:
    """Return a statement that was indented as one that is not."""
    dedented = textwrap.dedent(text)
    try:
        ast.parse(dedented)
    except SyntaxError:  # a text in it begins further left than its own lines
        return f"if True:\n{text}"
    return dedented


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and _literal(one) == _literal(other)


def _literal(value: Any) -> str | None:
    """Return a value as the text of a literal, the same for equal values; None when there is none."""
    if value is None or isinstance(value, (bool, str, bytes)) or value is Ellipsis:
        return repr(value) if type(value) in (bool, str, bytes, type(None), type(...)) else None
    if type(value) in (int, float):
        return repr(value) if "n" not in repr(value) else f"float({str(value)!r})"
    if type(value) in (list, tuple, set, frozenset):
        items = [_literal(item) for item in value]
        if None in items:
            return None
        texts = [item for item in items if item is not None]
        if isinstance(value, (set, frozenset)):
            inner = f"{{{', '.join(sorted(texts))}}}" if texts else "set()"
            return inner if type(value) is set else f"frozenset({inner if texts else ''})"
        return f"[{', '.join(texts)}]" if type(value) is list else f"({', '.join(texts)}{',' * (len(texts) == 1)})"
    if type(value) is dict:
        pairs = [(_literal(key), _literal(item)) for key, item in value.items()]
        if any(None in pair for pair in pairs):
            return None
        return f"{{{', '.join(f'{key}: {item}' for key, item in pairs)}}}"
    return None
