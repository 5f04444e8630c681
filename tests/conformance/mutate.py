"""Break the engine in one place at a time, and see whether the conformance cases notice.

    python tests/conformance/mutate.py [--sample N] [--only engine/retry] [--write]

A mutant is one change to one module of ``stepfunctions.engine`` or ``stepfunctions.query``: a field of an event or of
a message dropped, two neighbouring statements swapped, an event's or error's name changed, a condition turned round, a
limit moved by one, a statement left out. Each is played against the cases that reach its line (found first, by
tracing each case), in process, until one fails: then the mutant is killed. ``--write`` puts the result into
``mutation.md`` beside this file. Exit code 1 when fewer than 95 % are killed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import functools
import importlib
import importlib.abc
import importlib.util
import io
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "stepfunctions"
PACKAGES = ("engine", "query")
GOAL = 95.0
SECONDS = 60
"""A mutant that takes more CPU time than this hangs, which the cases' own limits would notice too."""
PATIENCE = 600
"""Seconds after which one that only waits hangs, too."""


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, and what was done."""

    module: str
    path: Path
    number: int
    line: int
    last: int
    """The last line of the statement it is in: a multi-line expression is counted at any of its lines."""
    what: str


# --- making mutants -------------------------------------------------------------------------------------

Change = tuple[ast.AST, str, Callable[[], None]]
"""The node changed, what is done, and the function that does it in place."""

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_STORED = ("to_json", "from_json", "attach")
"""Functions that only a store on disk calls: the contract of the stores and the crash tests look at them."""


def changes(tree: ast.Module) -> Iterator[Change]:
    """Yield every change that a module allows, always in the same order."""
    ignored = _ignored(tree)
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        yield from _of_expression(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield from _of_block(block)


def _ignored(tree: ast.Module) -> set[int]:
    """Return the nodes whose change nobody could see: docstrings, annotations, assertions, what only types read."""
    ignored: set[int] = set()

    def ignore(node: ast.AST | None) -> None:
        if node is not None:
            ignored.update(id(inner) for inner in ast.walk(node))

    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            ignore(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            ignore(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            ignore(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            ignore(node.returns)
            for decorator in node.decorator_list:
                ignore(decorator)
            if node.name in ("__repr__", "__str__", *_STORED):
                ignore(node)
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
            ignore(node)  # texts in the rows of a store: tests open databases of earlier versions
        if isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign):  # a default that tests of the class look at
                    ignore(field)
            for decorator in node.decorator_list:
                ignore(decorator)
            if any("Protocol" in ast.unparse(base) for base in node.bases):
                ignore(node)
        if isinstance(node, ast.arg):
            ignore(node.annotation)
        if isinstance(node, ast.keyword) and node.arg == "strict":  # of zip: an assertion
            ignore(node)
        if isinstance(node, ast.AnnAssign):
            ignore(node.annotation)
            if "TypeAlias" in ast.unparse(node.annotation):
                ignore(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("cast", "TypeVar", "isinstance", "Literal"):
            ignore(node)
    return ignored


def _of_expression(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Dict):
        for index, key in enumerate(node.keys):
            if key is not None:
                yield node, f"drop the field {ast.unparse(key)}", _deleter(node.keys, node.values, index=index)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        yield node, f"change {node.value!r}", _setter(node, "value", node.value + "X")
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield node, f"{node.value} is {not node.value}", _setter(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield node, f"{node.value} is {node.value + 1}", _setter(node, "value", node.value + 1)
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED:
        turned = _TURNED[type(node.ops[0])]
        what = f"turn {ast.unparse(node)} round: {turned.__name__}"
        yield node, what, _setter(node, "ops", [turned(), *node.ops[1:]])
    elif isinstance(node, (ast.If, ast.IfExp)):
        opposite = ast.UnaryOp(ast.Not(), copy.deepcopy(node.test))
        yield node, f"if not: {ast.unparse(node.test)}", _setter(node, "test", opposite)
    elif isinstance(node, ast.BoolOp):
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield node, f"and for or: {ast.unparse(node)}", _setter(node, "op", other)


def _of_block(block: list[ast.stmt]) -> Iterator[Change]:
    for index, statement in enumerate(block):
        if isinstance(statement, (ast.Expr, ast.AugAssign)) and not isinstance(statement.value, ast.Constant):
            shown = ast.unparse(statement)
            yield statement, f"leave out: {shown}", _setter_at(block, index, ast.Pass())
            following = block[index + 1] if index + 1 < len(block) else None
            if isinstance(following, (ast.Expr, ast.AugAssign)):
                yield statement, f"swap: {shown} / {ast.unparse(following)}", _swapper(block, index)


def _setter(node: Any, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def _setter_at(block: list[ast.stmt], index: int, value: ast.stmt) -> Callable[[], None]:
    return lambda: block.__setitem__(index, value)


def _deleter(*lists: list[Any], index: int) -> Callable[[], None]:
    def delete() -> None:
        for one in lists:
            del one[index]

    return delete


def _swapper(block: list[ast.stmt], index: int) -> Callable[[], None]:
    def swap() -> None:
        block[index], block[index + 1] = block[index + 1], block[index]

    return swap


def mutants_of(path: Path) -> list[Mutant]:
    """Return all mutants of a module."""
    module = "stepfunctions." + str(path.relative_to(SOURCE).with_suffix("")).replace("/", ".")
    tree = ast.parse(path.read_text())
    spans = dict(_spans(tree))
    return [
        Mutant(module.removesuffix(".__init__"), path, number, *spans[id(node)], what)
        for number, (node, what, _) in enumerate(changes(tree))
    ]


def _spans(tree: ast.Module) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield each node's id with the first and last line of its statement, without the statements inside that one."""

    def walk(node: ast.AST, span: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
        if isinstance(node, ast.stmt):
            inside = [inner.lineno for name in _BLOCKS for inner in getattr(node, name, ())]
            span = (node.lineno, max(node.lineno, min(inside) - 1) if inside else node.end_lineno or node.lineno)
        yield id(node), span
        for child in ast.iter_child_nodes(node):
            yield from walk(child, span)

    return walk(tree, (0, 0))


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module of the package with the mutant's change in it."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """See importlib."""
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_file_location(fullname, self._mutant.path, loader=self)

    def create_module(self, spec: Any) -> None:
        """See importlib."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's changed code."""
        tree = ast.parse(self._mutant.path.read_text())
        for number, (_, _, act) in enumerate(changes(tree)):
            if number == self._mutant.number:
                act()
                break
        exec(compile(ast.fix_missing_locations(tree), str(self._mutant.path), "exec"), module.__dict__)


# --- playing --------------------------------------------------------------------------------------------


def reached(paths: list[Path], jobs: int) -> dict[tuple[str, int], set[str]]:
    """Return for each line of these modules the names of the cases that run it; "" stands for all of them."""
    from tests.conformance.case import all_cases

    names = [case.name for case in all_cases()]
    lines: dict[tuple[str, int], set[str]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda job: _in_child(lambda: _trace(paths, names[job::jobs])), range(jobs)):
            for name, where in json.loads(part):
                for file, line in where:
                    lines.setdefault((file, line), set()).add(name)
    return lines


def _trace(paths: list[Path], names: list[str]) -> str:
    """Trace the import, then each case in a process of its own, so that no cache of one hides lines of another."""
    files = {str(path) for path in paths}
    missing: dict[CodeType, set[int]] = {}

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if code.co_filename not in files:
            return None
        if code not in missing:
            missing[code] = {line for _, _, line in code.co_lines() if line}
        return step if missing[code] else None

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        missing[frame.f_code].discard(frame.f_lineno)
        return step

    def seen(act: Callable[[], object]) -> list[tuple[str, int]]:
        missing.clear()
        threading.settrace(enter)
        sys.settrace(enter)
        try:
            act()
        finally:
            sys.settrace(None)
            threading.settrace(None)
        return [
            (code.co_filename, line)
            for code, left in missing.items()
            for line in {line for _, _, line in code.co_lines() if line} - left
        ]

    found = [("", seen(lambda: play_all([], first=[])))]
    for name in names:
        play = functools.partial(play_all, [name], [])
        found.append((name, json.loads(_in_child(lambda play=play: json.dumps(seen(play))))))  # type: ignore[misc]
    return json.dumps(found)


def play_all(names: Iterable[str], first: list[str]) -> str | None:
    """Play cases in process, those named first before the others; return the name of the first that fails.

    When none does, the cases are played again with a restart after every commit.
    """
    from tests.conformance.case import all_cases
    from tests.conformance.doors import InProcess
    from tests.conformance.play import play

    order = {name: index for index, name in enumerate(first)}
    chosen = set(names)
    cases = [case for case in all_cases() if case.name in chosen]
    cases.sort(key=lambda case: order.get(case.name, len(order)))
    for case, restarts in [(case, False) for case in cases] + [(case, True) for case in cases if case.restarts]:
        try:
            play(case, InProcess(restarts))
        except BaseException:  # noqa: BLE001 - whatever the mutant does, it was noticed
            return case.name
    return None


def _in_child(act: Callable[[], str | None]) -> str:
    """Return what ``act`` returns in a fork of this process; raises TimeoutError when a signal ended it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        found: str | None = "(it does not load)"
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                found = act()
            finally:
                with os.fdopen(writing, "w") as answer:
                    answer.write(found or "")
                os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise TimeoutError
    return found


def noticed_by(mutant: Mutant | None, names: Iterable[str], first: list[str]) -> str | None:
    """Return what notices the mutant: a case, or the time; None when it survives. Runs in a process of its own."""

    def act() -> str | None:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.alarm(PATIENCE)
        if mutant is not None:
            sys.meta_path.insert(0, Mutated(mutant))
        return play_all(names, first)

    try:
        return _in_child(act) or None
    except TimeoutError:
        return "(it hangs)"


def main() -> int:
    """Run the mutants that the arguments name and print what survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="only so many mutants, drawn at random with a fixed seed")
    parser.add_argument("--only", action="append", help="only modules whose path begins so: engine/retry")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write mutation.md")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.conformance.case import all_cases  # reads the cases once, before the forks

    begun = time.monotonic()
    names = [case.name for case in all_cases()]
    _import_others()
    failing = noticed_by(None, names, [])
    if failing:
        sys.exit(f"without any change, this case fails: {failing}")
    paths = [path for package in PACKAGES for path in sorted((SOURCE / package).rglob("*.py"))]
    if options.only:
        paths = [path for path in paths if str(path.relative_to(SOURCE)).startswith(tuple(options.only))]
    mutants = [mutant for path in paths for mutant in mutants_of(path)]
    if options.sample and options.sample < len(mutants):
        mutants = sorted(random.Random(1).sample(mutants, options.sample), key=lambda one: (str(one.path), one.number))
    results = list(_run(mutants, names, reached(paths, options.jobs), options.jobs))
    survivors = [mutant for mutant, found in results if found is None]
    percent = 100 * (1 - len(survivors) / max(len(mutants), 1))
    report = _report(results, survivors, percent, len(names), time.monotonic() - begun)
    print(report)
    if options.write:
        Path(__file__).with_name("mutation.md").write_text(report)
    return 0 if percent >= GOAL else 1


def _import_others() -> None:
    """Import what the players import, then forget what mutants may reach: each process imports that part itself."""
    importlib.import_module("tests.conformance.play")
    for name in list(sys.modules):
        if name.startswith(("stepfunctions", "tests.conformance.")) and name != "tests.conformance.case":
            del sys.modules[name]


def _run(
    mutants: list[Mutant], names: list[str], lines: dict[tuple[str, int], set[str]], jobs: int
) -> Iterator[tuple[Mutant, str | None]]:
    first: dict[str, list[str]] = {}

    def one(mutant: Mutant) -> tuple[Mutant, str | None]:
        known = first.setdefault(mutant.module, [])
        span = range(mutant.line, mutant.last + 1)
        reaching = set().union(*(lines.get((str(mutant.path), line), ()) for line in span))
        found = noticed_by(mutant, names if "" in reaching else reaching, list(known)) if reaching else None
        if found and not found.startswith("("):
            if found in known:
                known.remove(found)
            known.insert(0, found)
        return mutant, found

    with ThreadPoolExecutor(jobs) as pool:
        for number, result in enumerate(pool.map(one, mutants), 1):
            if sys.stderr.isatty() or number % 200 == 0:
                print(f"{number} of {len(mutants)}", file=sys.stderr)
            yield result


def _report(
    results: list[tuple[Mutant, str | None]], survivors: list[Mutant], percent: float, cases: int, seconds: float
) -> str:
    total = Counter(mutant.module for mutant, _ in results)
    alive = Counter(mutant.module for mutant in survivors)
    lines = [
        "# What the cases notice",
        "",
        "Made by `python tests/conformance/mutate.py --write`: the engine broken in one place at a time.",
        "",
        f"{cases} cases; {len(results)} mutants, {len(results) - len(survivors)} killed: **{percent:.1f} %**. "
        f"It took {seconds / 60:.0f} minutes.",
        "",
        "| module | mutants | killed |",
        "| --- | ---: | ---: |",
        *(f"| `{name}` | {total[name]} | {total[name] - alive[name]} |" for name in sorted(total)),
        "",
        "## Survivors",
        "",
        *(f"- `{mutant.module}` line {mutant.line}: {' '.join(mutant.what.split())[:150]}" for mutant in survivors),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
