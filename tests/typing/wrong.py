"""Programs that the type checker must refuse: in every line with a mark, with an error of this text, and in no other.

See test_typing.py.
"""

from __future__ import annotations

from stepfunctions.inputs import ExecutionInput, MapItem, jsonata, states, variable
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    Graph,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
    prefixed,
)
from stepfunctions.workflow import Workflow

given = ExecutionInput()
step = Pass("step")
choice = Choice("choice")

# fmt: off
# ruff: noqa: B018, E501, RUF100
# Fields
Pass("p", reslt=1)  # error: Unexpected keyword argument "reslt" for "Pass"; did you mean "result"?
Pass("p", timeout_seconds=3)  # error: Unexpected keyword argument "timeout_seconds" for "Pass"
Task("t", resource="r", max_concurrency=3)  # error: Unexpected keyword argument "max_concurrency"
LambdaStep("l", heartbeat=3)  # error: Unexpected keyword argument "heartbeat"
Succeed("s", assign={"x": 1})  # error: Unexpected keyword argument "assign"
Fail("f", output=1)  # error: Unexpected keyword argument "output"
Choice("c", next=step)  # error: Unexpected keyword argument "next"
Graph(step, coment="c")  # error: Unexpected keyword argument "coment"
Pass()  # error: Missing positional argument "state_id"
Catch(error_equals=["E"])  # error: Missing positional argument "next_step"
Pass(3)  # error: Argument 1 to "Pass" has incompatible type "int"; expected "str"
Pass("p", comment=3)  # error: Argument "comment" to "Pass" has incompatible type "int"
Pass("p", assign=3)  # error: Argument "assign" to "Pass" has incompatible type "int"
Wait("w", seconds=1.5)  # error: Argument "seconds" to "Wait" has incompatible type "float"
Task("t", resource=3)  # error: Argument "resource" to "Task" has incompatible type "int"
Task("t", resource="r", timeout_seconds=[1])  # error: Argument "timeout_seconds" to "Task" has incompatible type
Map("m", max_concurrency=None, label=3)  # error: Argument "label" to "Map" has incompatible type "int"
Map("m", item_processor="x")  # error: Argument "item_processor" to "Map" has incompatible type "str"
Parallel("p", branches=["x"])  # error: List item 0 has incompatible type "str"
Retry(error_equals="States.ALL")  # error: Argument "error_equals" to "Retry" has incompatible type "str"
Retry(error_equals=["E"], max_attempts="3")  # error: Argument "max_attempts" to "Retry" has incompatible type "str"
Catch("failed", error_equals=["E"])  # error: Argument 1 to "Catch" has incompatible type "str"
Task("t", resource="r", retry=Catch(step, error_equals=["E"]))  # error: Argument "retry" to "Task" has incompatible
Graph(step, timeout_seconds="60")  # error: Argument "timeout_seconds" to "Graph" has incompatible type "str"

# Links
step.next("other")  # error: "next" of "State" cannot be "str"
step >> "other"  # error: Unsupported operand types for >> ("Pass" and "str")
step >> None  # error: Unsupported operand types for >> ("Pass" and "None")
Chain(step)  # error: Argument 1 to "Chain" has incompatible type "Pass"
Chain(["a"])  # error: List item 0 has incompatible type "str"
Graph([step])  # error: Argument 1 to "Graph" has incompatible type "list[Pass]"
Parallel("p").add_branch("x")  # error: Argument 1 to "add_branch" of "Parallel" has incompatible type "str"
Map("m").attach_iterator(3)  # error: Argument 1 to "attach_iterator" of "Map" has incompatible type "int"
step.add_retry("x")  # error: Argument 1 to "add_retry" of "State" has incompatible type "str"
prefixed(step)  # error: Missing positional argument "prefix"
Workflow("w", "definition", "role")  # error: Argument 2 to "Workflow" has incompatible type "str"
Workflow("w")  # error: Missing positional argument

# Choices
choice.add_choice("$.x", step)  # error: Argument 1 to "add_choice" of "Choice" has incompatible type "str"
choice.add_choice(step, given["x"] > 1)  # error: Argument 1 to "add_choice" of "Choice" has incompatible type "Pass"
choice.add_choice(given["x"] > 1)  # error: Missing positional argument "next_step"
choice.when(given["x"] > 1)  # error: Missing positional argument "next_step"
choice.when(True, step)  # error: Argument 1 to "when" of "Choice" has incompatible type "bool"
choice.when(given["x"], step).otherwise()  # error: Missing positional argument "next_step"
choice.when(given["x"], step).otherwse(step)  # error: "ChoiceFlow" has no attribute "otherwse"; maybe "otherwise"?
choice.default_choice(None)  # error: Argument 1 to "default_choice" of "Choice" has incompatible type "None"
ChoiceRule.NumericEqual("$.x", 1)  # error: has no attribute "NumericEqual"
ChoiceRule.StringEquals("$.x")  # error: Missing positional argument "value"
ChoiceRule.And("x")  # error: Argument 1 to "And" of "ChoiceRule" has incompatible type "str"
ChoiceRule.Not("x")  # error: Argument 1 to "Not" of "ChoiceRule" has incompatible type "str"
ChoiceRule.And([given["x"]])  # error: List item 0 has incompatible type "Placeholder"

# Expressions
given["x"].is_presnt()  # error: "Placeholder" has no attribute "is_presnt"
given["x"].matches(3)  # error: Argument 1 to "matches" of "Expression" has incompatible type "int"
given[1.5]  # error: Invalid index type "float"
variable(3)  # error: Argument 1 to "variable" has incompatible type "int"
jsonata(3)  # error: Argument 1 to "jsonata" has incompatible type "int"
states.formt("{}", 1)  # error: "IntrinsicFunctions" has no attribute "formt"; maybe "format"?
states.array_length()  # error: Missing positional argument "array"
states.uuid(1)  # error: Too many arguments for "uuid"
MapItem().indx  # error: "MapItem" has no attribute "indx"
