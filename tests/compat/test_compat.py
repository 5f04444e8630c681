"""Programs written for 2.3.0 give what they gave: ``golden/*.json`` was recorded there, by ``record.py``.

A program whose result differs on purpose is in :data:`DIFFERENCES`, with the reason and what is given now.
"""

from __future__ import annotations

import copy
import functools
import importlib.metadata
import json
import operator
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.append(str(Path(__file__).parent))
import record

from stepfunctions.workflow import Workflow

_sdk = next((found.version for found in importlib.metadata.distributions(name="sagemaker")), "")
FILES = [file for file in record.files() if _sdk.startswith("2.") or not file.startswith(record.NEEDS_SAGEMAKER)]


class Now(NamedTuple):
    """A difference that is meant: why, and what is given now, which may be computed from what was given."""

    reason: str
    result: Any


def _with(*changes: tuple[str, str]) -> Callable[[Any], Any]:
    """Return what was given with parts of its text replaced."""

    def change(before: Any) -> Any:
        text = json.dumps(before)
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        return json.loads(text)

    return change


_GONE = object()


def _edited(**changes: Any) -> Callable[[Any], Any]:
    """Return what was given with members set or taken away; ``__`` parts the names of a path."""

    def change(before: Any) -> Any:
        for path, value in changes.items():
            *above, last = [int(part) if part.isdecimal() else part for part in path.lstrip("_").split("__")]
            parent = functools.reduce(operator.getitem, above, before)
            if value is _GONE:
                del parent[last]
            else:
                parent[last] = value
        return before

    return change


def _without_leaks(before: Any) -> Any:
    """Return the requests of a training pipeline; the third execution has the estimator's hyperparameters."""
    third = before[2][3][1]["input"]["Training"]
    third["HyperParameters"] = before[2][1][1]["input"]["Training"]["HyperParameters"]
    return before


def _with_the_framework(before: Any) -> Any:
    """Return the requests of an inference pipeline; hyperparameters given do not take away the framework's."""
    first, second = (before[number][1]["input"]["Training"]["HyperParameters"] for number in (1, 2))
    second.update({**first, "sagemaker_job_name": '"estimator-other"'})
    return before


_ERROR, _TYPE_ERROR = {"raises": "ValueError"}, {"raises": "TypeError"}
_INPUT = "$$.Execution.Input"
_VALID_NAMES = _with(
    ("models/p/preprocessor-source", "models/preprocessor-p"),
    ("models/p/estimator-source", "models/estimator-p"),
    ("p/preprocessor-source", "preprocessor-p"),
    ("p/estimator-source", "estimator-p"),
    ("s3://default/p", "s3://bucket/p/preprocessor-transform-p/transform"),
)

DIFFERENCES: dict[str, Now] = {
    "defects.placeholders_in_lists": Now(
        "Placeholders are written anywhere in parameters.",
        [
            {"Parameters": {"k.$": f"States.Array('--x', {_INPUT}['a'])"}, "Type": "Pass", "End": True},
            {"Parameters": {"k.$": f"States.Array(States.Array({_INPUT}['a']))"}, "Type": "Pass", "End": True},
            {"Parameters": {"k": [[{"x.$": f"{_INPUT}['a']"}]]}, "Type": "Pass", "End": True},
        ],
    ),
    "defects.placeholders_in_other_fields": Now(
        "Placeholders are taken by every field that has a path.", ["$['items']", "$['x']", "$['t']"]
    ),
    "defects.keys_with_a_quote": Now("The path of a key with a quote is one that parses.", f"{_INPUT}['it\\'s']"),
    "defects.attributes_that_do_not_exist": Now(
        "A misspelt attribute raises; it does not read as None.", [{"raises": "AttributeError"}] * 3
    ),
    "defects.attributes_that_are_set": Now(
        "A field that is set as an attribute is written.",
        [
            {"Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "TimeoutSeconds": 5}
            | {"Type": "Task", "End": True},
            {"ErrorEquals": ["E"], "MaxAttempts": 3},
        ],
    ),
    "defects.copies": Now(
        "Steps and graphs can be copied and shown.", [{"Comment": "c", "Type": "Pass", "End": True}, True]
    ),
    "defects.tags_that_are_shared": Now("Two workflows share no list of tags.", [["x"], []]),
    "defects.inputs_that_are_no_dicts": Now("Inputs that do not fit the schema say so.", [_ERROR, _ERROR]),
    "defects.schemas_of_dicts": Now("A schema's dict takes any dict.", [True, True]),
    "defects.numbers_of_schemas": Now("A whole number is a number, and True is none.", [False, True]),
    "defects.schemas_that_are_none": Now("What is no schema says so.", _TYPE_ERROR),
    "defects.ids_across_branches": Now("The service takes no state id twice, in any branch.", _ERROR),
    "defects.ids_that_are_too_long": Now("The service takes no state id of more than 80 characters.", _ERROR),
    "defects.endpoints_updated_with_tags": Now("UpdateEndpoint has no Tags: the service refuses them.", _ERROR),
    "defects.patterns_that_are_none": Now("No pattern means the step's default.", "arn:aws:states:::eks:runJob.sync"),
    "defects.branches_that_are_graphs": Now(
        "A branch may be a graph.",
        {
            "StartAt": "p",
            "States": {
                "p": {
                    "Type": "Parallel",
                    "End": True,
                    "Branches": [{"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}],
                }
            },
        },
    ),
    "defects.states_that_nothing_leads_to": Now(
        "The service takes no state that nothing leads to: it is left out.", [["a", "c"], ["d", "e", "g"]]
    ),
    "defects.chains_go_on": Now("A chain can go on after a chain, and has next().", [None, "y"]),
    "defects.variables_of_rules": Now(
        "A rule's variable may be an execution input; what is no path says so.",
        [_ERROR, _ERROR, {"Variable": f"{_INPUT}['a']", "StringEquals": "x"}],
    ),
    "defects.html_is_not_escaped": Now("Names are escaped.", [False]),
    "defects.names_with_a_dollar": Now("A name may have a dollar.", True),
    "defects.elapsed_time": Now("Elapsed time does not begin anew each second.", [86400000.0, 1500.0]),
    "defects.parameters_of_events": Now("Parameters are read as the JSON they are.", [True, True]),
    "defects.an_event_is_changed": Now("The caller's events stay as they are.", True),
    "defects.templates_without_tags": Now("The template has the workflow's tags.", True),
    "defects.the_root_logger": Now("The import leaves the root logger alone.", "WARNING"),
    "found.an_output_that_is_lost": Now("What cannot be in a step's input is refused in a Choice too.", _ERROR),
    "found.keys_that_end_in_a_dollar_already": Now(
        "A key that says already that its value is a path is written as it is.",
        {"Parameters": {"given.$": f"{_INPUT}['a']", "path.$": "$.b"}, "Type": "Pass", "End": True},
    ),
    "sagemaker_steps.training_of_a_rich_estimator": Now(
        "Encryption between containers is asked for where the estimator asks for it.",
        _edited(Parameters__EnableInterContainerTrafficEncryption=True),
    ),
    "sagemaker_steps.training_hyperparameters": Now(
        "Every hyperparameter is a text, which is all that the service takes.",
        _edited(_0__Parameters__HyperParameters__deep="True"),
    ),
    "sagemaker_steps.models": Now(
        "A model without data has no null as their address, which the service refuses.",
        _edited(
            _3__Parameters__PrimaryContainer__ModelDataUrl=_GONE, _4__Parameters__PrimaryContainer__ModelDataUrl=_GONE
        ),
    ),
    "sagemaker_steps.processing": Now(
        "The processor's own entry point and key are used, and nothing is null.",
        _edited(
            _0__Parameters__ProcessingInputs=_GONE,
            _0__Parameters__ProcessingOutputConfig=_GONE,
            _1__Parameters__ProcessingOutputConfig__KmsKeyId="output-key",
            _1__Parameters__AppSpecification__ContainerEntrypoint=["python3", "main.py"],
        ),
    ),
    "sagemaker_steps.processing_with_placeholders": Now(
        "Inputs and outputs that are not given are not null.",
        _edited(
            _0__Parameters__ProcessingInputs=_GONE,
            _0__Parameters__ProcessingOutputConfig=_GONE,
            _1__Parameters__ProcessingInputs=_GONE,
            _1__Parameters__ProcessingOutputConfig=_GONE,
        ),
    ),
    "sagemaker_templates.the_training_pipeline": Now(
        "No job's name has a slash.",
        _with(("models/p/estimator-source", "models/estimator-p"), ("p/estimator-source", "estimator-p")),
    ),
    "sagemaker_templates.the_training_pipeline_by_position": Now(
        "No job's name has a slash.",
        _with(("models/p/estimator-source", "models/estimator-p"), ("p/estimator-source", "estimator-p")),
    ),
    "sagemaker_templates.what_a_training_pipeline_is_executed_with": Now(
        "The hyperparameters of one execution are not those of the next.", _without_leaks
    ),
    "sagemaker_templates.the_inference_pipeline": Now(
        "No job's name has a slash; no bucket is asked for in AWS.", _VALID_NAMES
    ),
    "sagemaker_templates.what_an_inference_pipeline_is_executed_with": Now(
        "A framework's container keeps the hyperparameters that start it.", _with_the_framework
    ),
}


@functools.cache
def programs(file: str) -> dict[str, Callable[[], Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the SageMaker SDK about itself
        return record.load(file)


def recorded() -> Iterator[Any]:
    for file in FILES:
        for name in record.golden(file):
            yield pytest.param(file, name, id=f"{file}.{name}")


@pytest.mark.parametrize(("file", "name"), list(recorded()))
def test_a_program_of_2_3_0_gives_what_it_gave(file: str, name: str) -> None:
    in_order = not file.startswith(record.NEEDS_SAGEMAKER)  # the order of a request's members means nothing
    before = record.golden(file)[name]
    found = record.run(programs(file)[name])
    now = DIFFERENCES.get(f"{file}.{name}")
    if now is None:
        assert list(record.differences(before, found, in_order=in_order)) == []
        return
    expected = now.result(copy.deepcopy(before)) if callable(now.result) else now.result
    assert list(record.differences(expected, found, in_order=in_order)) == []
    assert list(record.differences(before, found, in_order=False)), f"no difference any more: {now.reason}"


def test_the_table_of_differences_names_programs() -> None:
    known = {f"{file}.{name}" for file in record.files() for name in record.golden(file)}
    assert set(DIFFERENCES) <= known


@pytest.mark.parametrize("file", FILES)
def test_every_program_is_recorded(file: str) -> None:
    assert list(programs(file)) == list(record.golden(file))


def definitions(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and {"StartAt", "States"} <= set(value):
        if "Own" not in value:  # a FrozenGraph keeps what is no definition
            yield value
        return
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from definitions(item)


@pytest.mark.parametrize("file", [file for file in record.files() if any(definitions(record.golden(file)))])
def test_every_definition_that_2_3_0_made_is_read_into_steps_and_written_back_equal(file: str) -> None:
    for definition in definitions(record.golden(file)):
        workflow = Workflow.from_definition(definition, "w", "arn:aws:iam::123456789012:role/any")
        assert json.dumps(workflow.definition.to_dict()) == json.dumps(definition)
