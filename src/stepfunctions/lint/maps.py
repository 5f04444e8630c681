"""Fields of a Map that do not fit its mode.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import subregions
from stepfunctions.asl.states import Map
from stepfunctions.lint.finding import ERROR, WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject

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


def distributed_only(subject: Subject) -> Iterator[Finding]:
    """Find fields that only a Distributed Map has in inline ones."""
    for found in subject.located:
        if isinstance(found.state, Map) and not found.state.distributed:
            for attribute, severity in _DISTRIBUTED_ONLY.items():
                if getattr(found.state, attribute) is not ABSENT:
                    yield DISTRIBUTED_ONLY.at(
                        f"{found.path}/{_wire(attribute)}",
                        f"'{_wire(attribute)}' is for Distributed Maps; this one is inline.",
                        'Write "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} into its '
                        "ItemProcessor, or remove the field.",
                        severity=severity,
                    )


def processor_language(subject: Subject) -> Iterator[Finding]:
    """Find processors of a Map that say their query language, which is the whole machine's."""
    for found in subject.located:
        for pointer, region in subregions(found.state) if isinstance(found.state, Map) else ():
            if region.query_language is not ABSENT:
                yield PROCESSOR_LANGUAGE.at(
                    found.path + pointer,
                    "Field 'QueryLanguage' is not supported",
                    "Remove it, or write it into the single states.",
                )


_RESOURCES = {
    "ItemReader": ("arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"),
    "ResultWriter": ("arn:aws:states:::s3:putObject",),
}
_PARTITION = re.compile("^arn:aws[a-z-]*:")


def sources(subject: Subject) -> Iterator[Finding]:
    """Find readers and writers that name what they cannot read from or write to."""
    for found in subject.located:
        for wire, attribute in (("ItemReader", "item_reader"), ("ResultWriter", "result_writer")):
            holder = getattr(found.state, attribute, ABSENT)
            resource = ABSENT if holder is ABSENT else holder.resource
            if resource is ABSENT or "${" in resource or _PARTITION.sub("arn:aws:", resource) in _RESOURCES[wire]:
                continue
            yield UNKNOWN_SOURCE.at(
                f"{found.path}/{wire}/Resource",
                f"The resource provided {resource} is not recognized.",
                f"Write {' or '.join(_RESOURCES[wire])}.",
            )


def label_names(subject: Subject) -> Iterator[Finding]:
    """Find labels with a character that a label may not have."""
    for where, label in _labels(subject):
        if _LABEL_FORBIDS.search(label):
            yield INVALID_LABEL_NAME.at(
                where,
                f"The label '{label}' has a character that a label may not have.",
                "Use letters, digits, - and _.",
            )


def same_labels(subject: Subject) -> Iterator[Finding]:
    """Find labels that another Map has too."""
    seen: dict[str, str] = {}
    for where, label in _labels(subject):
        if label in seen:
            yield DUPLICATE_LABEL_NAME.at(
                where, f"The label '{label}' is used already at {seen[label]}.", "Rename one."
            )
        seen.setdefault(label, where)


def _labels(subject: Subject) -> Iterator[tuple[str, str]]:
    for found in subject.located:
        if isinstance(found.state, Map) and found.state.label is not ABSENT:
            yield f"{found.path}/Label", found.state.label


_MAP = "https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"
_PROCESSOR = "ItemProcessor: {%sStartAt: One, States: {One: {Type: Pass, End: true}}}"
_MODE = "ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}, "
_INLINE, _DISTRIBUTED = _PROCESSOR % "", _PROCESSOR % _MODE
DISTRIBUTED_ONLY = Rule(
    id="DISTRIBUTED_ONLY",
    severity=ERROR,
    summary="A field that only a Distributed Map has stands in an inline one.",
    why="AWS refuses the state machine; tolerated failures alone are ignored, which is a warning.",
    source=_MAP,
    good=f"""
        Each: {{Type: Map, Label: each, {_DISTRIBUTED}, End: true}}
    """,
    bad=f"""
        Each: {{Type: Map, Label: each, {_INLINE}, End: true}}
    """,
    check=distributed_only,
)
PROCESSOR_LANGUAGE = Rule(
    id="PROCESSOR_LANGUAGE",
    severity=ERROR,
    summary="A Map's processor says its query language.",
    why="AWS refuses the state machine: the language is the whole machine's, or a single state's.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html",
    good=f"""
        Each: {{Type: Map, {_INLINE}, End: true}}
    """,
    bad=f"""
        Each: {{Type: Map, {_PROCESSOR % "QueryLanguage: JSONPath, "}, End: true}}
    """,
    check=processor_language,
)
UNKNOWN_SOURCE = Rule(
    id="UNKNOWN_SOURCE",
    severity=ERROR,
    summary="An ItemReader or ResultWriter names what it cannot read from or write to.",
    why="AWS refuses the state machine.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html",
    good=f"""
        Each:
          Type: Map
          ItemReader:
            Resource: arn:aws:states:::s3:listObjectsV2
            Parameters: {{Bucket: flights}}
          {_DISTRIBUTED}
          End: true
    """,
    bad=f"""
        Each:
          Type: Map
          ItemReader:
            Resource: arn:aws:states:::s3:listBuckets
            Parameters: {{Bucket: flights}}
          {_DISTRIBUTED}
          End: true
    """,
    check=sources,
)
INVALID_LABEL_NAME = Rule(
    id="INVALID_LABEL_NAME",
    severity=ERROR,
    summary="A label has a character that a label may not have.",
    why="AWS refuses the state machine.",
    source=_MAP,
    good=f"""
        Each: {{Type: Map, Label: each-route, {_DISTRIBUTED}, End: true}}
    """,
    bad=f"""
        Each: {{Type: Map, Label: each route, {_DISTRIBUTED}, End: true}}
    """,
    check=label_names,
)
DUPLICATE_LABEL_NAME = Rule(
    id="DUPLICATE_LABEL_NAME",
    severity=ERROR,
    summary="Two Maps have one label.",
    why="AWS refuses the state machine.",
    source=_MAP,
    good=f"""
        Each: {{Type: Map, Label: each, {_DISTRIBUTED}, Next: Again}}
        Again: {{Type: Map, Label: again, {_DISTRIBUTED.replace("One", "Two")}, End: true}}
    """,
    bad=f"""
        Each: {{Type: Map, Label: each, {_DISTRIBUTED}, Next: Again}}
        Again: {{Type: Map, Label: each, {_DISTRIBUTED.replace("One", "Two")}, End: true}}
    """,
    check=same_labels,
)
