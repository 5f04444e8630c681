"""The table of integrations against botocore's models and the guide's facts."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog.integrations import INTEGRATIONS, operation_of, problem_with

OWN_REQUESTS = {
    # actions whose requests are Step Functions' own
    "apigateway": {"invoke"},
    "bedrock": {"invokeModel"},
    "eks": {"call", "runJob"},
    "elasticmapreduce": set(INTEGRATIONS["elasticmapreduce"].actions),
    "http": {"invoke"},
}


def resource(text: str) -> Resource:
    return Resource.parse(f"arn:aws:states:::{text}")


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_every_action_is_an_operation_of_its_service(name: str) -> None:
    integration = INTEGRATIONS[name]
    own = set()
    for action in integration.actions:
        operation = operation_of(name, action)
        if operation is None:
            own.add(action)
        else:
            assert operation[1] in Loader().load_service_model(operation[0], "service-2")["operations"]
    assert own == OWN_REQUESTS.get(name, set())


def test_only_jobs_are_waited_for() -> None:
    waited = {
        (name, action)
        for name, integration in INTEGRATIONS.items()
        for action, patterns in integration.actions.items()
        if IntegrationPattern.RUN_JOB in patterns
    }
    assert {
        ("glue", "startJobRun"),
        ("ecs", "runTask"),
        ("sagemaker", "createTrainingJob"),
        ("states", "startExecution"),
    } <= waited
    assert not any(action in ("createModel", "createEndpoint", "updateEndpoint") for _, action in waited)
    for integration in INTEGRATIONS.values():
        assert all(IntegrationPattern.REQUEST_RESPONSE in patterns for patterns in integration.actions.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("glue:startJobRun.sync", None),
        ("states:startExecution.sync:2", None),
        ("aws-sdk:emrserverless:startJobRun", None),
        ("aws-sdk:anything:atAll", "There is no AWS service 'anything'"),
        ("aws-sdk:sts:tellFortunes", "The service 'sts' has no action 'tellFortunes'"),
        ("aws-sdk:s3:selectObjectContent", "streams events"),
        ("aws-sdk:glue:startJobRun.sync", "has no '.sync': start the job and poll"),
        ("quicksight:go", "There is no optimised integration of 'quicksight'. There are: apigateway, "),
        ("glue:runJob", "has no action 'runJob'. It has: startJobRun."),
        ("sagemaker:createModel.sync", "does not support '.sync', but: no suffix."),
        ("glue:startJobRun.waitForTaskToken", "does not support '.waitForTaskToken', but: no suffix, '.sync'."),
        ("glue:startJobRun.sync:2", "'.sync:2' exists for states:startExecution alone: write '.sync'."),
        ("states:startExecution.sync:3", "write '.sync' or '.sync:2'"),
    ],
)
def test_what_aws_would_not_know(text: str, said: str | None) -> None:
    problem = problem_with(resource(text))
    assert problem is None if said is None else problem is not None and said in problem


def test_functions_and_activities_are_not_integrations() -> None:
    for arn in ("arn:aws:lambda:us-east-1:123456789012:function:f", "arn:aws:states:us-east-1:123456789012:activity:a"):
        assert problem_with(Resource.parse(arn)) is None
