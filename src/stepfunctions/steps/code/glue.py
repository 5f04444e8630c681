"""A script as a step: Glue runs it, and the job is written here.

API: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepfunctions.steps.code.declared import Asset, Declared, FileContent, check_name, check_role, name_from
from stepfunctions.steps.compute import GlueStartJobRunStep
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.services.step import put_request

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.inputs.expressions import Expression
    from stepfunctions.steps.signatures import Catches, Number, Retries, WorkingFields

    class GlueFields(WorkingFields, total=False):
        """Fields of a GlueStep: those of a Task, but ``arguments``, which are the script's."""

        retry: Retries
        catch: Catches
        credentials: Any
        timeout_seconds: Number
        timeout_seconds_path: str | Expression | None


_KINDS = ("pythonshell", "glueetl")
_CAPACITIES = (0.0625, 1.0)
_WORKERS = ("G.025X", "G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X", "Standard")


class GlueStep(GlueStartJobRunStep):
    """Run a script as a Glue job, and by default wait for its end: a script that fails, fails the state.

    ``script`` is a file of this machine, which ``Workflow.provision()`` uploads, or ``s3://bucket/key``; ``job_name``
    the job's (default: made from the state's name); ``role`` the ARN of the role that the script runs as;
    ``arguments`` are ``{"--name": "value"}``, strings and expressions.

    ``kind`` is ``"pythonshell"`` (one machine of ``capacity`` 0.0625 or 1 DPU) or ``"glueetl"`` (Spark on
    ``workers`` machines of ``worker_type``, by default 2 of ``"G.1X"``). ``python_version`` is by default ``"3.9"``
    and ``"3"``, ``glue_version`` for Spark ``"5.0"``. ``modules`` are packages that Glue installs, as
    ``["pandas==2.2.3"]``; ``connections`` names of Glue's. ``job_timeout`` is in minutes (default: Glue's);
    ``max_concurrent_runs`` how many runs there may be at a time (default 1; give a Map's concurrency).
    ``parameters`` are merged over the request of StartJobRun.

    Raises TypeError and ValueError that name the argument.
    API: https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html
    """

    def __init__(
        self,
        state_id: str,
        script: str | Path,
        *,
        job_name: str | None = None,
        role: str | None = None,
        arguments: Mapping[str, str | Expression] | Expression | None = None,
        kind: str = "pythonshell",
        capacity: float | None = None,
        worker_type: str | None = None,
        workers: int | None = None,
        python_version: str | None = None,
        glue_version: str | None = None,
        modules: Sequence[str] = (),
        connections: Sequence[str] = (),
        job_timeout: int | None = None,
        max_concurrent_runs: int = 1,
        description: str = "",
        wait_for_completion: bool = True,
        **fields: Unpack[GlueFields],
    ) -> None:
        who = f"State '{state_id}'"
        self.job_name = name_from(state_id) if job_name is None else job_name
        check_name(who, "job_name", self.job_name)
        if role is not None:
            check_role(who, "role", role)
        self._script = _checked_script(who, script)
        self._job: dict[str, Any] = {
            "Name": self.job_name,
            "Role": role,
            "Description": description,
            "Command": _command(who, kind, python_version, self._script),
            "DefaultArguments": _modules(kind, _strings(who, "modules", modules)),
            "Connections": {"Connections": _strings(who, "connections", connections)},
            "ExecutionProperty": {"MaxConcurrentRuns": _count(who, "max_concurrent_runs", max_concurrent_runs)},
            **_size(who, kind, capacity, worker_type, workers),
        }
        version = glue_version or ("5.0" if kind == "glueetl" else None)
        minutes = None if job_timeout is None else _count(who, "job_timeout", job_timeout)
        optional = {"GlueVersion": version, "Timeout": minutes}
        self._job |= {name: value for name, value in optional.items() if value is not None}
        request: dict[str, Any] = {"JobName": self.job_name}
        if arguments:
            request["Arguments"] = _arguments(who, arguments)
        put_request(state_id, request, fields)
        super().__init__(state_id, wait_for_completion, **fields)

    def declared(self) -> list[Declared]:
        """Return what must exist in the account: the job, and its script in a bucket."""
        assets: tuple[Asset, ...] = ()
        if isinstance(self._script, Path):
            place = ("Command", "ScriptLocation")
            build = FileContent(str(self._script))
            assets = (Asset(name=self._script.name, build=build, place=place, form="uri"),)
        source = f"State '{self.state_id}'"
        return [Declared(service="glue", name=self.job_name, request=self._job, assets=assets, source=source)]


def _checked_script(who: str, script: Any) -> str | Path:
    if isinstance(script, str) and script.startswith("s3://"):
        return script
    if not isinstance(script, (str, Path)):
        raise TypeError(f"{who}: script is a file, or s3://bucket/key, not {script!r}.")
    path = Path(script).absolute()
    if not path.is_file():
        close = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*") if p.is_file()], n=1)
        hint = f" Did you mean '{Path(script).parent / close[0]}'?" if close else ""
        raise ValueError(f"{who}: there is no script '{script}'.{hint}")
    return path


def _command(who: str, kind: Any, python_version: str | None, script: str | Path) -> dict[str, Any]:
    if is_dynamic(kind) or kind not in _KINDS:
        raise ValueError(f"{who}: kind={kind!r}: write {' or '.join(map(repr, _KINDS))}.")
    version = python_version or ("3.9" if kind == "pythonshell" else "3")
    command = {"Name": kind, "PythonVersion": version}
    return {**command, "ScriptLocation": script} if isinstance(script, str) else command


def _modules(kind: str, modules: Sequence[str]) -> dict[str, str]:
    # Without "analytics" a Python shell job has none of the usual packages, not even pandas.
    defaults = {"library-set": "analytics"} if kind == "pythonshell" else {}
    return {**defaults, "--additional-python-modules": ",".join(modules)} if modules else defaults


def _size(who: str, kind: str, capacity: Any, worker_type: Any, workers: Any) -> dict[str, Any]:
    if kind == "pythonshell":
        for name, value in (("worker_type", worker_type), ("workers", workers)):
            if value is not None:
                raise ValueError(f"{who}: '{name}' is for kind='glueetl'; a Python shell job has 'capacity'.")
        if capacity is not None and (is_dynamic(capacity) or capacity not in _CAPACITIES):
            raise ValueError(f"{who}: capacity={capacity!r}: a Python shell job has 0.0625 or 1 DPU.")
        return {"MaxCapacity": 0.0625 if capacity is None else float(capacity)}
    if capacity is not None:
        raise ValueError(f"{who}: 'capacity' is for kind='pythonshell'; Spark has 'worker_type' and 'workers'.")
    if worker_type is not None and (is_dynamic(worker_type) or worker_type not in _WORKERS):
        close = difflib.get_close_matches(str(worker_type), _WORKERS, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else f" There are: {', '.join(_WORKERS)}."
        raise ValueError(f"{who}: worker_type={worker_type!r}.{hint}")
    return {
        "WorkerType": worker_type or "G.1X",
        "NumberOfWorkers": 2 if workers is None else _count(who, "workers", workers),
    }


def _count(who: str, field: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{who}: {field}={value!r}: write a whole number from 1 on; it is fixed in the job.")
    return value


def _strings(who: str, field: str, value: Any) -> list[str]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{who}: {field} is a list of strings, which is fixed in the job, not {value!r}.")
    return list(value)


def _arguments(who: str, arguments: Any) -> dict[str, Any] | Expression:
    if is_dynamic(arguments):
        return arguments  # type: ignore[no-any-return]
    if not isinstance(arguments, Mapping):
        raise TypeError(f"{who}: arguments is a dict such as {{'--name': 'value'}}, not {arguments!r}.")
    for name, value in arguments.items():
        if not isinstance(name, str) or not name.startswith("--"):
            raise ValueError(f"{who}: arguments has the name {name!r}: Glue's begin with '--'. Write '--{name}'.")
        if not isinstance(value, str) and not is_dynamic(value):
            raise TypeError(
                f"{who}: arguments['{name}'] is {value!r}: write a string, such as '{value}', or an expression."
            )
    return dict(arguments)
