"""Write the reference pages from the code: ``python docs/reference/generate.py`` (``--check``: only compare)."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from stepfunctions import asl, lint
from stepfunctions.asl.fields import Kind, Nested, declared_fields
from stepfunctions.asl.machine import StateMachine

HERE = Path(__file__).resolve().parent
_PATTERNS = {
    asl.IntegrationPattern.RUN_JOB: "S",
    asl.IntegrationPattern.REQUEST_RESPONSE: "R",
    asl.IntegrationPattern.WAIT_FOR_TASK_TOKEN: "T",
}
NOTE = "<!-- Made by docs/reference/generate.py from the code. -->\n\n"


def fields_page() -> str:
    """The fields of every object of the language."""
    classes: list[type[Any]] = [
        StateMachine,
        *asl.STATE_TYPES.values(),
        asl.Retrier,
        asl.Catcher,
        asl.ProcessorConfig,
        asl.ItemReader,
        asl.ReaderConfig,
        asl.ItemBatcher,
        asl.ResultWriter,
        asl.WriterConfig,
    ]
    parts = [
        NOTE,
        "# Fields of the Amazon States Language\n\n"
        "JSONPath / JSONata: the field exists only in that query language. Fields that exclude each other name "
        "the same group.\n",
    ]
    for cls in classes:
        parts.append(
            f"\n## {cls.__name__}\n\n{(cls.__doc__ or '').strip().splitlines()[0]}\n\n"
            "| Field | Value | Only in | Group |\n| --- | --- | --- | --- |\n"
        )
        for field in declared_fields(cls):
            spec = field.spec
            parts.append(
                f"| `{spec.wire}`{' (required)' if spec.required else ''} | {_value(spec.kind)} | "
                f"{spec.language or ''} | {spec.group or ''} |\n"
            )
    parts.append("\n## Operators of a Choice rule\n\n")
    parts.append(", ".join(f"`{operator}`" for operator in asl.OPERATORS) + ", `And`, `Or`, `Not`\n")
    return "".join(parts)


def _value(kind: Kind | Nested) -> str:
    if isinstance(kind, Nested):
        return "list of objects" if kind.many else "object"
    bounds = "".join(
        [
            f" >= {kind.minimum:g}" if kind.minimum is not None else "",
            f" <= {kind.maximum:.0f}" if kind.maximum is not None else "",
        ]
    )
    choices = f": {', '.join(kind.choices)}" if kind.choices else ""
    return f"{'any JSON' if kind.name == 'any' else kind.name}{bounds}{choices}{', or null' if kind.nullable else ''}"


def cli_page() -> str:
    """Every command with its help."""
    from stepfunctions.cli.main import cli

    parts = [
        NOTE,
        "# Command line\n\nExit codes: 0 done; 1 a negative answer (an execution failed, there are "
        "findings); 2 a usage error or unreadable input; 3 a service or connection failed.\n",
    ]
    for name, command in _commands(cli, "stepfunctions"):
        with click.Context(command, info_name=name, terminal_width=100, **cli.context_settings) as context:
            parts.append(f"\n## {name}\n\n```text\n{command.get_help(context).strip()}\n```\n")
    return "".join(parts)


def _commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from _commands(command, f"{prefix} {name}")
            else:
                yield f"{prefix} {name}", command


def services_page() -> str:
    """Every service of the local cloud with its operations."""
    import tempfile

    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import SERVICES, supported_operations
    from stepfunctions.local.wire.models import service_model

    parts = [
        NOTE,
        "# Services of the local cloud\n\n"
        "| a call to | is answered by | what is left after a stop |\n| --- | --- | --- |\n"
        f"| {', '.join(SERVICES)} | the local cloud; jobs are real processes | everything, in the data directory |\n"
        "| every other service that boto3 knows | [moto](https://docs.getmoto.org), behind the same port, in a process "
        "that starts with the first call | nothing: it is in memory |\n"
        "| what `--real` names | AWS itself, with your own credentials | what AWS keeps |\n\n"
        "An operation that is not named below, or that moto does not have, is refused with an error that says who "
        "could not; a task fails with it as `States.Runtime`. [How to use it](../local-cloud.md) · "
        "[what differs from AWS](differences.md).\n\n"
        "Signatures are not verified. An access key of 12 digits is the account that calls, any other key is account "
        "123456789012. What there is belongs to an account and the Region of the signature; ECS, Glue, Lambda, S3 and "
        "SageMaker have one account and one Region.\n\n"
        "`stepfunctions local start --no-limits` lifts AWS's limits of payloads, variables, definitions, events and "
        "names.\n",
    ]
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(folder)
        try:
            for name in SERVICES:
                operations = supported_operations(name, cloud.service(name))
                whole = len(service_model(name).operation_names)
                count = "every operation" if len(operations) == whole else f"{len(operations)} of {whole} operations"
                parts.append(f"\n## {name}: {count}\n\n{', '.join(f'`{one}`' for one in operations)}\n")
        finally:
            cloud.stop()
    return "".join(parts)


def integrations_page() -> str:
    """Every action of the optimised integrations, its patterns and its step."""
    from stepfunctions import steps
    from stepfunctions.catalog.integrations import INTEGRATIONS
    from stepfunctions.steps.services.step import ServiceStep

    classes: dict[tuple[str, str], list[str]] = {("sagemaker", "updateEndpoint"): ["EndpointStep"]}
    for name in steps.__all__:
        cls = getattr(steps, name)
        if isinstance(cls, type) and issubclass(cls, ServiceStep) and hasattr(cls, "ACTION"):
            classes.setdefault((cls.SERVICE, cls.ACTION), []).append(name)
    parts = [
        NOTE,
        "# Service integrations\n\nR: go on with the response. S: wait for the job's end (`.sync`). T: wait for the "
        "answer to the task token (`.waitForTaskToken`). The first is the default of the step. Every step is in "
        "`stepfunctions.steps`; for APIs that are not here there is `aws_sdk`.\n",
    ]
    for service, integration in INTEGRATIONS.items():
        parts.append(f"\n## {service}\n\n| Action | Patterns | Step |\n| --- | --- | --- |\n")
        for action, patterns in integration.actions.items():
            letters = " ".join(letter for pattern, letter in _PATTERNS.items() if pattern in patterns)
            names = ", ".join(f"`{name}`" for name in sorted(classes.get((service, action), [])))
            parts.append(f"| `{action}` | {letters} | {names} |\n")
    return "".join(parts)


def rules_page() -> str:
    """The page of the linter's rules."""
    lines = [
        NOTE + "# Rules of `stepfunctions validate`",
        "",
        "An error is what AWS refuses, or what fails wherever an execution comes to it; a warning runs, but hardly as "
        "meant. `--select` and `--ignore` take the names. "
        "[How to use it](../how-to.md#find-mistakes-before-anything-runs)",
        "",
        "| Rule | Severity | |",
        "| --- | --- | --- |",
    ]
    rules = [*lint.RULES, *lint.FORM_RULES]
    lines += [f"| [`{rule.id}`](#{rule.id.lower()}) | {rule.severity} | {rule.summary} |" for rule in rules]
    for rule in rules:
        lines += ["", f"## {rule.id}", "", f"{rule.summary} {rule.why} [Source]({rule.source}).", ""]
        for title, example in (("Wrong", rule.bad), ("Right", rule.good)):
            lines += [f"{title}:", "", "```text", *_example(example), "```", ""]
        lines.pop()
    return "\n".join(lines) + "\n"


def _example(text: str) -> list[str]:
    lines = textwrap.dedent(text).strip("\n").rstrip().split("\n")
    return [line if len(line) <= 120 else line[:100] + " …" for line in lines]


PAGES = {
    "rules.md": rules_page,
    "fields.md": fields_page,
    "cli.md": cli_page,
    "local-cloud.md": services_page,
    "integrations.md": integrations_page,
}


def main() -> int:
    """Write the pages, or with --check return 1 when one is not what it would be."""
    stale = []
    for name, make in PAGES.items():
        text, path = make(), HERE / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"Not what the code says: {', '.join(stale)}. Run make docs.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
