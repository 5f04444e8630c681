"""Programs that change states after they were linked, in the orders that 2.3.0 allowed."""

from __future__ import annotations

from compat_tools import attempt

from stepfunctions.inputs import ExecutionInput
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
)
from stepfunctions.workflow import Workflow

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ROLE = "arn:aws:iam::123456789012:role/workflow"


def the_chain_first_and_then_a_rule_to_one_of_its_states():
    first, check, retry, last = Pass("first"), Choice("check"), Wait("wait", seconds=1), Succeed("last")
    chain = Chain([first, retry, check])
    check.add_choice(ChoiceRule.StringEquals("$.s", "again"), retry)
    check.add_choice(ChoiceRule.StringEquals("$.s", "start over"), first)
    check.default_choice(last)
    return Graph(chain)


def a_rule_that_leads_into_the_middle_of_another_chain():
    a, b, c, choice = Pass("a"), Pass("b"), Pass("c"), Choice("choice")
    Chain([a, b, c])
    choice.add_choice(ChoiceRule.IsNull("$.x", True), b)
    choice.default_choice(a)
    return Graph(choice)


def linked_again():
    a, b, c = Pass("a"), Pass("b"), Pass("c")
    a.next(b)
    before = Graph(a)
    a.next(c)
    return [before, Graph(a), before]


def chained_again():
    a, b, c = Pass("a"), Pass("b"), Pass("c")
    Chain([a, b])
    return Graph(Chain([a, c]))


def next_after_the_chain():
    a, b, c = Pass("a"), Pass("b"), Pass("c")
    chain = Chain([a, b])
    b.next(c)
    return Graph(chain)


def next_returns_what_follows():
    a = Pass("a")
    a.next(Pass("b")).next(Pass("c")).next(Succeed("d"))
    return Graph(a)


def next_is_a_chain():
    a = Pass("a")
    chain = Chain([Pass("b"), Pass("c")])
    return [a.next(chain) is chain, Graph(a)]


def a_catch_after_the_chain():
    a, b = Task("a", resource=FUNCTION), Task("b", resource=FUNCTION)
    chain = Chain([a, b])
    a.add_catch(Catch(Fail("f"), error_equals=["States.ALL"]))
    b.add_retry(Retry(error_equals=["States.ALL"]))
    return Graph(chain)


def a_catch_after_the_graph():
    a = Task("a", resource=FUNCTION)
    graph = Graph(a)
    a.add_catch(Catch(Fail("f"), error_equals=["States.ALL"]))
    a.add_retry(Retry(error_equals=["States.ALL"]))
    return [graph, Graph(a)]


def an_iterator_attached_late():
    each, inner = Map("each", items_path="$.items"), Pass("inner")
    chain = Chain([Pass("first"), each])
    each.attach_iterator(Chain([inner, Pass("more")]))
    return Graph(chain)


def an_iterator_attached_again():
    each = Map("each", iterator=Pass("one"))
    each.attach_iterator(Pass("other"))
    return Graph(each)


def a_branch_added_late():
    parallel = Parallel("p")
    parallel.add_branch(Pass("one"))
    chain = Chain([parallel, Pass("after")])
    parallel.add_branch(Pass("two"))
    return Graph(chain)


def a_branch_changed_after_it_was_added():
    parallel, inside = Parallel("p"), Pass("inside")
    parallel.add_branch(inside)
    inside.next(Pass("more"))
    return Graph(parallel)


def an_iterator_changed_after_it_was_attached():
    inside = Pass("inside")
    each = Map("each", iterator=inside)
    inside.next(Pass("more"))
    return Graph(each)


def parameters_updated_before_the_graph():
    step = LambdaStep("l", parameters={"FunctionName": "f", "Payload": {"a": 1}})
    chain = Chain([step])
    step.update_parameters({"FunctionName": "g", "Payload": {"b": ExecutionInput()["x"]}})
    return Graph(chain)


def parameters_updated_after_the_graph():
    step = LambdaStep("l", parameters={"FunctionName": "f"})
    graph = Graph(step)
    step.update_parameters({"FunctionName": "g"})
    return [graph, Graph(step)]


def a_default_that_is_overwritten():
    choice = Choice("c")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), Pass("null"))
    choice.default_choice(Pass("one"))
    choice.default_choice(Pass("two"))
    return Graph(choice)


def a_rule_added_after_the_graph():
    choice = Choice("c")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), Pass("null"))
    graph = Graph(choice)
    choice.add_choice(ChoiceRule.IsPresent("$.y", True), Pass("y"))
    choice.default_choice(Pass("default"))
    return [graph, Graph(choice)]


def appended_step_by_step():
    chain = Chain()
    for name in ("a", "b", "c"):
        chain.append(Pass(name))
    return [Graph(chain), [state.state_id for state in chain]]


def appended_after_a_graph_was_built():
    chain = Chain([Pass("a")])
    before = Graph(chain)
    chain.append(Pass("b"))
    return [before, Graph(chain)]


def appended_twice():
    a = Pass("a")
    chain = Chain([a])
    return attempt(lambda: chain.append(a))


def a_chain_is_appended_last():
    chain = Chain([Pass("a")])
    chain.append(Chain([Pass("b"), Pass("c")]))
    return Graph(chain)


def a_chain_that_ends_in_a_choice_goes_on():
    choice = Choice("c")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), Succeed("null"))
    chain = Chain([Pass("a"), choice])
    chain.append(Pass("default"))
    return Graph(chain)


def branches_that_meet_again():
    choice, left, right, meet = Choice("c"), Pass("left"), Pass("right"), Pass("meet")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), left)
    choice.default_choice(right)
    left.next(meet)
    right.next(meet)
    meet.next(Succeed("done"))
    return Graph(Chain([Pass("first"), choice]))


def one_chain_in_two_places():
    handler = Chain([Pass("note"), Fail("failed")])
    choice = Choice("c")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), handler)
    choice.default_choice(Task("t", resource=FUNCTION, catch=Catch(handler, error_equals=["States.ALL"])))
    return Graph(choice)


def a_chain_used_in_two_workflows():
    steps = [Pass("a"), Pass("b")]
    chain = Chain(steps)
    one = Workflow("one", chain, ROLE)
    chain.append(Pass("c"))
    other = Workflow("other", chain, ROLE)
    return [one.definition, other.definition, [step.state_id for step in steps]]


def what_is_given_is_not_changed_by_the_graph():
    parameters = {"a": {"b": [1]}}
    step = Pass("p", parameters=parameters)
    graph = Graph(step)
    parameters["a"]["b"].append(2)
    return [step, parameters, Graph(step), graph]


def retries_shared_by_states():
    retry, other = Retry(error_equals=["E"], max_attempts=1), Retry(error_equals=["F"])
    retries = [retry]
    a, b = Task("a", resource=FUNCTION, retry=retries), Task("b", resource=FUNCTION, retry=retry)
    a.add_retry(other)
    return [Graph(Chain([a, b])), len(retries)]
