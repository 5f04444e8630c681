"""Every error this package raises on purpose.

    StepFunctionsError
    ├── DefinitionError         a definition, or a field given to a step, is wrong (also a ValueError)
    ├── QuerySyntaxError        an expression or path cannot be read (also a ValueError)
    ├── StateFailed             a state of a running execution failed: the error name and cause of its history
    ├── ServiceError            the answer of a service of the local cloud: AWS's code and message
    ├── LocalCloudError         the local cloud cannot start or run something: port, folder, image
    │   └── DamagedData         a file of its data directory cannot be read as what it should be
    ├── DeploymentFailed        a deployment was rolled back, or stopped; what served before serves
    ├── ExecutionFailed         an execution that a caller waited for did not succeed
    └── WaitTimeout             an execution that a caller waited for is still running (also a TimeoutError)

``States.*`` error names are values in an execution's history, not Python classes;
:class:`StateFailed` carries them. The three exceptions of 2.3.0 live in ``stepfunctions.exceptions``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class StepFunctionsError(Exception):
    """Root of every error this package raises on purpose."""


def sentences(message: str, hint: str) -> str:
    """Return what is wrong and what to write as one text; the service's messages have no stop at their end."""
    if not hint:
        return message
    return f"{message}{'' if message.endswith(('.', '!', '?')) else '.'} {hint}"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a definition: where, what, and what to write instead.

    ``path`` is a JSON Pointer into the definition (``/States/Train/Next``); None: no single place. ``code`` and
    ``message`` are those of AWS's ``ValidateStateMachineDefinition`` where they are known. ``hint`` says what to write
    (may be empty). ``member`` names the member of the object at ``path`` that is meant, where AWS points at the object.
    """

    path: str | None
    message: str
    code: str = "SCHEMA_VALIDATION_FAILED"
    hint: str = ""
    member: str | None = None

    def __str__(self) -> str:
        return f"{self.path or '/'}: {sentences(self.message, self.hint)}"


class DefinitionError(StepFunctionsError, ValueError):
    """A state machine definition (or a part of one) is wrong; ``problems`` lists every finding."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class QuerySyntaxError(StepFunctionsError, ValueError):
    """An expression cannot be read. ``position`` is the index of the first bad character.

    ``said`` is what the service says of it, empty when it says nothing special.
    """

    def __init__(self, expression: str, position: int, message: str, said: str = "") -> None:
        self.expression = expression
        self.position = position
        self.message = message
        self.said = said
        super().__init__(f"{message} (in '{expression}', at character {position + 1})")


class StateFailed(StepFunctionsError):
    """A state failed with an error name and a cause, both as they appear in history and in Catch.

    ``location`` names the field whose JSONata expression failed (``Output/a[0]``); None for every other failure.
    """

    def __init__(self, error: str, cause: str = "", location: str | None = None) -> None:
        self.error = error
        self.cause = cause
        self.location = location
        super().__init__(f"{error}: {cause}" if cause else error)


class ServiceError(StepFunctionsError):
    """A service refuses a call: ``code`` and ``message`` as AWS's API answers them, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code = code
        self.message = message
        self.status = status
        super().__init__(f"{code}: {message}")


class LocalCloudError(StepFunctionsError):
    """The local cloud cannot start or run something; the text is one line that says what to do."""


class DamagedData(LocalCloudError):
    """A file of the data directory holds what cannot be read; the text names the file and says what to do."""


class DeploymentFailed(StepFunctionsError):
    """A deployment was rolled back, or stopped: what served before serves, as the message says."""


class ExecutionFailed(StepFunctionsError):
    """An execution ended FAILED, TIMED_OUT or ABORTED while a caller waited for its output."""

    def __init__(
        self, arn: str, status: str, error: str | None = None, cause: str | None = None, state: str | None = None
    ) -> None:
        self.arn = arn
        self.status = status
        self.error = error
        self.cause = cause
        self.state = state
        where = f" in state '{state}'" if state else ""
        what = f": {error}" if error else ""
        why = f" ({cause})" if cause else ""
        super().__init__(f"Execution {arn} ended {status}{where}{what}{why}")


class WaitTimeout(StepFunctionsError, TimeoutError):
    """An execution was still running when the caller's timeout was over."""
