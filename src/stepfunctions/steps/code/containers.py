"""A container image as a step: Fargate runs it, and the task definition is written here.

API: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.steps.code.declared import Declared, check_name, check_role, name_from
from stepfunctions.steps.compute import EcsRunTaskStep
from stepfunctions.steps.integration_resources import IntegrationPattern
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.services.step import put_request

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.inputs.expressions import Expression
    from stepfunctions.steps.signatures import ServiceFields

_GB = 1024
MEMORY_FOR_CPU: Mapping[int, Sequence[int]] = {
    256: (512, 1 * _GB, 2 * _GB),
    512: range(1 * _GB, 4 * _GB + 1, _GB),
    1024: range(2 * _GB, 8 * _GB + 1, _GB),
    2048: range(4 * _GB, 16 * _GB + 1, _GB),
    4096: range(8 * _GB, 30 * _GB + 1, _GB),
    8192: range(16 * _GB, 60 * _GB + 1, 4 * _GB),
    16384: range(32 * _GB, 120 * _GB + 1, 8 * _GB),
}
"""Units of CPU (1024 are one vCPU) -> the sizes of memory, in MiB, that Fargate has with them:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size"""
_ARCHITECTURES = ("X86_64", "ARM64")
_STORAGE = range(21, 201)
CONTAINER = "main"
"""The name of the container in its task definition."""


class FargateStep(EcsRunTaskStep):
    """Run a container on Fargate, and by default wait for its end: a program that fails, fails the state.

    ``image`` is its URI; ``command`` a list of strings and expressions (default: the image's own); ``environment``
    names -> strings or expressions. ``cpu`` in units (1024 are one vCPU) and ``memory`` in MiB are a pair that
    Fargate has. ``subnets`` are ids, or an expression of a list; ``security_groups`` by default the VPC's default
    one. Without ``assign_public_ip`` the subnets need a way to the image's registry: a NAT gateway or endpoints.

    ``execution_role`` (ARN) pulls the image from ECR, reads ``secrets`` (name -> ARN of a secret or parameter) and
    writes the log; ``task_role`` is what the program itself may do. ``log_group`` is the CloudWatch log group, which
    must exist, that the program's output goes to; without one it is not kept. ``storage`` is the disk in GiB (21 to
    200, default 20). ``family`` names the task definition (default: made from the state's name);
    ``Workflow.provision()`` registers it.

    ``integration_pattern=IntegrationPattern.WaitForTaskToken`` waits until the program answers with the task token:
    hand it over in ``environment``. ``parameters`` are merged over the request of RunTask.

    Raises TypeError and ValueError that name the argument.
    API: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """

    def __init__(
        self,
        state_id: str,
        image: str,
        *,
        command: Sequence[str | Expression] | Expression | None = None,
        cpu: int = 256,
        memory: int = 512,
        environment: Mapping[str, str | Expression] | None = None,
        subnets: Sequence[str | Expression] | Expression,
        security_groups: Sequence[str | Expression] | Expression | None = None,
        assign_public_ip: bool = False,
        cluster: str | Expression = "default",
        execution_role: str | None = None,
        task_role: str | None = None,
        secrets: Mapping[str, str] | None = None,
        log_group: str | None = None,
        architecture: str = "X86_64",
        storage: int | None = None,
        family: str | None = None,
        platform_version: str = "LATEST",
        wait_for_completion: bool = True,
        integration_pattern: IntegrationPattern | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        who = f"State '{state_id}'"
        self.family = name_from(state_id) if family is None else family
        check_name(who, "family", self.family)
        self._definition = _task_definition(who, self.family, image, cpu, memory)
        _add_roles(who, self._definition, execution_role, task_role, secrets)
        _add_platform(who, self._definition, architecture, storage)
        if log_group is not None:
            _add_log(who, self._definition, log_group)
        network = {"Subnets": _listed(who, "subnets", subnets), "AssignPublicIp": _enabled(who, assign_public_ip)}
        if security_groups is not None:
            network["SecurityGroups"] = _listed(who, "security_groups", security_groups)
        request: dict[str, Any] = {
            "Cluster": cluster,
            "TaskDefinition": self.family,
            "LaunchType": "FARGATE",
            "PlatformVersion": platform_version,
            "NetworkConfiguration": {"AwsvpcConfiguration": network},
            **_overrides(who, command, environment),
        }
        put_request(state_id, request, fields)
        super().__init__(state_id, wait_for_completion, integration_pattern, **fields)

    def declared(self) -> list[Declared]:
        """Return what must exist in the account: the task definition."""
        source = f"State '{self.state_id}'"
        return [Declared(service="ecs", name=self.family, request=self._definition, source=source)]


def _task_definition(who: str, family: str, image: Any, cpu: Any, memory: Any) -> dict[str, Any]:
    if not isinstance(image, str) or not image.strip():
        raise TypeError(f"{who}: image={image!r}: write the URI of an image, which is fixed in the task definition.")
    if cpu not in MEMORY_FOR_CPU:
        raise ValueError(f"{who}: cpu={cpu!r}: Fargate has {', '.join(map(str, MEMORY_FOR_CPU))} units.")
    sizes = MEMORY_FOR_CPU[cpu]
    if memory not in sizes:
        raise ValueError(
            f"{who}: memory={memory!r}: with cpu={cpu} Fargate has {', '.join(map(str, sizes))} MiB. "
            f"{_other_cpu(memory)}"
        )
    return {
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": str(cpu),
        "memory": str(memory),
        "containerDefinitions": [{"name": CONTAINER, "image": image, "essential": True}],
    }


def _other_cpu(memory: Any) -> str:
    fitting = [str(cpu) for cpu, sizes in MEMORY_FOR_CPU.items() if memory in sizes]
    return f"{memory} MiB go with cpu={' or '.join(fitting)}." if fitting else ""


def _add_roles(
    who: str, definition: dict[str, Any], execution: str | None, task: str | None, secrets: Mapping[str, str] | None
) -> None:
    for field, wire, role in (
        ("execution_role", "executionRoleArn", execution),
        ("task_role", "taskRoleArn", task),
    ):
        if role is not None:
            check_role(who, field, role)
            definition[wire] = role
    if secrets:
        if execution is None:
            raise ValueError(f"{who}: 'secrets' needs 'execution_role', the role that reads them.")
        container = definition["containerDefinitions"][0]
        container["secrets"] = [{"name": name, "valueFrom": arn} for name, arn in sorted(secrets.items())]


def _add_platform(who: str, definition: dict[str, Any], architecture: Any, storage: Any) -> None:
    if is_dynamic(architecture) or architecture not in _ARCHITECTURES:
        raise ValueError(f"{who}: architecture={architecture!r}: write {' or '.join(_ARCHITECTURES)}.")
    definition["runtimePlatform"] = {"cpuArchitecture": architecture, "operatingSystemFamily": "LINUX"}
    if storage is not None:
        if is_dynamic(storage) or storage not in _STORAGE:
            raise ValueError(f"{who}: storage={storage!r}: write {_STORAGE[0]} to {_STORAGE[-1]} GiB, or leave it out.")
        definition["ephemeralStorage"] = {"sizeInGiB": storage}


def _add_log(who: str, definition: dict[str, Any], group: Any) -> None:
    if not isinstance(group, str):
        raise TypeError(f"{who}: log_group={group!r}: write a name, which is fixed in the task definition.")
    if "executionRoleArn" not in definition:
        raise ValueError(f"{who}: 'log_group' needs 'execution_role', the role that writes the log.")
    # The Region is added where it is known: when the task definition is registered.
    options = {"awslogs-group": group, "awslogs-stream-prefix": definition["family"]}
    definition["containerDefinitions"][0]["logConfiguration"] = {"logDriver": "awslogs", "options": options}


def _overrides(who: str, command: Any, environment: Any) -> dict[str, Any]:
    """Return the part of RunTask's request that says what differs from the task definition."""
    container: dict[str, Any] = {}
    if command is not None:
        container["Command"] = _listed(who, "command", command)
    if environment:
        container["Environment"] = _variables(who, environment)
    return {"Overrides": {"ContainerOverrides": [{"Name": CONTAINER, **container}]}} if container else {}


def _listed(who: str, field: str, value: Any) -> Any:
    if is_dynamic(value):
        return value
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise TypeError(f"{who}: {field} is a list of strings and expressions, not {value!r}.")
    for index, item in enumerate(value):
        if not isinstance(item, str) and not is_dynamic(item):
            raise TypeError(f"{who}: {field}[{index}] is {item!r}: write a string, such as '{item}', or an expression.")
    if field == "subnets" and not value:
        raise ValueError(f"{who}: subnets is empty: Fargate needs at least one.")
    return list(value)


def _variables(who: str, environment: Any) -> list[dict[str, Any]] | Expression:
    if is_dynamic(environment):
        return environment  # type: ignore[no-any-return]
    if not isinstance(environment, Mapping):
        raise TypeError(f"{who}: environment is a dict of names and values, not {environment!r}.")
    for name, value in environment.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"{who}: environment has the name {name!r}: write a string.")
        if not isinstance(value, str) and not is_dynamic(value):
            raise TypeError(
                f"{who}: environment['{name}'] is {value!r}: write a string, such as '{value}', or an expression."
            )
    return [{"Name": name, "Value": value} for name, value in environment.items()]


def _enabled(who: str, flag: Any) -> str:
    if not isinstance(flag, bool):
        raise TypeError(
            f"{who}: assign_public_ip={flag!r}: write True or False. For a choice at run time give parameters="
            "{'NetworkConfiguration': {'AwsvpcConfiguration': {'AssignPublicIp': …}}}: 'ENABLED' or 'DISABLED'."
        )
    return "ENABLED" if flag else "DISABLED"
