"""The zip of a Lambda function: its source, a handler that unpacks the event, modules of the user, and requirements.

Runtimes: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import inspect
import io
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from stepfunctions.steps.code.functions import LambdaFunction
from stepfunctions.steps.code.source import source_of

UNZIPPED_LIMIT = 262_144_000
"""Bytes that a function's code may have, unzipped."""
_IN_THE_RUNTIME = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"}
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(\[[^]]*\])?\s*([<>=!~;].*)?", re.ASCII)
_GLIBC = {"3.8": 26, "3.9": 26, "3.10": 26, "3.11": 26}
"""Minor version of the C library that a runtime's image has; Amazon Linux 2023's for all later ones."""
_GLIBC_OF_2023 = 34
_MOMENT = (1980, 1, 1, 0, 0, 0)
_PASS_THE_EVENT = '''"""Hand the event to the function."""

import lambda_source


def lambda_handler(event, context):
    return lambda_source.{name}({arguments})
'''
_UNPACK_THE_EVENT = '''"""Unpack the event into the arguments of the function."""

import lambda_source

PARAMETERS = {parameters}


def lambda_handler(event, context):
    if not isinstance(event, dict):
        raise TypeError(f"The event of {name} must be an object of its arguments, not {{event!r}}.")
    arguments = {{key: value for key, value in event.items() if PARAMETERS is None or key in PARAMETERS}}
    return lambda_source.{name}(**arguments)
'''


def function_zip(function: LambdaFunction[..., Any], complete: bool = True) -> bytes:
    """Return a function's zip; without its requirements unless ``complete``.

    The same source gives the same bytes. Raises ValueError that names what cannot be packaged.
    """
    source = source_of(function.function)
    files = {"lambda_source.py": source.text.encode(), "lambda_function.py": _handler(function).encode()}
    for name, content in _modules_of_the_user(function, source.modules).items():
        if name in files:
            raise ValueError(f"lambda_function '{function.name}' imports your {name}, a name taken in the package.")
        files[name] = content
    installed = _installed(function) if complete and function.requirements else {}
    if sum(map(len, [*files.values(), *installed.values()])) > UNZIPPED_LIMIT:
        raise ValueError(f"lambda_function '{function.name}': its code is larger than {UNZIPPED_LIMIT} bytes unzipped.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # Stored, not compressed: compressed bytes would depend on the version of zlib.
        _write(archive, files, zipfile.ZIP_STORED)
        _write(archive, {name: installed[name] for name in installed.keys() - files}, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _write(archive: zipfile.ZipFile, files: dict[str, bytes], compression: int) -> None:
    for name in sorted(files):
        entry = zipfile.ZipInfo(name, _MOMENT)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, files[name], compression)


def _handler(function: LambdaFunction[..., Any]) -> str:
    name = inspect.unwrap(function.function).__name__
    parameters = inspect.signature(function.function).parameters
    if function.takes_event:
        return _PASS_THE_EVENT.format(name=name, arguments=", ".join(["event", "context"][: len(parameters)]))
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    return _UNPACK_THE_EVENT.format(name=name, parameters=None if takes_any else tuple(parameters))


def _modules_of_the_user(function: LambdaFunction[..., Any], modules: Iterable[str]) -> dict[str, bytes]:
    """Return the files of the modules that are the user's own, and of those that these import."""
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    waiting = [(name, True) for name in sorted(modules)]
    while waiting:
        name, needed = waiting.pop()
        top = name.partition(".")[0]
        if name in seen or top in sys.stdlib_module_names or top in _IN_THE_RUNTIME:
            continue
        seen.add(name)
        root = _root(top)
        if root is None:
            if needed:
                _check_required(function, top)
            continue
        path = _file(root, name)
        if path is not None:
            files[path.relative_to(root).as_posix()] = path.read_bytes()
            waiting.extend(_imports(path, name))
        if "." in name:
            waiting.append((name.rpartition(".")[0], needed))
    return files


def _root(top: str) -> Path | None:
    """Return the folder that has a module of the user's; None when it was installed, or is not here."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or top == "stepfunctions":
        return None
    places = list(spec.submodule_search_locations or [])
    origin = Path(places[0] if places else spec.origin or "")
    library = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    parents = {*origin.parents, *origin.resolve().parents}
    if library & parents or {"site-packages", "dist-packages"} & {parent.name for parent in parents}:
        return None
    return origin.parent if origin.exists() else None


def _file(root: Path, module: str) -> Path | None:
    """Return the file of a module below a folder; None for what is no module of its own."""
    path = root.joinpath(*module.split("."))
    return next((one for one in (path / "__init__.py", path.with_name(f"{path.name}.py")) if one.is_file()), None)


def _imports(path: Path, module: str) -> Iterator[tuple[str, bool]]:
    """Yield the modules that a file may import, and whether it does so in any case."""
    tree = ast.parse(path.read_bytes())
    always = set(map(id, tree.body))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in always) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level else ""
            base = base or node.module or ""
            yield base, id(node) in always
            yield from ((f"{base}.{alias.name}", False) for alias in node.names)  # where that is a module


def _check_required(function: LambdaFunction[..., Any], module: str) -> None:
    """Raise ValueError for a package that nothing brings to Lambda."""
    named = [_REQUIREMENT.fullmatch(one.strip()) for one in function.requirements]
    if function.layers or None in named:  # a layer, a file or an address may bring any package
        return
    distributions = ["stepfunctions-sdk"] if module == "stepfunctions" else _distributions(module)
    if {_normal(match[1]) for match in named if match} & set(map(_normal, distributions)):
        return
    try:
        example = f"{distributions[0]}=={importlib.metadata.version(distributions[0])}"
    except importlib.metadata.PackageNotFoundError:
        example = distributions[0]
    raise ValueError(
        f"lambda_function '{function.name}' imports '{module}', which Lambda does not have: "
        f"write requirements=['{example}']."
    )


def _distributions(module: str) -> list[str]:
    return sorted(set(importlib.metadata.packages_distributions().get(module, [module])))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(function: LambdaFunction[..., Any]) -> dict[str, bytes]:
    """Return the files that pip installs for the function's requirements, for Lambda's platform."""
    version = function.runtime.removeprefix("python")
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[function.architecture]
    newest = _GLIBC.get(version, _GLIBC_OF_2023)
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, 16, -1)] + [f"manylinux2014_{machine}"]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-compile", "--target", folder, "--only-binary=:all:"]
        command += ["--implementation", "cp", "--python-version", version]
        command += [argument for platform in platforms for argument in ("--platform", platform)]
        done = subprocess.run([*command, "--", *function.requirements], capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise ValueError(
                f"lambda_function '{function.name}': pip could not install {', '.join(function.requirements)} for "
                f"{function.runtime} on {function.architecture}: {' '.join(said[-2:])}"
            )
        root = Path(folder)
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            # Scripts are of no use there, and the record of where a wheel came from would differ between machines.
            if path.is_file() and path.relative_to(root).parts[0] != "bin" and path.name != "direct_url.json"
        }
