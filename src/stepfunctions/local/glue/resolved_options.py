"""``awsglue.utils`` for Glue jobs on this machine: copied beside each job's script, standard library only.

Written from AWS's documentation of ``getResolvedOptions``; scripts run with it here and with AWS's own there.
"""

from __future__ import annotations

from collections.abc import Sequence

RESERVED = (
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
    "TempDir",
    "RedshiftTempDir",
    "encryption_type",
    "enable_data_lineage",
    "job_bookmark_option",
    "job_bookmark_from",
    "job_bookmark_to",
)
"""Arguments that Glue itself gives: returned when they are there, whether asked for or not."""


class GlueArgumentError(Exception):
    """An option that the script asked for was not given, or has no value."""


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 - AWS's name
    """Return the values of the named options in ``args`` (``sys.argv``), given as ``--x y`` or ``--x=y``.

    Names are written without hyphens in front. Given twice, the last counts; arguments that were not asked for
    are left alone. Raises :class:`GlueArgumentError`.
    """
    wanted = dict.fromkeys([*options, *RESERVED])
    found: dict[str, str] = {}
    rest = iter(args[1:])
    for argument in rest:
        name, equals, value = argument.partition("=")
        if not name.startswith("--") or name[2:] not in wanted:
            continue
        if not equals:
            following = next(rest, None)
            if following is None or following.startswith("--"):
                raise GlueArgumentError(f"argument {name}: expected one argument")
            value = following
        found[name[2:]] = value
    missing = [f"--{name}" for name in options if name not in found]
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(missing)}")
    return found
