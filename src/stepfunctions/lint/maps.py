"""Fields of a Map that do not fit its mode.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import StateMachine, subregions, walk
from stepfunctions.asl.states import Map
from stepfunctions.lint.finding import ERROR, WARNING, Finding

_DISTRIBUTED_ONLY = {
    **dict.fromkeys(("item_reader", "item_batcher", "result_writer", "label"), ERROR),
    # The specification gives these to every Map, the developer guide only to a distributed one: no effect, no refusal.
    **dict.fromkeys(
        (
            "tolerated_failure_count",
            "tolerated_failure_count_path",
            "tolerated_failure_percentage",
            "tolerated_failure_percentage_path",
        ),
        WARNING,
    ),
}
_LABEL_FORBIDS = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&\"`\x00-\x1f\x7f-\x9f]")


def _wire(attribute: str) -> str:
    return "".join(part.capitalize() for part in attribute.split("_"))


def distributed_only(machine: StateMachine) -> Iterator[Finding]:
    """DISTRIBUTED_ONLY: a field that only a Distributed Map has stands in an inline one."""
    for found in walk(machine):
        if isinstance(found.state, Map) and not found.state.distributed:
            for attribute, severity in _DISTRIBUTED_ONLY.items():
                if getattr(found.state, attribute) is not ABSENT:
                    yield Finding(
                        code="DISTRIBUTED_ONLY",
                        severity=severity,
                        path=f"{found.path}/{_wire(attribute)}",
                        message=f"'{_wire(attribute)}' is for Distributed Maps; this one is inline.",
                        hint='Write "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} into its '
                        "ItemProcessor, or remove the field.",
                    )


def processor_language(machine: StateMachine) -> Iterator[Finding]:
    """PROCESSOR_LANGUAGE: a Map's processor says its query language, which is the whole machine's."""
    for found in walk(machine):
        for pointer, region in subregions(found.state) if isinstance(found.state, Map) else ():
            if region.query_language is not ABSENT:
                yield Finding(
                    code="PROCESSOR_LANGUAGE",
                    severity=ERROR,
                    path=found.path + pointer,
                    message="Field 'QueryLanguage' is not supported",
                    hint="Remove it, or write it into the single states.",
                )


_RESOURCES = {
    "ItemReader": ("arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"),
    "ResultWriter": ("arn:aws:states:::s3:putObject",),
}
_PARTITION = re.compile("^arn:aws[a-z-]*:")


def sources(machine: StateMachine) -> Iterator[Finding]:
    """UNKNOWN_RESOURCE: an ItemReader or ResultWriter names what it cannot read from or write to."""
    for found in walk(machine):
        for wire, attribute in (("ItemReader", "item_reader"), ("ResultWriter", "result_writer")):
            holder = getattr(found.state, attribute, ABSENT)
            resource = ABSENT if holder is ABSENT else holder.resource
            if resource is ABSENT or "${" in resource or _PARTITION.sub("arn:aws:", resource) in _RESOURCES[wire]:
                continue
            yield Finding(
                code="UNKNOWN_RESOURCE",
                severity=ERROR,
                path=f"{found.path}/{wire}/Resource",
                message=f"The resource provided {resource} is not recognized.",
                hint=f"Write {' or '.join(_RESOURCES[wire])}.",
            )


def labels(machine: StateMachine) -> Iterator[Finding]:
    """INVALID_LABEL_NAME, DUPLICATE_LABEL_NAME: a label has a forbidden character, or another Map has it too."""
    seen: dict[str, str] = {}
    for found in walk(machine):
        if not isinstance(found.state, Map) or found.state.label is ABSENT:
            continue
        label, where = found.state.label, f"{found.path}/Label"
        if _LABEL_FORBIDS.search(label):
            yield Finding(
                code="INVALID_LABEL_NAME",
                severity=ERROR,
                path=where,
                message=f"The label '{label}' has a character that a label may not have.",
                hint="Use letters, digits, - and _.",
            )
        if label in seen:
            yield Finding(
                code="DUPLICATE_LABEL_NAME",
                severity=ERROR,
                path=where,
                message=f"The label '{label}' is used already at {seen[label]}.",
                hint="Rename one.",
            )
        seen.setdefault(label, where)
