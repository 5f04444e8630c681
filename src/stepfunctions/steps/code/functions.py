"""A Python function as a Lambda function: called as it is in tests, packaged for AWS, invoked by a step.

    @lambda_function(requirements=["pandas==2.2.3"])
    def prepare(route: str, week: int = 1) -> dict:
        import pandas
        ...

    prepare("JFK-LAX", week=3)                                  # the Python function
    prepare.step("Prepare", route=execution_input["route"])     # a LambdaStep that invokes it

API: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import difflib
import functools
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from stepfunctions.steps.code.declared import Asset, Declared, check_role
from stepfunctions.steps.rendering import is_dynamic

if TYPE_CHECKING:
    from stepfunctions.steps.compute import LambdaStep

P = ParamSpec("P")
R = TypeVar("R")

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_RUNTIME = re.compile(r"python3\.\d+")
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_RESERVED = frozenset(
    (
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API"),
        "AWS_LAMBDA_INITIALIZATION_TYPE",
    )
)
"""Variables that Lambda sets itself, and refuses in a function's configuration:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
_MOST_LAYERS = 5
_MEMORY = range(128, 10_241)
_TIMEOUT = range(1, 901)
_ARCHITECTURES = ("x86_64", "arm64")
_CONTEXT_NAMES = ("context", "_context", "ctx", "_")


class LambdaFunction(Generic[P, R]):
    """A Python function that AWS Lambda can run; made by :func:`lambda_function`.

    Called, it is the Python function. ``name`` is its name in AWS.
    """

    __name__: str

    def __init__(
        self,
        function: Callable[P, R],
        name: str | None = None,
        *,
        requirements: Sequence[str] = (),
        runtime: str = "python3.12",
        memory: int = 128,
        timeout: int = 60,
        role: str | None = None,
        environment: Mapping[str, str] | None = None,
        layers: Sequence[str] = (),
        architecture: str = "x86_64",
        description: str = "",
    ) -> None:
        _check_function(function)
        self.function = function
        self.name = function.__name__ if name is None else name
        self.requirements = _strings(self.name, "requirements", requirements)
        self.runtime = runtime
        self.memory = memory
        self.timeout = timeout
        self.role = role
        self.environment = dict(environment or {})
        self.layers = _strings(self.name, "layers", layers)
        self.architecture = architecture
        self.description = description
        self._check()
        functools.update_wrapper(self, function)

    def _check(self) -> None:
        where = f"lambda_function '{self.name}'"
        texts: list[tuple[str, re.Pattern[str], Any, str]] = [
            ("name", _NAME, self.name, "at most 64 letters, digits, '-' and '_'"),
            ("runtime", _RUNTIME, self.runtime, "'python3.12'"),
        ]
        for field, pattern, value, example in texts:
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise ValueError(f"{where}: {field}={value!r}: write {example}.")
        if self.role is not None:
            check_role(where, "role", self.role)
        numbers: list[tuple[str, range, Any]] = [("memory", _MEMORY, self.memory), ("timeout", _TIMEOUT, self.timeout)]
        for field, bounds, number in numbers:
            if isinstance(number, bool) or not isinstance(number, int) or number not in bounds:
                unit = "megabytes" if field == "memory" else "seconds"
                raise ValueError(f"{where}: {field}={number!r}: write {bounds[0]} to {bounds[-1]} {unit}.")
        if self.architecture not in _ARCHITECTURES:
            raise ValueError(f"{where}: architecture={self.architecture!r}: write {' or '.join(_ARCHITECTURES)}.")
        if len(self.layers) > _MOST_LAYERS:
            raise ValueError(f"{where}: has {len(self.layers)} layers: a function has at most {_MOST_LAYERS}.")
        for name, text in self.environment.items():
            _check_variable(where, name, text)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the Python function."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"LambdaFunction({self.name!r})"

    @property
    def takes_event(self) -> bool:
        """Whether it is written as a handler, ``(event, context)``: then the payload is not unpacked."""
        return takes_event(self.function)

    def invoke(self, event: Any, context: Any = None) -> Any:
        """Call the function as Lambda does: with an event, whose members are its arguments.

        Members that are no parameters are left out. Raises TypeError when a required one is missing.
        """
        if self.takes_event:
            count = len(inspect.signature(self.function).parameters)
            return self.function(*(event, context)[:count])  # type: ignore[call-arg]
        if not isinstance(event, Mapping):
            raise TypeError(f"The event of {self.name} must be an object of its arguments, not {event!r}.")
        return self.function(**{name: event[name] for name in _accepted(self.function, event)})  # type: ignore[call-arg]

    def step(self, state_id: str, payload: Any = None, **arguments: Any) -> LambdaStep:
        """Return a step that invokes the function.

        Its arguments are given by name (``week=3``, ``route=execution_input["route"]``), or all in ``payload``:
        a dict, or an expression. Without any, the event is the state's input. All other keyword arguments are
        :class:`~stepfunctions.steps.LambdaStep`'s.

        Raises TypeError for a name that is neither, and when an argument is missing or no JSON value; ValueError for
        a name that is both.
        """
        from stepfunctions.steps.compute import LambdaStep

        own, fields = self._told_apart(state_id, arguments)
        if own and payload is not None:
            raise TypeError(f"State '{state_id}': give {self.name}'s arguments in payload, or by name, not both.")
        payload = own or payload
        if isinstance(payload, Mapping):
            self._check_payload(state_id, payload)
        elif payload is not None and not is_dynamic(payload) and not self.takes_event:
            raise TypeError(
                f"State '{state_id}': the payload of {self.name} is a dict of its arguments, not {payload!r}."
            )
        return LambdaStep(state_id, function=self, payload=payload, **fields)

    def _told_apart(self, state_id: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the function's arguments, and the step's."""
        from stepfunctions.steps.compute import LambdaStep

        signature = [
            name for name in inspect.signature(LambdaStep.__init__).parameters if name not in ("self", "fields")
        ]
        of_step = {*signature, *LambdaStep.allowed_fields(), "output_schema"} - {"state_id", "function", "payload"}
        of_function = () if self.takes_event else tuple(inspect.signature(self.function).parameters)
        own: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        for name, value in given.items():
            if name in of_step and name in of_function:
                raise ValueError(
                    f"State '{state_id}': '{name}' is a parameter of {self.name} and a field of the state. "
                    f"Write payload={{'{name}': …}} for the one; name the parameter otherwise to use the other."
                )
            if name in of_step:
                fields[name] = value
            elif name in of_function or (_takes_any(self.function) and not self.takes_event):
                own[name] = value
            else:
                raise TypeError(
                    f"State '{state_id}': '{name}' is neither a parameter of {self.name} nor a field of the state."
                    f"{_meant(name, of_function, of_step)}"
                )
        return own, fields

    def _check_payload(self, state_id: str, payload: Mapping[Any, Any]) -> None:
        for name, value in payload.items():
            _check_json(f"State '{state_id}': the argument '{name}' of {self.name}", value)
        if self.takes_event:
            return
        parameters = inspect.signature(self.function).parameters
        given = {str(name).removesuffix(".$") for name in payload}
        for name in given:
            if name not in parameters and not _takes_any(self.function):
                raise TypeError(
                    f"State '{state_id}': {self.name} has no parameter '{name}'.{_meant(name, list(parameters))}"
                )
        missing = [
            name
            for name, parameter in parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind is not parameter.VAR_KEYWORD
            and name not in given
        ]
        if missing:
            raise TypeError(f"State '{state_id}': {self.name} also needs {', '.join(map(repr, missing))}.")

    def package(self, complete: bool = True) -> bytes:
        """Return the zip of the function's code: the same bytes for the same source.

        ``complete=False`` leaves the requirements out. Raises ValueError that names what cannot be packaged.
        """
        from stepfunctions.steps.code.packages import function_zip

        return function_zip(self, complete)

    def declared(self) -> Declared:
        """Return what must exist in the account: the function."""
        request: dict[str, Any] = {
            "FunctionName": self.name,
            "Runtime": self.runtime,
            "Handler": "lambda_function.lambda_handler",
            "Role": self.role,
            "MemorySize": self.memory,
            "Timeout": self.timeout,
            "Description": self.description,
            "Environment": {"Variables": self.environment},
            "Layers": list(self.layers),
            "Architectures": [self.architecture],
        }
        zipped = Asset(name=f"{self.name}.zip", build=self.package, place=("Code",), form="object")
        return Declared(
            service="lambda", name=self.name, request=request, assets=(zipped,), source=f"lambda_function '{self.name}'"
        )


@overload
def lambda_function(name: Callable[P, R], /) -> LambdaFunction[P, R]: ...


@overload
def lambda_function(
    name: str | None = None,
    *,
    requirements: Sequence[str] = (),
    runtime: str = "python3.12",
    memory: int = 128,
    timeout: int = 60,
    role: str | None = None,
    environment: Mapping[str, str] | None = None,
    layers: Sequence[str] = (),
    architecture: str = "x86_64",
    description: str = "",
) -> Callable[[Callable[P, R]], LambdaFunction[P, R]]: ...


def lambda_function(name: Any = None, **settings: Any) -> Any:
    """Make a Lambda function of a Python function.

    ``name`` is the function's in AWS (default: its name in Python); ``requirements`` are installed into its package
    with pip, as ``["pandas==2.2.3"]``; ``runtime`` ``"python3.12"``; ``memory`` in megabytes (128 to 10,240);
    ``timeout`` in seconds (1 to 900, default 60); ``role`` the ARN of its execution role, which ``provision()``
    needs; ``environment`` its variables; ``layers`` ARNs; ``architecture`` ``"x86_64"`` or ``"arm64"``.

    The members of the event become the function's arguments, by name; a function written as a handler,
    ``(event, context)``, gets the event itself. What it returns must be a JSON value.

    The package holds the source of the function, and of what it uses of its module: functions, classes, constants
    and imports. Modules of yours that it imports are put in, too. Raises TypeError and ValueError for settings that
    Lambda does not have.
    """
    if callable(name):
        return LambdaFunction(name, **settings)
    if name is not None and not isinstance(name, str):
        raise TypeError(f"lambda_function: the name is a string, not {name!r}.")
    return lambda function: LambdaFunction(function, name, **settings)


def takes_event(function: Callable[..., Any]) -> bool:
    """Tell whether a function is written as a handler: ``(event)`` or ``(event, context)``."""
    names = list(inspect.signature(function).parameters)
    return names[:1] == ["event"] and (len(names) == 1 or (len(names) == 2 and names[1] in _CONTEXT_NAMES))


def _accepted(function: Callable[..., Any], event: Mapping[str, Any]) -> list[str]:
    return list(event) if _takes_any(function) else [n for n in inspect.signature(function).parameters if n in event]


def _takes_any(function: Callable[..., Any]) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def _check_function(function: Any) -> None:
    if not inspect.isfunction(function):
        raise TypeError(f"lambda_function makes a Lambda function of a function written with def, not of {function!r}.")
    if function.__name__ == "<lambda>":
        raise TypeError("lambda_function: a lambda expression has no name. Write the function with def.")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(
            f"lambda_function: {function.__name__} is asynchronous or a generator, which Lambda does not run to its "
            "end. Write a plain function that returns its result."
        )
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise TypeError(
                f"lambda_function: {function.__name__} takes '{name}' by position, but an event has only names: "
                "write it as an ordinary parameter."
            )


def _check_variable(where: str, name: Any, text: Any) -> None:
    if not isinstance(name, str) or not isinstance(text, str):
        raise TypeError(f"{where}: environment[{name!r}] is {text!r}: names and values are strings.")
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f"{where}: environment has the name '{name}': write 2 or more letters, digits and '_'.")
    if name in _RESERVED:
        raise ValueError(f"{where}: environment has the name '{name}', which Lambda sets itself: take another one.")


def _strings(name: str, field: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"lambda_function '{name}': {field} is a list of strings, not {value!r}.")
    return tuple(value)


def _meant(name: str, parameters: Sequence[str], others: Iterable[str] = ()) -> str:
    close = difflib.get_close_matches(name, [*parameters, *others], n=1)
    return f" Did you mean '{close[0]}'?" if close else f" Its parameters: {', '.join(parameters) or 'none'}."


def _check_json(what: str, value: Any) -> None:
    if is_dynamic(value):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_json(f"{what}[{key!r}]", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_json(f"{what}[{index}]", item)
    else:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise TypeError(f"{what} is {value!r}, which is no JSON value.") from None
