"""Every operation of the service's model has a case where it succeeds and one where it is refused."""

from __future__ import annotations

import pytest
from tests.conformance.case import all_cases

from stepfunctions.local.services import supported_operations
from stepfunctions.local.stepfunctions import StepFunctions
from stepfunctions.local.wire.models import method_name, service_model
from stepfunctions.runtime.inprocess import LocalClient

OPERATIONS = service_model("stepfunctions").operation_names
_NEVER_REFUSED = {
    # its one error says that the definition is no text of 1 to 1,048,576 bytes, which boto3 does not send
    "validate_state_machine_definition",
}


def _called() -> tuple[set[str], set[str]]:
    succeeded: set[str] = set()
    refused: set[str] = set()
    for case in all_cases():
        for call in [*case.before, *case.calls]:
            (refused if "error" in call else succeeded).add(call["call"])
        if case.definition is not None:
            (refused if "refused" in case.expect else succeeded).add("create_state_machine")
    return succeeded, refused


def test_every_operation_is_answered() -> None:
    assert supported_operations("stepfunctions", StepFunctions) == sorted(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_cases(operation: str) -> None:
    succeeded, refused = _called()
    name = method_name(operation)
    assert callable(getattr(LocalClient, name))
    assert name in succeeded, f"no case shows that {operation} succeeds"
    assert name in refused | _NEVER_REFUSED, f"no case shows that {operation} is refused"
