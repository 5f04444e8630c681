"""The rights that roles lacked, read from a data directory whether its cloud runs or not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from stepfunctions.errors import LocalCloudError


def missing_rights(data_dir: Path) -> list[dict[str, Any]]:
    """Return role, action, resource, first, last (epoch seconds) and times of each. Raises LocalCloudError."""
    file = data_dir.absolute() / "iam.db"
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute("SELECT * FROM missing ORDER BY role, action, resource").fetchall()
    except sqlite3.Error as error:
        raise LocalCloudError(f"Cannot read {file}: {error}") from error
    return [dict(row) for row in rows]
