"""The 42 makers of rules, the classes behind them, and what they refuse."""

from __future__ import annotations

import json

from compat_tools import attempt, log

from stepfunctions.inputs import StepInput
from stepfunctions.steps import Chain, Choice, ChoiceRule, Graph, Pass, Succeed, Wait
from stepfunctions.steps.choice_rule import BaseRule, CompoundRule, NotRule, Rule

_ORDERS = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_VALUES = {"String": "text", "Numeric": 5, "Timestamp": "2022-01-01T00:00:00Z", "Boolean": True}


def comparisons():
    rules = {}
    for kind, value in _VALUES.items():
        for order in _ORDERS if kind != "Boolean" else ("Equals",):
            rules[kind + order] = getattr(ChoiceRule, kind + order)("$.a", value)
            rules[kind + order + "Path"] = getattr(ChoiceRule, kind + order + "Path")(variable="$.a", value="$.b")
    return {name: rule.to_dict() for name, rule in rules.items()}


def matches():
    return ChoiceRule.StringMatches(variable="$.a", value="*.py").to_dict()


def tests_of_type_and_presence():
    names = ("IsNull", "IsPresent", "IsString", "IsNumeric", "IsTimestamp", "IsBoolean")
    return {
        name: [getattr(ChoiceRule, name)(variable="$.a", value=value).to_dict() for value in (True, False)]
        for name in names
    }


def combinations():
    one, other = ChoiceRule.StringEquals("$.a", "x"), ChoiceRule.NumericLessThan("$.b", 0.5)
    return [
        ChoiceRule.And([one, other]).to_dict(),
        ChoiceRule.Or(rules=[one, other]).to_dict(),
        ChoiceRule.Not(one).to_dict(),
        ChoiceRule.Not(rule=ChoiceRule.And([ChoiceRule.Or([one, ChoiceRule.Not(other)]), other])).to_dict(),
        ChoiceRule.And([one]).to_dict(),
    ]


def classes_of_rules():
    rule = Rule(variable="$.a", operator="StringEquals", value="x")
    compound = CompoundRule(operator="And", rules=[rule, Rule("$.b", "NumericEquals", 1)])
    negation = NotRule(rule=rule)
    return {
        "dicts": [rule.to_dict(), compound.to_dict(), negation.to_dict()],
        "attributes": [rule.variable, rule.operator, rule.value, compound.operator, negation.rule is rule],
        "bases": [isinstance(item, BaseRule) for item in (rule, compound, negation, ChoiceRule.IsNull("$.a", True))],
    }


def rules_from_outputs():
    first = Pass("first", output_schema={"n": int, "t": str, "deep": {"er": float}})
    output, free = first.output(), StepInput()
    return [
        rule.to_dict()
        for rule in (
            ChoiceRule.NumericGreaterThan(output["n"], 5),
            ChoiceRule.StringEqualsPath(output["t"], free["other"]),
            ChoiceRule.NumericEqualsPath("$.x", output["deep"]["er"]),
            ChoiceRule.IsPresent(free["list"][0]["x"], True),
            ChoiceRule.BooleanEquals(free, False),
            ChoiceRule.Not(ChoiceRule.StringMatches(free["name"], "log-*")),
        )
    ]


def variables_that_are_no_paths():
    return [
        attempt(lambda: ChoiceRule.StringEquals("a", "x")),
        attempt(lambda: ChoiceRule.IsNull("", True)),
        attempt(lambda: ChoiceRule.StringEqualsPath("$.a", "b")),
        attempt(lambda: Rule("a", "StringEquals", "x")),
    ]


def values_of_a_wrong_type():
    wrong = {
        "StringEquals": (5, None, True, ["x"]),
        "StringMatches": (5, None),
        "NumericEquals": ("5", None),
        "NumericLessThan": ("5", [1]),
        "BooleanEquals": ("true", 1, None),
        "TimestampEquals": (5, None),
        "IsNull": ("true", 1, None),
        "IsPresent": ("yes", 0),
        "IsNumeric": ("5",),
    }
    return {
        name: [attempt(lambda name=name, value=value: getattr(ChoiceRule, name)("$.a", value)) for value in values]
        for name, values in wrong.items()
    }


def numbers_of_both_kinds():
    return [ChoiceRule.NumericEquals("$.a", value).to_dict() for value in (0, -1, 1.5, 10**12)]


def combinations_of_what_are_no_rules():
    return [
        attempt(lambda: ChoiceRule.And(["x"])),
        attempt(lambda: ChoiceRule.Or([ChoiceRule.IsNull("$.a", True), None])),
        attempt(lambda: ChoiceRule.Not("x")),
    ]


def a_choice_of_many():
    choice = Choice("which?")
    ends = [Succeed(name) for name in ("one", "two", "three")]
    choice.add_choice(ChoiceRule.Not(ChoiceRule.IsPresent("$.kind", True)), ends[0])
    choice.add_choice(
        ChoiceRule.And([ChoiceRule.NumericGreaterThan("$.n", 1), ChoiceRule.IsString("$.t", True)]), ends[1]
    )
    choice.add_choice(ChoiceRule.StringEquals("$.kind", "a"), ends[1])
    choice.default_choice(ends[2])
    return Graph(Chain([Pass("first"), choice]))


def a_choice_without_default():
    choice = Choice("which?")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), Pass("null"))
    return Graph(choice)


def a_choice_that_loops():
    wait, check, done = Wait("wait", seconds=5), Choice("done?"), Succeed("done")
    check.add_choice(ChoiceRule.StringEquals("$.status", "DONE"), done)
    check.default_choice(wait)
    return Graph(Chain([Pass("start"), wait, Pass("look"), check]))


def a_choice_in_the_middle_of_a_chain():
    choice, aside = Choice("which?"), Pass("aside")
    choice.add_choice(ChoiceRule.IsPresent("$.x", True), aside)
    with log() as seen:
        graph = Graph(Chain([Pass("first"), choice, Pass("last")]))
    return [graph, seen]


def the_default_is_chosen_by_next():
    choice, one, other = Choice("which?"), Pass("one"), Pass("other")
    choice.add_choice(ChoiceRule.IsPresent("$.x", True), Succeed("x"))
    with log() as seen:
        returned = choice.next(one)
    with log() as again:
        choice.next(other)
    return [returned is one, choice.default is other, len(seen), [entry[:2] for entry in again], Graph(choice)]


def the_warning_of_a_default_that_is_overwritten():
    choice = Choice("which?")
    choice.default_choice(Pass("one"))
    with log() as seen:
        choice.next(Pass("other"))
    name, level, message = seen[0]
    return [name, level, message.startswith("Chaining Choice state: Overwriting which?'s current default_choice (")]


def text_of_rules():
    return [json.dumps(ChoiceRule.And([ChoiceRule.IsNull("$.a", True)]).to_dict())]
