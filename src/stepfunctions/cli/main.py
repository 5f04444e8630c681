"""``stepfunctions``: the group of all commands, and the one place where an error becomes an exit code.

    0  done
    1  a negative answer: an execution failed, there are findings or differences, nothing is running
    2  a usage error, or input that cannot be read
    3  a service, the local cloud or a connection failed

Nobody sees a traceback unless ``STEPFUNCTIONS_TRACEBACK`` is set.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from types import MappingProxyType

import click

from stepfunctions.cli.printing import say
from stepfunctions.errors import (
    DefinitionError,
    ExecutionFailed,
    QuerySyntaxError,
    StepFunctionsError,
    WaitTimeout,
)

DONE, NEGATIVE, USAGE, SERVICE = 0, 1, 2, 3
_OF_FILES = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""Errors of files that the caller named."""

COMMANDS = MappingProxyType(
    {
        # command -> "module:attribute"; a command's module is imported when the command is used or listed
        "bootstrap": "stepfunctions.cli.deploy:bootstrap",
        "bundle": "stepfunctions.cli.handover:bundle",
        "deploy": "stepfunctions.cli.deploy:deploy",
        "destroy": "stepfunctions.cli.deploy:destroy",
        "diff": "stepfunctions.cli.deploy:diff",
        "drift": "stepfunctions.cli.handover:drift",
        "estimate": "stepfunctions.cli.estimate:estimate_",
        "executions": "stepfunctions.cli.executions:executions",
        "export": "stepfunctions.cli.export:export",
        "graph": "stepfunctions.cli.graph:graph",
        "iam": "stepfunctions.cli.iam:iam",
        "local": "stepfunctions.cli.local:local",
        "report": "stepfunctions.cli.report:report",
        "run": "stepfunctions.cli.run:run",
        "validate": "stepfunctions.cli.validate:validate",
    }
)


class LazyGroup(click.Group):
    """A group whose commands are imported on use, so that ``--help`` of one does not load them all."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; None when there is none of this name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, attribute = place.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="stepfunctions-sdk", prog_name="stepfunctions")
def cli() -> None:
    """Step Functions in Python: write workflows, run them on this machine, or on AWS, unchanged."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; errors are one message on standard error."""
    try:
        result = cli.main(args=arguments, prog_name="stepfunctions", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        say(said.getvalue(), err=True, nl=False)
        return error.exit_code if error.exit_code != 1 else USAGE
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted", err=True)
        return 130
    except BrokenPipeError:  # `stepfunctions … | head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if os.environ.get("STEPFUNCTIONS_TRACEBACK"):
            raise
        say(f"Error: {_message(error)}", err=True)
        return _exit_code(error)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if type(error).__name__ == "NoRegionError":
        return f"{error} Set AWS_REGION, or a region in the profile that AWS_PROFILE names."
    if isinstance(error, (StepFunctionsError, OSError)) or _from_botocore(error):
        return str(error)
    return (
        f"{type(error).__name__}: {error}\nThis is a fault of stepfunctions-sdk: please report it, with the "
        f"output of the same command under STEPFUNCTIONS_TRACEBACK=1"
    )


def _exit_code(error: Exception) -> int:
    if isinstance(error, (ExecutionFailed, WaitTimeout)):
        return NEGATIVE
    if isinstance(error, PermissionError) and error.filename is None:  # of a port, or another's process
        return SERVICE
    if isinstance(error, (DefinitionError, QuerySyntaxError, *_OF_FILES)):
        return USAGE
    return SERVICE


def _from_botocore(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in ("botocore", "boto3")
