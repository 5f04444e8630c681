"""What a command is given to work on: a definition's file, or a workflow in a Python file or module."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

import stepfunctions
from stepfunctions.asl.files import read_definition
from stepfunctions.deploy.stack import Stack
from stepfunctions.errors import StepFunctionsError
from stepfunctions.steps.graph import FrozenGraph, Graph
from stepfunctions.steps.writing import Linkable
from stepfunctions.workflow import Workflow
from stepfunctions.workflow.checks import allowed_name

DEFAULT_ROLE = "arn:aws:iam::123456789012:role/stepfunctions-local"
DEFAULT_ATTRIBUTE = "workflow"
_PACKAGE = Path(stepfunctions.__file__).parent


@dataclass(frozen=True, kw_only=True)
class Target:
    """A definition and the name it goes by. ``workflow`` is what a Python target gave, if it gave one,
    and ``stack`` the stack that it made of one."""

    name: str
    definition: dict[str, Any]
    workflow: Workflow | None = None
    stack: Stack | None = None

    def to_workflow(self, client: Any, role: str | None = None) -> Workflow:
        """Return the workflow of this target, on a client."""
        if self.workflow is not None:
            self.workflow.client = client
            self.workflow.state_machine_arn = None  # the one it may know is another account's
            if role is not None:
                self.workflow.role = role
            return self.workflow
        return Workflow(self.name, FrozenGraph(self.definition), role or DEFAULT_ROLE, client=client)

    def checked_input(self, given: Any) -> Any:
        """Return the input. Raises click.UsageError when it does not fit the schema of the workflow's input."""
        if self.workflow is not None:
            try:
                self.workflow.check_inputs(given)
            except ValueError as error:
                raise click.UsageError(f"--input: {error}") from None
        return given


def load_target(text: str) -> Target:
    """Return what ``FILE`` or ``MODULE:WORKFLOW`` names.

    A file: JSON or YAML; or Python, as ``file.py`` or ``file.py:name``. The name (default ``workflow``) is a
    Workflow, a stack, a step, a chain, a graph, a dict, or a function without arguments that returns one.
    Raises click.UsageError, DefinitionError or OSError.
    """
    path_text, _, attribute = text.partition(":")
    if attribute and Path(text).exists():  # a colon in the name of a file
        path_text, attribute = text, ""
    path = Path(path_text)
    if path.suffix == ".py" or (attribute and not path.suffix and not path.exists()):
        return _from_python(path_text, attribute or DEFAULT_ATTRIBUTE)
    if not path.exists():
        raise click.UsageError(f"There is no file '{text}'. Give a definition (JSON or YAML), or MODULE:WORKFLOW.")
    return Target(name=allowed_name(path.name.split(".")[0]), definition=read_definition(path))


def _from_python(module_text: str, attribute: str) -> Target:
    module = _module(module_text)
    value = getattr(module, attribute, None)
    if value is None:
        raise click.UsageError(f"'{module_text}' has no '{attribute}'. {_offered(module)}")
    if callable(value) and not isinstance(value, (Workflow, Linkable, Graph, Stack)):
        with _blamed(f"{module_text}:{attribute}"):
            value = value()
    if isinstance(value, Stack):
        return Target(name=value.name, definition=value.definition, stack=value)
    if isinstance(value, Workflow):
        return Target(name=value.name, definition=value.definition.to_dict(), workflow=value)
    if isinstance(value, Linkable):
        with _blamed(f"{module_text}:{attribute}"):
            value = Graph(value)
    definition = value.to_dict() if isinstance(value, Graph) else value
    if not isinstance(definition, dict):
        raise click.UsageError(
            f"'{module_text}:{attribute}' is of type {type(value).__name__}, not a workflow, step, chain, "
            "flow, graph or definition."
        )
    return Target(name=attribute.replace("_", "-"), definition=definition)


def _offered(module: Any) -> str:
    """Tell which names of a module are something to work on: no imports, no functions that may be anything."""
    names = [name for name, value in vars(module).items() if isinstance(value, (Workflow, Linkable, Graph, Stack))]
    return f"It has: {', '.join(names)}." if names else "Nothing in it is a workflow, step, chain, flow or graph."


def _module(text: str) -> Any:
    if not text.endswith(".py"):
        sys.path.insert(0, os.getcwd())
        with _blamed(text):
            try:
                return importlib.import_module(text)
            except ModuleNotFoundError as error:
                if error.name is None or not f"{text}.".startswith(f"{error.name}."):
                    raise
                raise click.UsageError(f"There is no module '{text}' here or among the installed ones.") from None
    path = Path(text)
    if not path.exists():
        raise click.UsageError(f"There is no file '{text}'.")
    # A name of its own: a file may be called as a module that is in use, json.py.
    spec = importlib.util.spec_from_file_location(f"stepfunctions_target_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise click.UsageError(f"'{text}' cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.parent.absolute()))
    with _blamed(text):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _blamed(target: str) -> Iterator[None]:
    """Tell what went wrong in the caller's own code, and where, as an error of the caller's."""
    try:
        yield
    except (click.ClickException, StepFunctionsError):
        raise
    except (Exception, SystemExit) as error:
        if os.environ.get("STEPFUNCTIONS_TRACEBACK"):
            raise
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith("<frozen") and (frame.filename == __file__ or _is_theirs(frame.filename))
        ]
        where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if len(frames) > 1 else ""
        raise click.UsageError(f"'{target}' failed: {type(error).__name__}: {error}{where}") from error


def _is_theirs(filename: str) -> bool:
    """Tell whether a file is none of this package's: what the caller wrote is what the caller can mend."""
    return not Path(filename).is_relative_to(_PACKAGE)


def read_input(text: str | None) -> Any:
    """Return the value of ``--input``: JSON, or ``@file``. Raises click.UsageError when it is not JSON."""
    if text is None:
        return {}
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise click.UsageError(
            f"--input is not JSON: {error.msg} (line {error.lineno}, column {error.colno}). "
            "Write for example --input '{\"week\": 39}', or --input @file.json."
        ) from None
    except UnicodeDecodeError as error:
        raise click.UsageError(f"--input {text} is not UTF-8 text: byte {error.start} cannot be read.") from None
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"--input is not JSON: {error}.") from None
    except OSError as error:
        raise click.UsageError(f"--input {text}: {error.strerror}.") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")
