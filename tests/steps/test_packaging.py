"""The package of a Lambda function: it runs in a bare interpreter, has what the function uses, and nothing else."""

from __future__ import annotations

import functools
import importlib
import io
import json
import linecache
import math
import re
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stepfunctions.steps import LambdaFunction, lambda_function

SCALE = 3
ROUTES = {"JFK": ["LAX", 1.5], "sets": {"b", "a"}, None: (True, b"x")}
STARTED = datetime(2013, 1, 1, tzinfo=timezone.utc)
WORD = re.compile(r"\w+")
TABLE: dict[str, int] = {}
TABLE["grown"] = 7
for LAST in range(4):
    assert LAST >= 0
A, B = 10, 20
NOBODY = object()


class Row:
    """A class whose methods use the module's names."""

    scale: int = SCALE

    def scaled(self, value: NotThere) -> int:  # type: ignore[name-defined]  # noqa: F821
        total: AlsoNotThere = value * self.scale  # type: ignore[name-defined]  # noqa: F821
        return helper(total)


def helper(value: int) -> int:
    return value + LAST + (helper(value - 1) - value if value > 1000 else 0)


@functools.cache
def cached(value: int) -> int:
    return value + A + B


@lambda_function(name="everything", memory=256)
def everything(words: str, factor: int = SCALE) -> Any:
    """A text
    that begins at the left."""
    return [
        Row().scaled(factor),
        cached(1),
        math.floor(1.5),
        STARTED.year,
        WORD.findall(words),
        TABLE,
        sorted(ROUTES["sets"]),
        [inner * SCALE for inner in range(2)],
        (lambda: SCALE)(),
    ]


def unpacked(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def invoke(tmp_path: Path) -> Callable[..., Any]:
    """Run a package's handler in an interpreter that sees nothing else of this one."""

    def run(function: LambdaFunction[..., Any], event: Any) -> Any:
        (tmp_path / "package.zip").write_bytes(function.package())
        program = (
            "import sys, json; sys.path.insert(0, sys.argv[1]); import lambda_function; "
            "print(json.dumps(lambda_function.lambda_handler(json.loads(sys.argv[2]), None)))"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program, str(tmp_path / "package.zip"), json.dumps(event)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module written for a test, and forget it afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path / "project"))
    before = set(sys.modules)

    def load(text: str, name: str = "flow") -> ModuleType:
        path = tmp_path / "project" / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield load
    for added in set(sys.modules) - before:
        del sys.modules[added]


def test_a_function_has_all_that_it_uses(invoke: Callable[..., Any]) -> None:
    event = {"words": "one two", "factor": 5, "unknown": 1}
    expected = [5 * 3 + 3, 31, 1, 2013, ["one", "two"], {"grown": 7}, ["a", "b"], [0, 3], 3]
    assert invoke(everything, event) == expected
    assert everything("one two", 5) == expected


def test_a_package_has_nothing_else_and_is_the_same_each_time() -> None:
    files = unpacked(everything.package())
    assert list(files) == ["lambda_function.py", "lambda_source.py"]
    for name in ("NOBODY", "pytest", "unpacked", "subprocess", "@lambda_function", "STEPS"):
        assert name not in files["lambda_source.py"]
    program = (
        f"import sys, hashlib; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_packaging; "
        "print(hashlib.sha256(test_packaging.everything.package()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_handlers_get_the_event(invoke: Callable[..., Any]) -> None:
    @lambda_function
    def both(event: Any, context: Any) -> Any:
        return [event, context]

    @lambda_function
    def one(event: Any) -> Any:
        return event

    @lambda_function
    def every(**members: Any) -> Any:
        return members

    assert invoke(both, [1]) == [[1], None]
    assert invoke(one, "text") == "text"
    assert invoke(every, {"a": 1}) == {"a": 1}


def test_a_function_may_have_any_name(invoke: Callable[..., Any]) -> None:
    @lambda_function
    def lambda_handler(event: Any) -> Any:
        return event

    @lambda_function
    def lambda_source(a: int) -> int:
        return a

    assert invoke(lambda_handler, 1) == 1
    assert invoke(lambda_source, {"a": 2}) == 2


def test_functions_inside_functions_take_what_surrounds_them(invoke: Callable[..., Any]) -> None:
    limit = [1, 2.5, math.inf]

    def inside(value: float) -> bool:
        return value < limit[-1]

    @lambda_function
    def small(value: float) -> Any:
        """Text
        at the left."""
        return [inside(value), limit[1], helper(0)]

    assert invoke(small, {"value": 3}) == [True, 2.5, 3]


def test_decorators_below_are_kept(invoke: Callable[..., Any], module: Callable[[str], ModuleType]) -> None:
    flow = module(
        """
        import functools
        import stepfunctions.steps

        def doubled(function):
            @functools.wraps(function)
            def double(*args, **kwargs):
                return 2 * function(*args, **kwargs)
            return double

        def registered(function):
            return function

        @registered
        @stepfunctions.steps.lambda_function(name="f")
        @doubled
        def f(a):
            return a

        @stepfunctions.steps.lambda_function
        def g(a):
            return f(a=a) + 1
        """
    )
    assert flow.f(2) == 4
    assert invoke(flow.f, {"a": 2}) == 4
    assert invoke(flow.g, {"a": 2}) == 5
    assert "registered" not in unpacked(flow.f.package())["lambda_source.py"]


def test_modules_of_the_user_come_along(invoke: Callable[..., Any], module: Callable[..., ModuleType]) -> None:
    module("SIZE = 4\n", "project_sizes")
    module("", "project_tools.__init__")
    module("import json\n", "project_tools.deep")
    module("from stepfunctions import steps\n", "project_tools.unused")
    module(
        "import project_sizes\nfrom . import deep\ndef area():\n    return project_sizes.SIZE ** 2\n",
        "project_tools.areas",
    )
    flow = module(
        """
        from project_tools import areas
        from stepfunctions.steps import lambda_function

        @lambda_function
        def measure():
            from project_sizes import SIZE
            return [SIZE, areas.area()]
        """
    )
    assert invoke(flow.measure, {}) == [4, 16]
    assert sorted(unpacked(flow.measure.package())) == [
        "lambda_function.py",
        "lambda_source.py",
        "project_sizes.py",
        "project_tools/__init__.py",
        "project_tools/areas.py",
        "project_tools/deep.py",
    ]


def test_a_function_in_a_package_imports_its_neighbours(
    invoke: Callable[..., Any], module: Callable[..., ModuleType]
) -> None:
    module("", "pkg.__init__")
    module("def twice(x):\n    return 2 * x\n", "pkg.numbers")
    flow = module(
        """
        from stepfunctions.steps import lambda_function
        from .numbers import twice as double

        @lambda_function
        def f(x):
            return double(x)
        """,
        "pkg.flow",
    )
    assert invoke(flow.f, {"x": 4}) == 8
    assert "from pkg.numbers import twice as double" in unpacked(flow.f.package())["lambda_source.py"]


def test_conditional_imports_and_definitions(invoke: Callable[..., Any], module: Callable[[str], ModuleType]) -> None:
    flow = module(
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from stepfunctions.steps import lambda_function
        if TYPE_CHECKING:
            from nowhere import Frame
        try:
            import not_installed_here as fast
        except ImportError:
            import json as fast
        if True:
            LIMIT = 5
            def clean(x):
                return min(x, LIMIT)

        @lambda_function
        def f(x: Frame) -> Frame:
            return [clean(x), fast.dumps(x)]
        """
    )
    assert flow.f(9) == [5, "9"]
    with pytest.raises(ValueError, match="'not_installed_here'"):
        flow.f.package()


def test_a_notebooks_cells(invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """As IPython runs them: each cell is compiled alone, and its text is in linecache and in ``In``."""
    cells = [
        "",
        "import json as j\nfrom stepfunctions.steps import lambda_function\nWEEK = 1\n",
        "%matplotlib inline\n",
        "def load(week):\n    return j.dumps({'week': week})\n",
        "WEEK = 2\n",
        "@lambda_function\ndef prepare(route):\n    return [route, load(WEEK)]\n",
    ]
    space: dict[str, Any] = {"__name__": "__main__", "In": cells}
    for number, cell in enumerate(cells):
        name = f"<ipython-input-{number}-abc>"
        monkeypatch.setitem(linecache.cache, name, (len(cell), None, cell.splitlines(keepends=True), name))
        if not cell.startswith("%"):
            exec(compile(cell, name, "exec"), space)
    assert invoke(space["prepare"], {"route": "JFK"}) == ["JFK", '{"week": 2}']


def test_what_cannot_be_carried_along_is_named(module: Callable[[str], ModuleType]) -> None:
    flow = module(
        """
        import io, threading
        from stepfunctions.steps import lambda_function

        with io.StringIO() as OPENED:
            pass
        LOCKS = []
        LOCKS.append(threading.Lock())

        @lambda_function
        def uses_file():
            return OPENED

        @lambda_function
        def uses_changed():
            return LOCKS

        @lambda_function
        def uses_nothing():
            return nothing_of_this_name

        @lambda_function
        def uses_relative():
            from . import neighbour
        """
    )
    for function, name in (
        (flow.uses_file, "OPENED"),
        (flow.uses_changed, "LOCKS"),
        (flow.uses_nothing, "nothing_of_this_name"),
        (flow.uses_relative, r"\."),
    ):
        with pytest.raises(ValueError, match=rf"{function.__name__} uses '{name}', which cannot be packaged"):
            function.package()


def test_a_function_without_a_source_is_refused() -> None:
    space: dict[str, Any] = {"lambda_function": lambda_function, "__name__": "nowhere"}
    exec("@lambda_function\ndef f():\n    pass\n", space)
    with pytest.raises(ValueError, match="its source is not known"):
        space["f"].package()


@pytest.mark.parametrize(
    ("settings", "fine"),
    [
        ("", False),
        ("requirements=['numpy']", False),
        ("requirements=['PyYAML==6.0.2']", True),
        ("requirements=['pyyaml[fast]>=6,<7; python_version > \"3\"']", True),
        ("layers=['arn:aws:lambda:us-east-1:123456789012:layer:yaml:1']", True),
        ("requirements=['./wheels/ours.whl']", True),
    ],
)
def test_a_package_that_lambda_does_not_have_must_be_required(
    settings: str, fine: bool, module: Callable[[str], ModuleType]
) -> None:
    flow = module(
        f"""
        from stepfunctions.steps import lambda_function

        @lambda_function({settings})
        def f():
            import boto3
            import yaml
        """
    )
    if fine:
        assert list(unpacked(flow.f.package(False))) == ["lambda_function.py", "lambda_source.py"]
        return
    with pytest.raises(ValueError, match=r"imports 'yaml', which Lambda does not have: write requirements=\['PyYAML=="):
        flow.f.package(False)


def test_a_name_of_the_package_is_not_taken_by_the_user(module: Callable[..., ModuleType]) -> None:
    module("X = 1\n", "lambda_source")
    flow = module(
        """
        import lambda_source
        from stepfunctions.steps import lambda_function

        @lambda_function
        def f():
            return lambda_source.X
        """
    )
    with pytest.raises(ValueError, match=r"imports your lambda_source\.py"):
        flow.f.package()


def wheel(folder: Path, tag: str = "py3-none-any") -> Path:
    """Write a distribution ``gift`` of one module."""
    path = folder / f"gift-1.0-{tag}.whl"
    info = "gift-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("gift.py", "CONTENT = 'a book'\n" * 100)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: gift\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.mark.usefixtures("offline")
def test_requirements_are_installed_into_the_package(tmp_path: Path, invoke: Callable[..., Any]) -> None:
    @lambda_function(requirements=[str(wheel(tmp_path))])
    def give() -> str:
        import gift  # type: ignore[import-not-found]

        return str(gift.CONTENT)

    names = set(unpacked(give.package()))
    assert {"gift.py", "gift-1.0.dist-info/METADATA", "lambda_function.py"} <= names
    assert invoke(give, {}) == "a book"
    assert give.package() == give.package()
    assert "gift.py" not in unpacked(give.package(False))


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("tag", ["cp312-cp312-manylinux_2_28_x86_64", "cp312-abi3-manylinux2014_x86_64"])
def test_requirements_are_of_lambdas_platform(tmp_path: Path, tag: str) -> None:
    @lambda_function(requirements=[str(wheel(tmp_path, tag))], runtime="python3.12")
    def give() -> None:
        pass

    assert "gift.py" in unpacked(give.package())
    older = lambda_function(requirements=[str(wheel(tmp_path, tag))], runtime="python3.10")(give.function)
    with pytest.raises(
        ValueError, match=r"pip could not install .*gift.* for python3\.10 on x86_64: .*not a supported"
    ):
        older.package()


@pytest.mark.usefixtures("offline")
def test_a_requirement_that_is_not_there_is_named() -> None:
    @lambda_function(requirements=["no-such-distribution==1"])
    def give() -> None:
        pass

    with pytest.raises(ValueError, match="no-such-distribution==1"):
        give.package()
