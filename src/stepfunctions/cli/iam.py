"""``stepfunctions iam``: the least rights that a definition needs, and a role beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stepfunctions.cli.options import format_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.cli.targets import load_target
from stepfunctions.deploy.comparison import Difference, compare, count, read_policies
from stepfunctions.deploy.policy import Policy, Statement, policy_of


@click.command()
@click.argument("target", metavar="FILE")
@click.option("--name", help="The state machine's name, for what its Distributed Maps start.  [default: the file's]")
@click.option("--logging", is_flag=True, help="With the rights to log executions.")
@click.option("--tracing", is_flag=True, help="With the rights to trace executions with X-Ray.")
@click.option("--kms-key", metavar="ARN", help="With the rights to a key that encrypts the state machine's data.")
@click.option(
    "--check",
    "role",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="ROLE.json",
    help="Compare with a role's policies: a policy document, or an answer of IAM's API. Exit code 1 when a right is "
    "missing.",
)
@click.option("--account", metavar="NUMBER", help="Written into ARNs in place of ${AWS::AccountId}.")
@click.option("--region", metavar="NAME", help="Written into ARNs in place of ${AWS::Region} and ${AWS::Partition}.")
@format_option("text", "json", "policy", "trust")
def iam(
    target: str,
    name: str | None,
    logging: bool,
    tracing: bool,
    kms_key: str | None,
    role: Path | None,
    account: str | None,
    region: str | None,
    form: str,
) -> int:
    """Print the least policy that a definition needs.

    Each statement says for which states it is, and why.

    FILE is JSON, YAML, or Python as FILE.py:NAME or MODULE:NAME. --format policy prints IAM's JSON, trust who may
    assume the role. A statement that no page of AWS was seen to ask for is marked.

        stepfunctions iam flight_delays.asl.json --format policy
    """
    from stepfunctions.catalog.regions import partition_of

    loaded = load_target(target)
    policy = policy_of(loaded.definition, name=name or loaded.name, logging=logging, tracing=tracing, kms_key=kms_key)
    partition = None if region is None else partition_of(region)
    if role is not None:
        return _compared(policy, role, form)
    if form in ("policy", "trust"):
        document = policy.document if form == "policy" else policy.trust
        say_json(document(partition=partition, region=region, account=account), indent=2)
    elif form == "json":
        say_json([_shown(one) for one in policy.statements], indent=2)
    else:
        for statement in policy.statements:
            _print(statement)
    return 0


def _shown(statement: Statement) -> dict[str, Any]:
    return {
        **statement.to_dict(),
        "States": list(statement.states),
        "Reason": statement.reason,
        "Verified": statement.verified,
    }


def _print(statement: Statement) -> None:
    say(", ".join(statement.actions))
    for resource in statement.resources:
        say(f"    on {resource}")
    for operator, values in statement.conditions.items():
        for name, value in values.items():
            say(f"    if {name} {operator} {value}")
    say(f"    {statement.reason}")
    if statement.states:
        say(f"    for {', '.join(statement.states)}")
    if not statement.verified:
        say("    not verified: no page of AWS was seen that names it")


def _compared(policy: Policy, role: Path, form: str) -> int:
    try:
        differences = compare(policy, read_policies(role))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    counts = count(differences)
    if form in ("json", "policy", "trust"):
        say_json([one.to_dict() for one in differences], indent=2)
    else:
        for one in differences:
            _print_difference(one)
        say(f"{role}: " + ", ".join(f"{number} {kind}" for kind, number in counts.items()))
    return 1 if counts["missing"] else 0


def _print_difference(one: Difference) -> None:
    say(f"{one.kind} {one.action} on {one.resource}")
    states = f" For {', '.join(one.states)}." if one.states else ""
    say(f"    {one.why}{states}")
