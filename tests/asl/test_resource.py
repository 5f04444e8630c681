"""Resource ARNs taken apart."""

from __future__ import annotations

import pytest

from stepfunctions.asl import IntegrationPattern, Resource


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (
            "arn:aws:states:::lambda:invoke",
            ("service", "lambda", "invoke", IntegrationPattern.REQUEST_RESPONSE, None, False),
        ),
        (
            "arn:aws:states:::sagemaker:createTrainingJob.sync",
            ("service", "sagemaker", "createTrainingJob", IntegrationPattern.RUN_JOB, None, False),
        ),
        (
            "arn:aws-cn:states:::states:startExecution.sync:2",
            ("service", "states", "startExecution", IntegrationPattern.RUN_JOB, 2, False),
        ),
        (
            "arn:aws:states:::aws-sdk:sagemaker:listEndpoints",
            ("service", "sagemaker", "listEndpoints", IntegrationPattern.REQUEST_RESPONSE, None, True),
        ),
        (
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            ("service", "sqs", "sendMessage", IntegrationPattern.WAIT_FOR_TASK_TOKEN, None, False),
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:prepare:3",
            ("lambda", "lambda", "invoke", IntegrationPattern.REQUEST_RESPONSE, None, False),
        ),
        (
            "arn:aws:states:us-east-1:123456789012:activity:approve",
            ("activity", "", "", IntegrationPattern.WAIT_FOR_TASK_TOKEN, None, False),
        ),
    ],
)
def test_forms(arn: str, expected: tuple[object, ...]) -> None:
    found = Resource.parse(arn)
    assert (found.kind, found.service, found.action, found.pattern, found.version, found.sdk) == expected


@pytest.mark.parametrize("arn", ["", "lambda", "arn:aws:states:::lambda", "arn:aws:states:::lambda:invoke.later"])
def test_anything_else_is_refused_with_the_forms_there_are(arn: str) -> None:
    with pytest.raises(ValueError, match="service integration"):
        Resource.parse(arn)
