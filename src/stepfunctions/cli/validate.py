"""``stepfunctions validate``: what is wrong with definitions and templates, before anything runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from stepfunctions import lint
from stepfunctions.cli.options import format_option, type_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.cli.targets import load_target
from stepfunctions.errors import DefinitionError, sentences

_COMMANDS = {lint.ERROR: "error", lint.WARNING: "warning", lint.INFO: "notice"}
"""Severity -> the workflow command of GitHub Actions.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""
_SHOWN = 120
_BECOME_PARAMETERS = ("HARD_CODED_ACCOUNT", "HARD_CODED_REGION")
"""What nobody minds in a workflow in Python: its export has parameters for accounts and Regions."""


def _rules(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> frozenset[str]:
    """Return the ids in an option's values. Raises click.BadParameter for one that no rule has."""
    del context, parameter
    ids = {one.strip().upper().replace("-", "_") for text in given for one in text.split(",") if one.strip()}
    known = {rule.id for rule in (*lint.RULES, *lint.FORM_RULES)}
    for one in sorted(ids - known):
        import difflib

        near = difflib.get_close_matches(one, known, 1)
        hint = f"Did you mean {near[0]}?" if near else "There are " + ", ".join(sorted(known)) + "."
        raise click.BadParameter(f"there is no rule '{one}'. {hint}")
    return frozenset(ids)


@click.command()
@click.argument("targets", metavar="FILE…", nargs=-1, required=True)
@format_option("text", "json", "jsonl", "github")
@click.option("--select", metavar="RULE,…", multiple=True, callback=_rules, help="Tell the findings of these alone.")
@click.option("--ignore", metavar="RULE,…", multiple=True, callback=_rules, help="Do not tell the findings of these.")
@click.option("--strict", is_flag=True, help="Warnings make the exit code 1 too.")
@type_option
@click.option("--fix", is_flag=True, help="First mend deprecated forms in the files, and leave the rest as it is.")
def validate(
    targets: Sequence[str],
    form: str,
    select: frozenset[str],
    ignore: frozenset[str],
    strict: bool,
    kind: lint.Kind | None,
    fix: bool,
) -> int:
    """Check definitions. FILE is a definition or a template in JSON or YAML, a folder of CDK's output (cdk.out), or
    Python as FILE.py:NAME or MODULE:NAME.

    Prints what is wrong, where, and what to write instead. Exit code 1 when there is an error; warnings alone do not
    change it, unless --strict. 2 when a file cannot be read.

        stepfunctions validate flight_delays.asl.json template.yaml
    """
    found: list[lint.Finding] = []
    for target in targets:
        if fix and Path(target).is_file() and Path(target).suffix != ".py":
            mended = lint.fix_file(target)
            say(f"{target}: {_count(mended, 'finding')} mended", err=True)
        found += [one for one in _check(target, kind) if (not select or one.rule in select) and one.rule not in ignore]
    if form == "json":
        say_json([one.to_dict() for one in found], indent=2, ascii_only=False)
    elif form == "jsonl":
        for one in found:
            say_json(one.to_dict(), ascii_only=False)
    elif form == "github":
        for one in found:
            say(_github(one))
    else:
        _print(found, targets)
    worst = {one.severity for one in found}
    return 1 if lint.ERROR in worst or (strict and lint.WARNING in worst) else 0


def _check(target: str, kind: lint.Kind | None) -> list[lint.Finding]:
    """Return the findings of a target. Raises click.UsageError and OSError for one that cannot be opened."""
    path = Path(target)
    if path.is_dir():
        templates = sorted(path.rglob("*.template.json"))
        if not templates:
            raise click.UsageError(f"The folder '{target}' has no *.template.json, as CDK's output has.")
        return [one for template in templates for one in lint.check_file(template, kind=kind)]
    if path.is_file() and path.suffix != ".py":
        return lint.check_file(path, kind=kind)
    try:
        loaded = load_target(target)
        if loaded.workflow is not None and kind is None:
            kind = "EXPRESS" if loaded.workflow.type == "EXPRESS" else "STANDARD"
        rules = [rule for rule in lint.RULES if rule.id not in _BECOME_PARAMETERS]
        found = lint.check(loaded.definition, kind=kind, rules=rules)
    except DefinitionError as error:
        found = [lint.Finding.of(problem) for problem in error.problems]
    return [replace(one, file=target) for one in found]


def _print(found: Iterable[lint.Finding], targets: Sequence[str]) -> None:
    lines: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for one in found:
        counts[one.severity] += 1
        where = ":".join(str(part) for part in (one.file, one.line, one.column) if part is not None)
        place = f" {one.path}" if one.path else ""
        resource = f" in {one.resource}" if one.resource else ""
        say(f"{where}: ", (one.severity, _COLOURS[one.severity]), f"{resource}{place}")
        say(f"    {sentences(one.message, one.hint)} [{one.rule}]")
        if one.file is not None and one.line is not None:
            for text in _excerpt(lines, one.file, one.line, one.column or 1):
                say(f"    {text}")
    what = targets[0] if len(targets) == 1 else f"{len(targets)} files"
    say(f"{what}: {_count(counts[lint.ERROR], 'error')}, {_count(counts[lint.WARNING], 'warning')}")


_COLOURS = {lint.ERROR: "red", lint.WARNING: "yellow", lint.INFO: "blue"}


def _excerpt(lines: dict[str, list[str]], file: str, line: int, column: int) -> list[str]:
    """Return the line of a finding, cut to what fits, and a caret below its column."""
    if file not in lines:
        lines[file] = Path(file).read_bytes().decode("utf-8-sig", "replace").split("\n")
    if line > len(lines[file]):
        return []
    text = lines[file][line - 1].rstrip("\r").replace("\t", " ")
    indent = len(text) - len(text.lstrip())
    start = indent if column - indent <= _SHOWN else column - _SHOWN // 2
    shown = text[start : start + _SHOWN]
    shown = "".join(one if one.isprintable() else "�" for one in shown)
    return [f"| {shown}", f"| {' ' * (column - 1 - start)}^"] if shown else []


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _github(one: lint.Finding) -> str:
    """Return a finding as a command that marks the line in a pull request."""
    parts = {"file": one.file, "line": one.line, "col": one.column, "title": one.rule}
    given = ",".join(f"{name}={_escaped(str(value), _IN_PARTS)}" for name, value in parts.items() if value)
    place = f"{one.path}: " if one.path else ""
    message = _escaped(place + sentences(one.message, one.hint), _IN_TEXT)
    return f"::{_COMMANDS[one.severity]} {given}::{message}"


_IN_PARTS, _IN_TEXT = r"[%\r\n:,]", r"[%\r\n]"


def _escaped(text: str, special: str) -> str:
    return re.sub(special, lambda found: f"%{ord(found[0]):02X}", text)
