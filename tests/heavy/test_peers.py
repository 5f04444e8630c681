"""Our paths against Jayway JsonPath itself, and our JSONata against the reference implementation itself.

Step Functions evaluates paths with Jayway's library, and has JSONata 2.0.6.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.conformance.case import all_cases
from tests.heavy.conftest import ROOT, run
from tests.query import test_jsonata_peer as second
from tests.query.test_jsonpath import DEFINITE, DOCUMENT, INDEFINITE, MISSING, NO_OBJECT, NOT_APPLICABLE

from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.jsonata import at_the_top, compile_jsonata, plain, reads_of
from stepfunctions.query.jsonata_template import expressions_in, inner
from stepfunctions.query.jsonpath import compile_path
from stepfunctions.query.path_tokens import InvalidPath, PathNotFound
from stepfunctions.query.scope import Scope

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]

PEERS = Path(__file__).parent / "peers"
JARS = ("json-path", "json-smart", "accessors-smart", "asm", "slf4j-api")

Ask = Callable[..., dict[str, Any]]


@contextmanager
def _process(*command: str | Path, cwd: Path) -> Iterator[Ask]:
    """Start a program that answers each line with a line."""
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout

    def ask(**question: Any) -> dict[str, Any]:
        to.write(json.dumps(question) + "\n")
        to.flush()
        answer: dict[str, Any] = json.loads(back.readline())
        return answer

    try:
        yield ask
    finally:
        to.close()
        process.wait(60)
        back.close()


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jayway() -> Iterator[Ask]:
    jars = [Path("/usr/share/java") / f"{name}.jar" for name in JARS]
    lacking = [str(jar) for jar in jars if not jar.exists()] + ([] if shutil.which("java") else ["java"])
    assert not lacking, f"{lacking} are missing: apt-get install default-jdk-headless libjsonpath-java"
    with _process("java", "-cp", ":".join(map(str, jars)), "Paths.java", cwd=PEERS) as ask:
        yield ask


LATER = re.compile(r"""\[-\d+\]|"|\s(in|IN|nin|contains|size|empty|subsetof|anyof|noneof|all)\s|===|!==|\(\)""")
"""What Jayway got after version 2.0.0, which is the one asked here, and functions, which the service refuses."""

CHANGED = frozenset(
    {
        "$.a.l[0,9]",
        "$.a.l[-2:-1]",
        "$.a.l[-2:5]",
        "$.*.b",
        "$.a.*.c",
        "$.o[?(!(@.x==2))].x",
        "$.o[?(@.y!='p')]",
        "$.o[?(2==@.x)]",
        "$.o[?(2<@.x)]",
        "$.o[?(@.x==true)]",
        "$.o[?(@.x > '1')]",
        "$.m[?(@.v[?(@.k==3)])]",
        "$.a['b','l'].c",
        "$..[0]",
        "$..[0].x",
        "$.o[?('2'==@.x)]",
        "$.o[?(@.x=='zwei')]",
        "$.a.l[9]",
        "$.a.l[9].x",
    }
)
"""Paths that later versions answer as we do, and version 2.0.0 otherwise."""


def ours(path: str, document: Any) -> dict[str, Any]:
    try:
        return {"value": compile_path(path).find(document)}
    except PathNotFound as error:
        return {"missing": str(error)}
    except InvalidPath as error:
        return {"invalid": str(error)}


def rows(*tables: list[tuple[str, Any]]) -> list[str]:
    return [path for table in tables for path, _ in table if not LATER.search(path) and path not in CHANGED]


@pytest.mark.parametrize("path", rows(DEFINITE, INDEFINITE))
def test_values_of_paths(path: str, jayway: Ask) -> None:
    assert jayway(path=path.strip(), document=DOCUMENT) == ours(path, DOCUMENT)


@pytest.mark.parametrize("path", sorted(CHANGED))
def test_what_later_versions_changed(path: str, jayway: Ask) -> None:
    assert jayway(path=path, document=DOCUMENT) != ours(path, DOCUMENT)


@pytest.mark.parametrize("path", rows(MISSING, NOT_APPLICABLE))
def test_texts_about_paths(path: str, jayway: Ask) -> None:
    assert jayway(path=path, document=DOCUMENT) == ours(path, DOCUMENT)


@pytest.mark.parametrize("path", [row[0] for row in NO_OBJECT])
def test_fields_of_what_is_no_object(path: str, jayway: Ask) -> None:
    theirs = jayway(path=path, document=DOCUMENT)
    # the classes are those of the JSON library: Jackson's on the service
    assert theirs.keys() == ours(path, DOCUMENT).keys() == {"missing"}


NAMES = st.sampled_from(["a", "b", "l", "o", "x", "y", "deep", "m", "v", "k", "e", "n", "s", "zz"])
TESTS = st.sampled_from(
    ["@.x==2", "@.y=='q'", "@.x>1 && @.x<3", "@.y", "!@.y", "@.x<=1 || @.y=='q'", "@.x<$.deep.x", "@.zz"]
)
STEPS = st.one_of(
    NAMES.map(lambda name: f".{name}"),
    NAMES.map(lambda name: f"['{name}']"),
    st.integers(0, 3).map(lambda index: f"[{index}]"),
    st.just("[*]"),
    st.just(".*"),
    st.tuples(st.integers(0, 2), st.integers(0, 3)).map(lambda ends: f"[{ends[0]}:{ends[1]}]"),
    st.integers(0, 2).map(lambda start: f"[{start}:]"),
    st.integers(1, 3).map(lambda end: f"[:{end}]"),
    st.integers(1, 2).map(lambda end: f"[-{end}:]"),
    st.tuples(st.integers(0, 2), st.integers(0, 3)).map(lambda both: f"[{both[0]},{both[1]}]"),
    st.tuples(NAMES, NAMES).filter(lambda both: both[0] != both[1]).map(lambda both: f"['{both[0]}','{both[1]}']"),
    NAMES.map(lambda name: f"..{name}"),
    TESTS.map(lambda test: f"[?({test})]"),
)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.lists(STEPS, min_size=1, max_size=5).map(lambda steps: "$" + "".join(steps)))
@example("$.o[*]['x','y']")
@example("$..o[1:]['x']")
def test_any_path(jayway: Ask, path: str) -> None:
    mine, theirs = ours(path, DOCUMENT), jayway(path=path, document=DOCUMENT)
    if "broken" in theirs or ("value" not in theirs and not compile_path(path).definite):
        # That version breaks now and then, and it is strict below steps that may match several. Later ones are not,
        # nor is the service: recorded answers give an empty list.
        return
    assert mine.keys() == theirs.keys(), (mine, theirs)
    assert mine.get("value") == theirs.get("value")


# --- JSONata ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node() -> Path:
    """Return a folder with both versions of the reference implementation, made when it is not there."""
    assert shutil.which("npm"), "node and npm are missing: apt-get install nodejs npm"
    folder = ROOT / ".venv-node"
    wanted = (PEERS / "package.json").read_text()
    if not (folder / "node_modules").exists() or (folder / "package.json").read_text() != wanted:
        folder.mkdir(exist_ok=True)
        shutil.copy(PEERS / "package.json", folder)
        done = run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def jsonata206(node: Path) -> Iterator[Ask]:
    with _process("node", shutil.copy(PEERS / "evaluate.js", node), "jsonata206", cwd=node) as ask:
        yield ask


@pytest.fixture(scope="module")
def newest(node: Path) -> Iterator[Ask]:
    with _process("node", shutil.copy(PEERS / "evaluate.js", node), "jsonata", cwd=node) as ask:
        yield ask


THREW = re.compile(r"threw an error during evaluation(?:\. (?P<error>\w+))?: (?P<message>.*)")


def computed(expression: str, input: Any, variables: dict[str, Any]) -> dict[str, Any]:
    scope = Scope(input, dict, variables, lambda: random.Random(1))
    try:
        if at_the_top(reads_of(expression), expression):
            return {"refused": True}
        return {"value": plain(compile_jsonata(expression)(scope))}
    except QuerySyntaxError as error:
        return {"error": error.message.partition(":")[0], "message": error.said}
    except StateFailed as failed:
        thrown = THREW.search(failed.cause)
        if thrown is None:
            return {"nothing" if failed.cause.endswith("(undefined).") else "unsupported": True}
        return {"error": thrown["error"] or "", "message": thrown["message"]}


def agree(
    ask: Ask, expression: str, input: Any = None, variables: dict[str, Any] | None = None, words: bool = True
) -> None:
    """Compare what both make of an expression; ``words``: what they say of an error too."""
    given_variables = variables or {}
    theirs = ask(expression=expression, bindings={"states": {"input": input}, **given_variables})
    mine = computed(expression, input, given_variables)
    if "refused" in mine:  # a name at the top level, where the reference finds nothing
        return
    if "message" in theirs:
        theirs["message"] = " ".join(theirs["message"].split())
    assert mine.keys() == theirs.keys(), (mine, theirs)
    if "value" in mine:
        assert second.same(mine["value"], plain(theirs["value"])), (mine, theirs)
    elif "error" in mine and words:
        assert mine == theirs


OWN = re.compile(
    r"\$(partition|range|hash|random|uuid|parse|eval|unknown|now|millis|no)\b|\[1\.\.|\$p\(|\+1\+1|1 \+ \$f"
)
"""Functions that Step Functions adds or takes away, and what it stops for its size."""


def _expressions_of_cases() -> Iterator[tuple[str, Any]]:
    for case in all_cases():
        stopped = "Expression evaluation " in str(case.expect)  # for its time or memory: the reference goes on
        if not stopped and any("jsonata" in topic for topic in case.covers):
            states = case.definition["States"] if isinstance(case.definition, dict) else {}
            for state in states.values():
                for _, written in expressions_in(state):
                    if written.endswith("%}") and not OWN.search(written) and "$states.result" not in written:
                        yield inner(written), case.given


# The reference breaks on $formatNumber(1, 'x'); what the service says is recorded. It has another $states, knows ?: and
# ?? only since 2.1, and computes on with an Infinity, which is an error or the text "Infinity" here.
REFUSED = re.compile(
    r"^(phone|\$formatNumber\(1, 'x'\)|\$ |\$\$|\$states\.(errorOutput|context)|.*\?[?:] |.*`x\?:`|\$keys\(\$states\)"
    r"|\[\$parseInteger\('7'|1 / -0$|\$abs\(1/0\)|.*\[1/0)"
)


@pytest.mark.parametrize(
    ("expression", "given_input"), [row for row in _expressions_of_cases() if not REFUSED.match(row[0])]
)
def test_expressions_of_the_conformance_cases(expression: str, given_input: Any, jsonata206: Ask) -> None:
    agree(jsonata206, expression, given_input)


EXPRESSIONS = [
    mark_args
    for mark in second.test_expressions.pytestmark  # type: ignore[attr-defined]
    for mark_args in mark.args[1]
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions(expression: str, jsonata206: Ask) -> None:
    agree(jsonata206, expression, second.DATA, {"v": second.DATA["numbers"]})


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_with_the_newest(expression: str, newest: Ask) -> None:
    agree(newest, expression, second.DATA, {"v": second.DATA["numbers"]}, words=False)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.recursive(second.PATHS | second.LITERALS, second._compound, max_leaves=5))
def test_any_expression(jsonata206: Ask, expression: str) -> None:
    agree(jsonata206, expression, second.DATA, {"v": second.DATA["numbers"]}, words=False)
