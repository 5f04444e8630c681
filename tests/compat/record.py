"""Record what the programs of this folder give with 2.3.0, or compare it with what is recorded.

Run by an interpreter that has ``stepfunctions==2.3.0``::

    python tests/compat/record.py             write golden/*.json anew
    python tests/compat/record.py --check     compare, and end with 1 where something differs

A program is a function without parameters in ``programs/*.py``, written for 2.3.0 and unchanged since. It returns JSON,
or the package's own objects, which are written as they write themselves.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
GOLDEN = HERE / "golden"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
}
NEEDS_SAGEMAKER = "sagemaker_"
"""How the files begin whose programs use objects of the SageMaker SDK 2."""

ANYWHERE = {"Iterator", "Resource"}
"""Fields that may stand anywhere in a state: 2.3.0 wrote them at the place where its code happened to set them."""

if str(HERE) not in sys.path:
    sys.path.append(str(HERE))
from compat_tools import plain  # noqa: E402


@contextmanager
def environment() -> Iterator[None]:
    """Nothing of AWS but a Region and credentials that are none: no program may reach a service."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(before)


def load(file: str) -> dict[str, Callable[[], Any]]:
    """Return the programs of ``programs/<file>.py`` by their names, in the order in which they are written."""
    spec = importlib.util.spec_from_file_location(f"compat_{file}", PROGRAMS / f"{file}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with environment():
        spec.loader.exec_module(module)
    return {
        name: item
        for name, item in vars(module).items()
        if isinstance(item, FunctionType) and item.__module__ == module.__name__ and not name.startswith("_")
    }


def run(program: Callable[[], Any]) -> Any:
    """Run a program and return its result in the form of JSON."""
    with environment():
        return json.loads(json.dumps(plain(program())))


def files() -> list[str]:
    """Return the names of the files of programs."""
    return sorted(path.stem for path in PROGRAMS.glob("*.py"))


def golden(file: str) -> dict[str, Any]:
    """Return what is recorded for a file of programs."""
    path = GOLDEN / f"{file}.json"
    recorded: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return recorded


def differences(expected: Any, found: Any, where: str = "", in_order: bool = True) -> Iterator[str]:
    """Yield where two JSON values differ; the order of an object's keys counts, unless told otherwise."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if sorted(expected) != sorted(found) or (in_order and _order(expected) != _order(found)):
            yield f"{where}: keys {list(expected)} became {list(found)}"
        for key in expected.keys() & found.keys():
            yield from differences(expected[key], found[key], f"{where}.{key}", in_order)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{where}: {len(expected)} items became {len(found)}"
        for index, (one, other) in enumerate(zip(expected, found)):  # noqa: B905 - 2.3.0 may run on an older Python
            yield from differences(one, other, f"{where}[{index}]", in_order)
    elif type(expected) is not type(found) or expected != found:
        yield f"{where}: {expected!r} became {found!r}"


def _order(value: dict[str, Any]) -> list[str]:
    return [key for key in value if key not in ANYWHERE]


def main(arguments: list[str] | None = None) -> int:
    """Record or check, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is recorded")
    parser.add_argument("files", nargs="*", help="files of programs (all)")
    given = parser.parse_args(arguments)
    import stepfunctions

    if stepfunctions.__version__ != "2.3.0":
        print(f"This is stepfunctions {stepfunctions.__version__}: run it where 2.3.0 is installed.", file=sys.stderr)
        return 2
    return _check(given.files or files()) if given.check else _write(given.files or files())


def _results(file: str) -> dict[str, Any]:
    results = {}
    for name, program in load(file).items():
        try:
            results[name] = run(program)
        except Exception as error:
            raise SystemExit(f"{file}.{name} raises {type(error).__name__}: {error}") from error
    return results


def _write(names: Iterable[str]) -> int:
    GOLDEN.mkdir(exist_ok=True)
    for file in names:
        (GOLDEN / f"{file}.json").write_text(json.dumps(_results(file), indent=1, ensure_ascii=False) + "\n")
    return 0


def _check(names: Iterable[str]) -> int:
    found = [text for file in names for text in differences(golden(file), _results(file), file)]
    print("\n".join(found) or "2.3.0 gives what is recorded.")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
