"""The helpers that programs import from the modules below: utils, resources, fields, exceptions, logging."""

from __future__ import annotations

import enum
import logging
import os
import sys

from compat_tools import attempt, log

import stepfunctions
from stepfunctions import exceptions, inputs, steps, template, workflow
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps.fields import Field
from stepfunctions.steps.integration_resources import (
    IntegrationPattern,
    get_service_integration_arn,
    is_integration_pattern_valid,
)
from stepfunctions.steps.utils import get_aws_partition, merge_dicts, tags_dict_to_kv_list


def names_that_are_exported():
    wanted = {
        stepfunctions: "CustomColorFormatter NullHandler set_stream_logger __version__ __useragent__ steps workflow "
        "template inputs exceptions",
        inputs: "Placeholder ExecutionInput StepInput",
        workflow: "Workflow Execution",
        template: "TrainingPipeline InferencePipeline",
        steps: "BatchSubmitJobStep Catch Chain Choice ChoiceRule DynamoDBDeleteItemStep DynamoDBGetItemStep "
        "DynamoDBPutItemStep DynamoDBUpdateItemStep EcsRunTaskStep EksCallStep EksCreateClusterStep "
        "EksCreateFargateProfileStep EksCreateNodegroupStep EksDeleteClusterStep EksDeleteFargateProfileStep "
        "EksDeleteNodegroupStep EksRunJobStep EmrAddStepStep EmrCancelStepStep EmrCreateClusterStep "
        "EmrModifyInstanceFleetByNameStep EmrModifyInstanceGroupByNameStep "
        "EmrSetClusterTerminationProtectionStep EmrTerminateClusterStep EndpointConfigStep EndpointStep "
        "EventBridgePutEventsStep Fail FrozenGraph GlueDataBrewStartJobRunStep GlueStartJobRunStep Graph LambdaStep "
        "Map ModelStep Parallel Pass ProcessingStep Retry SnsPublishStep SqsSendMessageStep "
        "StepFunctionsStartExecutionStep Succeed Task TrainingStep TransformStep TuningStep Wait",
        exceptions: "WorkflowNotFound MissingRequiredParameter DuplicateStatesInChain",
    }
    return {
        module.__name__: [name for name in names.split() if not hasattr(module, name)]
        for module, names in wanted.items()
    }


def the_name_in_requests():
    return stepfunctions.__useragent__


def exceptions_are_exceptions():
    kinds = (exceptions.WorkflowNotFound, exceptions.MissingRequiredParameter, exceptions.DuplicateStatesInChain)
    return [[issubclass(kind, Exception), str(kind("message"))] for kind in kinds]


def fields():
    names = (
        "Comment InputPath OutputPath Parameters ResultPath Next Retry Catch Branches End Version Result "
        "Error Cause Seconds Timestamp SecondsPath TimestampPath Choices Default Iterator ItemsPath "
        "MaxConcurrency Resource TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds HeartbeatSecondsPath "
        "ErrorEquals IntervalSeconds MaxAttempts BackoffRate NextStep"
    )
    return [[name, Field[name].value] for name in names.split()]


def integration_patterns():
    return {pattern.name: pattern.value for pattern in IntegrationPattern}


class _Api(enum.Enum):
    Invoke = "invoke"
    StartExecution = "startExecution"


def resources_of_integrations():
    return [
        get_service_integration_arn("lambda", _Api.Invoke),
        get_service_integration_arn("lambda", _Api.Invoke, IntegrationPattern.WaitForCompletion),
        get_service_integration_arn("lambda", _Api.Invoke, IntegrationPattern.WaitForTaskToken),
        get_service_integration_arn("lambda", _Api.Invoke, IntegrationPattern.CallAndContinue),
        get_service_integration_arn("states", _Api.StartExecution, IntegrationPattern.WaitForCompletion, 2),
        get_service_integration_arn(
            service="states",
            api=_Api.StartExecution,
            integration_pattern=IntegrationPattern.WaitForCompletion,
            version=None,
        ),
    ]


def patterns_that_are_valid():
    supported = [IntegrationPattern.WaitForCompletion, IntegrationPattern.CallAndContinue]
    return [
        attempt(lambda: is_integration_pattern_valid(IntegrationPattern.WaitForCompletion, supported)),
        attempt(lambda: is_integration_pattern_valid(IntegrationPattern.WaitForTaskToken, supported)),
        attempt(lambda: is_integration_pattern_valid("sync", supported)),
        attempt(lambda: is_integration_pattern_valid(None, supported)),
    ]


def tags():
    return [tags_dict_to_kv_list({"a": "b", "c": "d"}), tags_dict_to_kv_list({})]


def merged_dicts():
    target = {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "l": [1]}
    with log() as seen:
        result = merge_dicts(target, {"b": {"c": 4, "d": {"f": 5}}, "g": 6, "l": [2]})
    with log() as quiet:
        merge_dicts({"a": 1}, {"b": 2})
    return [result, target, [entry[1] for entry in seen], quiet]


def merged_dicts_of_other_types():
    one, other = {"a": 1}, {"a": {"b": 2}}
    merge_dicts(one, {"a": {"b": 2}})
    merge_dicts(other, {"a": 1})
    placeholder = {"a": "fixed"}
    merge_dicts(placeholder, {"a": ExecutionInput()["x"]})
    return [one, other, placeholder]


def partitions():
    seen = {}
    before = os.environ.pop("AWS_DEFAULT_REGION")
    try:
        with log() as messages:
            seen["none"] = [get_aws_partition(), [entry[1] for entry in messages]]
        for region in ("us-east-1", "cn-northwest-1", "us-gov-east-1"):
            os.environ["AWS_DEFAULT_REGION"] = region
            seen[region] = get_aws_partition()
    finally:
        os.environ["AWS_DEFAULT_REGION"] = before
    return seen


class _Stream:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def logging_to_a_stream():
    logger = logging.getLogger("stepfunctions")
    before = logger.handlers, logger.level, logger.propagate
    stream, sys.stdout = sys.stdout, _Stream()
    try:
        stepfunctions.set_stream_logger()
        stepfunctions.set_stream_logger(level=logging.DEBUG)
        handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
        for name in ("debug", "info", "warning", "error", "critical"):
            getattr(logger, name)("message of %s", name)
        text = sys.stdout.text
    finally:
        sys.stdout = stream
        logger.handlers, logger.level, logger.propagate = before
    return {
        "handlers": [type(handler).__name__ for handler in handlers],
        "formatter": type(handlers[0].formatter).__name__,
        "level": level,
        "propagate": propagate,
        "lines": text.splitlines(),
    }


def a_formatter():
    record = logging.LogRecord("stepfunctions.x", logging.WARNING, __file__, 1, "message %d", (5,), None)
    return [
        stepfunctions.CustomColorFormatter().format(record).endswith("message 5\x1b[0m"),
        issubclass(stepfunctions.CustomColorFormatter, logging.Formatter),
    ]
