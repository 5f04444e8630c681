"""The columns of an execution in the SQLite store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Execution

FIXED = (
    "arn",
    "name",
    "machine_arn",
    "machine_name",
    "role_arn",
    "definition_id",
    "region",
    "type",
    "map_run_arn",
    "item_index",
    "item_count",
    "version_arn",
    "alias_arn",
    "trace_header",
    "input",
)
CHANGING = (
    "status",
    "started_at",
    "stopped_at",
    "error",
    "cause",
    "next_branch",
    "last_event_id",
    "transitions",
    "redrive_count",
    "redriven_at",
    "redrive_tokens",
    "output",
)
INSERT = (
    f"INSERT INTO executions (id, {', '.join(FIXED + CHANGING)})"
    f" VALUES ({', '.join('?' * (1 + len(FIXED) + len(CHANGING)))})"
)
UPDATE = f"UPDATE executions SET {', '.join(f'{name} = ?' for name in CHANGING)} WHERE id = ?"
HEADER = ", ".join((*FIXED[:-1], *CHANGING[:-1]))
_ATTRIBUTES = [name.replace("map_run_arn", "parent_map_run_arn") for name in (*FIXED[:-1], *CHANGING[:-1])]


def execution_of(row: Sequence[Any], given: Document, output: str | None) -> Execution:
    """Return the execution of the columns in HEADER."""
    columns = dict(zip(_ATTRIBUTES, row, strict=True))
    tokens = columns["redrive_tokens"]
    columns["redrive_tokens"] = tuple(json.loads(tokens)) if tokens != "[]" else ()
    return Execution(**columns, input=given, output=None if output is None else Document.parse(output))
