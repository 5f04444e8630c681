"""The functions there are: rows in the service's database, kept in memory for quick reading."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stepfunctions.local.database import Database
from stepfunctions.local.lambda_.code import Code

MIGRATIONS = (
    """
    CREATE TABLE functions (name TEXT PRIMARY KEY, configuration TEXT NOT NULL, code TEXT NOT NULL,
                            tags TEXT NOT NULL);
    CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL, request_id TEXT NOT NULL,
                         payload BLOB NOT NULL, client_context TEXT, attempts INTEGER NOT NULL, due REAL NOT NULL);
    """,
    """
    CREATE TABLE permissions (function TEXT NOT NULL, id TEXT NOT NULL, statement TEXT NOT NULL,
                              PRIMARY KEY (function, id));
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function at one revision. ``configuration`` has the shape of AWS's FunctionConfiguration."""

    name: str
    configuration: dict[str, Any]
    code: Code
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def revision(self) -> str:
        """Changes with the code and the configuration."""
        return str(self.configuration["RevisionId"])


class FunctionTable:
    """All functions by name. Reads are from memory; a write is durable when the method returns."""

    def __init__(self, database: Database, folder: Callable[[str], Path]) -> None:
        """``folder`` returns where the code of a hash is unpacked."""
        self._database = database
        self._lock = threading.Lock()
        rows = database.read().execute("SELECT * FROM functions")
        self._functions = {row["name"]: _from_row(row, folder) for row in rows}

    def get(self, name: str) -> Function | None:
        """Return the function, or None."""
        return self._functions.get(name)

    def names(self) -> list[str]:
        """Return every name, sorted."""
        with self._lock:
            return sorted(self._functions)

    def folders(self) -> set[Path]:
        """Return the folders that some function's code is in."""
        with self._lock:
            return {function.code.folder for function in self._functions.values()}

    def put(self, function: Function, *, replaces: Function | None) -> bool:
        """Write a function if the present one is still ``replaces`` (None: there is none); else return False."""
        with self._lock:
            if self._functions.get(function.name) is not replaces:
                return False
            code = {
                "folder": str(function.code.folder) if function.code.in_place else None,
                "sha256": function.code.sha256,
                "size": function.code.size,
                "in_place": function.code.in_place,
            }
            with self._database.write() as writer:
                writer.execute(
                    "INSERT OR REPLACE INTO functions VALUES (?, ?, ?, ?)",
                    (function.name, json.dumps(function.configuration), json.dumps(code), json.dumps(function.tags)),
                )
            self._functions[function.name] = function
            return True

    def remove(self, name: str) -> bool:
        """Delete a function and its waiting events; returns whether it was there."""
        with self._lock:
            with self._database.write() as writer:
                writer.execute("DELETE FROM functions WHERE name = ?", (name,))
                writer.execute("DELETE FROM events WHERE function = ?", (name,))
            return self._functions.pop(name, None) is not None


def _from_row(row: Any, folder: Callable[[str], Path]) -> Function:
    code = json.loads(row["code"])
    place = Path(code["folder"]) if code["in_place"] else folder(code["sha256"])
    return Function(
        name=row["name"],
        configuration=json.loads(row["configuration"]),
        code=Code(**{**code, "folder": place}),
        tags=json.loads(row["tags"]),
    )
