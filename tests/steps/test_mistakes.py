"""What people write by mistake: each raises where it is written, and says what to write instead.

A case is a piece of Python, the class of its error, and what the message must say: names, values, the remedy.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from stepfunctions import inputs, steps
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Pass
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/r"
INSTEAD = r"states.format('… {} …', value)"

TEXTS = [
    "Pass('P', parameters={'k': f'hello {given[\"name\"]}'})",
    "Pass('P', parameters={'k': 'hello {}'.format(given['name'])})",
    "Pass('P', parameters={'k': f'{a.output()[\"x\"]}'})",
    "Pass('P', parameters={'k': f'{variable(\"x\")}'})",
    "Pass('P', parameters={'k': f'{context.execution.name}'})",
    "Pass('P', parameters={'k': f'{given[\"n\"] + 1}'})",
    "Pass('P', parameters={'k': f'{given[\"n\"] > 1}'})",
    "Pass('P', parameters={'k': f'{states.uuid():>9}'})",
    "Pass(f'Train {given[\"name\"]}')",
    "LambdaStep('L', function=f'f-{given[\"name\"]}')",
    "aws_sdk('s3', 'get_object', parameters={'Bucket': 'b', 'Key': f'x/{given[\"name\"]}'})",
    "Choice('C').when(given['name'] == f'{variable(\"x\")}', a)",
]
"""Texts made where they are written: the very line raises."""

TEXTS_OF_STR = [
    "Pass('P', parameters={'k': 'hello %s' % given['name']})",
    "Pass('P', parameters={'k': str(given['name'])})",
    "Pass('P', parameters={'k': [{'l': str(states.uuid())}]})",
    "Pass('P', parameters={str(variable('x')): 1})",
    "Pass('P', parameters={'k': repr(given['name'])})",
    "Pass('P', parameters={'k': str({'name': given['name']})})",
    "Pass('P', parameters={'k': str(given['n'] > 1)})",
    "Pass('P', comment=str(given['name']))",
    "Pass('P', result={'k': str(given['name'])})",
    "Pass(str(given['name']))",
    "Fail('F', cause='lost ' + str(given['name']))",
    "Choice('C').when(given['name'] == str(variable('x')), a)",
    "ChoiceRule.StringEquals('$.x', str(given['name']))",
    "Pass('P', parameters={'k': states.format('{}', str(given['name']))})",
    "jsonata(str(given['name']))",
]
"""Texts made by str(), which print() may call too: what takes them refuses them."""

MISTAKES: list[tuple[str, type[Exception], tuple[str, ...]]] = [
    # Python deciding what only the execution can
    ("if given['n'] > 1: pass", TypeError, ("only when the execution runs", "Choice.when()")),
    ("(given['n'] > 1) and (given['n'] < 3)", TypeError, ("& (and)", "in parentheses")),
    ("(given['n'] > 1) or (given['n'] < 3)", TypeError, ("| (or)",)),
    ("not (given['n'] > 1)", TypeError, ("~ (not)",)),
    ("1 < given['n'] < 3", TypeError, ("each comparison in parentheses",)),
    ("max(given['n'], 3)", TypeError, ("only when the execution runs",)),
    ("given['flag'] and given['n']", TypeError, ("ExecutionInput($$.Execution.Input['flag'])", "& (and)")),
    ("variable('a') and variable('b')", TypeError, ("Reference($a)", "'is not None'")),
    ("given['n'] > 1 & given['n'] < 3", TypeError, ("(x > 1) & (y < 2)",)),
    ("given['n'] == given['m'] & given['m'] == 3", TypeError, ("(x > 1) & (y < 2)",)),
    ("(given['n'] > 1) & True", TypeError, ("True", "(x > 1) & (y < 2)")),
    ("'x' in given['items']", TypeError, ("states.array_contains", "is_present()")),
    ("3 in variable('x')", TypeError, ("states.array_contains",)),
    ("for item in given['items']: pass", TypeError, ("cannot be iterated", "Map")),
    ("sorted(given['items'])", TypeError, ("cannot be iterated or sorted", "jsonata")),
    ("[*variable('x')]", TypeError, ("cannot be iterated",)),
    ("len(given['items'])", TypeError, ("has no length", "states.array_length")),
    ("int(given['name'])", TypeError, ("int()", "$number")),
    ("float(given['name'])", TypeError, ("float()", "$number")),
    ("given['items'][1:2]", ValueError, ("no slices", "array_partition")),
    ("given['name'] + 'x'", TypeError, ("states.format('{}{}', a, b)",)),
    ("given['name'].upper()", AttributeError, ("'upper'", "value['upper']")),
    ("given['nam']", ValueError, ("no 'nam'", "'name'")),
    ("json.dumps({'k': given['name']})", TypeError, ("ExecutionInput",)),
    ("given['n'] > 'x'", TypeError, ("declared as int", "'x'")),
    ("given['name'] == given['n']", TypeError, ("declared as str", "(int)")),
    ("Choice('C').when(given['n'], a)", TypeError, ("declared as int",)),
    # Something else where a value, or a step, is due
    ("show(Pass('P', parameters={'k': object()}))", ValueError, ("State 'P'", "'Parameters.k'", "JSON")),
    ("show(Pass('P', parameters={'k': a}))", ValueError, ("State 'P'", "'Parameters.k'", "Pass")),
    ("show(Pass('P', parameters={given['n']: 1}))", ValueError, ("State 'P'", "key", "Write a string")),
    ("show(Pass('P', result=given['n']))", ValueError, ("State 'P'", "'Result' is a constant", "'parameters'")),
    ("a >> None", TypeError, ("NoneType",)),
    ("a >> Pass", TypeError, ("the class Pass", "Pass('its name', …)")),
    ("a >> 'B'", TypeError, ("'B'", "not its name")),
    ("a >> [Pass('B')]", TypeError, ("list", "Chain([a, b])")),
    ("a >> (lambda event: event)", TypeError, ("function", "@lambda_function")),
    ("a >> workflow(a)", TypeError, ("Workflow", "nested_workflow")),
    ("Chain([a, None])", TypeError, ("NoneType",)),
    ("Chain([a, Pass])", TypeError, ("the class Pass",)),
    ("Chain(a)", TypeError, ("list of steps",)),
    ("c = Chain([a]); c.append(c)", ValueError, ("'A'", "already")),
    ("Choice('C').when('x > 1', a)", TypeError, ("condition", "str")),
    ("Choice('C').when(given['n'] > 1, 'B')", TypeError, ("'B'", "not its name")),
    ("Catch('F', error_equals=['X'])", TypeError, ("'F'", "not its name")),
    ("Parallel('P', branches=a)", TypeError, ("State 'P'", "'branches'", "list")),
    ("Parallel('P').add_branch(None)", ValueError, ("'P'", "NoneType")),
    ("Parallel('P', branches=[[a, Pass('B')]])", ValueError, ("'P'", "Chain([a, b])")),
    ("Map('M', item_processor=Pass)", ValueError, ("'M'", "the class Pass")),
    ("Map('M', item_processor=a, distributed='yes')", TypeError, ("State 'M'", "'distributed'", "'yes'")),
    ("Wait('W', seconds='3')", ValueError, ("State 'W'", "'seconds'", "integer", "'3'")),
    ("Fail('F', error=3)", ValueError, ("State 'F'", "'error'", "string", "3")),
    ("Retry(error_equals=['X'], max_attempts=-1)", ValueError, ("'max_attempts'", "at least 0", "-1")),
    ("Retry(error_equals='States.ALL')", ValueError, ("'error_equals'", "array")),
    ("Retry(error_equals=['States.All'])", ValueError, ("'States.All'", "Did you mean 'States.ALL'")),
    ("Catch(a, error_equals=['States.Timeot'])", ValueError, ("Did you mean 'States.Timeout'",)),
    ("Retry(error_equals=['States.ALL', 'X'])", ValueError, ("'States.ALL'", "stand alone")),
    ("Task('T', resource='r', retry=Retry)", TypeError, ("Retry",)),
    ("Pass('P', coment='x')", TypeError, ("State 'P'", "Did you mean 'comment'")),
    ("Choice('C').otherwise(a)", ValueError, ("State 'C'", "choice.when(condition, step).otherwise(another)")),
    # Names
    ("Pass('x' * 81)", ValueError, ("81 characters", "at most 80")),
    ("Pass('')", ValueError, ("empty",)),
    ("Pass(3)", TypeError, ("string", "3")),
    ("workflow(a, 'my workflow')", ValueError, ("'my workflow'", "Write 'my-workflow'")),
    ("workflow(a, 'a/b:c')", ValueError, ("'a/b:c'", "Write 'a-b-c'")),
    ("workflow(a, 'x' * 81)", ValueError, ("81 characters",)),
    ("workflow(a, '')", ValueError, ("1 to 80",)),
    ("workflow(a, None)", TypeError, ("name", "NoneType")),
    ("Workflow('w', a, 3)", TypeError, ("'role'", "arn:aws:iam", "3")),
    ("Workflow('w', a, 'r', execution_input={'day': str})", TypeError, ("'execution_input'", "ExecutionInput(schema")),
    ("Workflow('w', a, 'r', execution_input=ExecutionInput)", TypeError, ("'execution_input'",)),
    # What is not complete when the workflow is made
    ("workflow(Chain([]))", ValueError, ("no steps", "Chain([step, …])")),
    ("workflow([a])", ValueError, ("list", "a >> b")),
    ("workflow({'StartAt': 'A'})", ValueError, ("dict", "Workflow.from_definition")),
    ("workflow(Pass)", ValueError, ("the class Pass",)),
    ("workflow(Parallel('P'))", ValueError, ("State 'P'", "branches=")),
    ("workflow(Map('M'))", ValueError, ("'M'", "item_processor=")),
    ("workflow(Choice('C'))", ValueError, ("State 'C'", "no rule", "choice.when(condition, step)")),
    ("workflow(Task('T'))", ValueError, ("State 'T'", "'resource'")),
    ("workflow(Task('T', resource='r', retry=Retry(max_attempts=1)))", ValueError, ("State 'T'", "error_equals")),
    ("workflow(Task('T', resource='r', catch=Catch(a)))", ValueError, ("State 'T'", "Catch", "error_equals")),
    (
        "every = Retry(error_equals=['States.ALL'])\n"
        "workflow(Task('T', resource='r', retry=[every, Retry(error_equals=['X'])]))",
        ValueError,
        ("State 'T'", "never reached", "the last"),
    ),
    ("Succeed('S') >> a", ValueError, ("'S'", "'A'", "ended")),
    ("workflow(a >> Pass('B') >> Pass('A'))", ValueError, ("unique", "'A'")),
    # Data that is not there, languages mixed
    (
        "workflow(a >> Pass('B') >> Pass('D', parameters={'k': a.output()['x']}))",
        ValueError,
        ("State 'D'", "'k'", "'A'", "assign={…} at 'A'"),
    ),
    ("Pass('P', parameters={'a': 1}, output={'b': 1})", ValueError, ("State 'P'", "'parameters'", "JSONata")),
    ("workflow(Pass('P', output={'b.$': '$.x'}))", ValueError, ("State 'P'", "b.$")),
    (
        "Pass('P', parameters={'k': result['x']})",
        ValueError,
        ("State 'P'", "'parameters'", "Reference($.x)", "step.output()"),
    ),
    ("Fail('F', cause=error['Cause'])", ValueError, ("State 'F'", "'cause'", "variable('cause')")),
    ("jsonata('$count(')", ValueError, ("$count(", "character")),
    ("jsonata(3)", TypeError, ("jsonata()", "int")),
    # Requests of services
    ("SnsPublishStep('S', parameters={'TopicArn': 'x', 'Mesage': 'y'})", ValueError, ("State 'S'", "'Message'")),
    ("LambdaStep('L', parameters={'FunctionName': 'f', 'Paylod.$': '$'})", ValueError, ("State 'L'", "'Payload'")),
    ("GlueStartJobRunStep('G', parameters={'job_name': 'j'})", ValueError, ("State 'G'", "'JobName'")),
    (
        "aws_sdk('sagemaker', 'describe_endpoint', parameters={'EndpointNme': 'x'})",
        ValueError,
        ("'EndpointNme'", "'EndpointName'"),
    ),
    ("aws_sdk('sagemakr', 'describe_endpoint')", ValueError, ("'sagemakr'", "'sagemaker'")),
]


def names() -> dict[str, Any]:
    """What the pieces of Python see."""
    found: dict[str, Any] = {name: getattr(module, name) for module in (steps, inputs) for name in dir(module)}
    given = ExecutionInput({"n": int, "m": int, "name": str, "flag": bool, "items": list})

    def workflow(definition: Any, name: Any = "w") -> Workflow:
        return Workflow(name, definition, ROLE)

    import json

    return found | {
        "json": json,
        "given": given,
        "a": Pass("A"),
        "Workflow": Workflow,
        "workflow": workflow,
        "show": workflow,
    }


@pytest.mark.parametrize(("code", "error", "said"), MISTAKES, ids=[code for code, _, _ in MISTAKES])
def test_a_mistake_is_told_with_its_remedy(code: str, error: type[Exception], said: tuple[str, ...]) -> None:
    with pytest.raises(error) as raised:
        exec(code, names())
    message = str(raised.value)
    assert [words for words in said if words not in message] == [], message


@pytest.mark.parametrize("code", TEXTS, ids=TEXTS)
def test_a_text_is_not_made_of_a_value_that_is_not_there(code: str) -> None:
    with pytest.raises(TypeError, match=re.escape(INSTEAD)):
        exec(code, names())


@pytest.mark.parametrize("code", TEXTS_OF_STR, ids=TEXTS_OF_STR)
def test_the_text_of_an_expression_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=re.escape(INSTEAD)):
        exec(code, names())


def test_expressions_can_be_printed_and_shown() -> None:
    name = ExecutionInput()["name"]
    assert str(name) == "<known at run time: ExecutionInput($$.Execution.Input['name'])>"
    assert f"{name!r}" == "ExecutionInput($$.Execution.Input['name'])"
    assert "%r" % name == f"{name!r}"  # noqa: UP031 - what old programs write


def test_texts_that_only_look_alike_are_taken() -> None:
    harmless = {"a": "see ExecutionInput", "b": "$.x", "c": "Reference (page 3)", "d": "known at run time"}
    assert Pass("P", comment="Reference manual", parameters=harmless).to_dict()["Parameters"] == harmless
