"""The tables of the SQLite store, as an ordered list of migrations.

``PRAGMA user_version`` says how many were applied; it changes in the same transaction as the tables.
Never edit a migration that was released: add one.
"""

from __future__ import annotations

import sqlite3

from stepfunctions.errors import LocalCloudError

_FIRST = (
    """
    CREATE TABLE definitions (
        id TEXT PRIMARY KEY,      -- hash of the text
        text TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE machines (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        definition_id TEXT NOT NULL REFERENCES definitions (id),
        revision_id TEXT NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        status TEXT NOT NULL,
        settings TEXT,            -- JSON
        tags TEXT NOT NULL        -- JSON
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE executions (
        id INTEGER PRIMARY KEY,   -- in the order of their start; what the other tables refer to
        arn TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        machine_arn TEXT NOT NULL,
        machine_name TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        definition_id TEXT NOT NULL,
        region TEXT NOT NULL,
        type TEXT NOT NULL,
        started_at REAL NOT NULL,
        map_run_arn TEXT,
        item_index INTEGER,
        status TEXT NOT NULL,
        stopped_at REAL,
        error TEXT,
        cause TEXT,
        next_branch INTEGER NOT NULL,
        last_event_id INTEGER NOT NULL,
        transitions INTEGER NOT NULL,
        redrive_count INTEGER NOT NULL,
        input TEXT NOT NULL,
        output TEXT
    )
    """,
    "CREATE INDEX executions_of_machine ON executions (machine_arn, id)",
    "CREATE INDEX executions_of_map_run ON executions (map_run_arn, item_index) WHERE map_run_arn IS NOT NULL",
    "CREATE INDEX executions_open ON executions (machine_arn, id) WHERE status = 'RUNNING'",
    """
    CREATE TABLE branches (
        execution INTEGER NOT NULL,
        id INTEGER NOT NULL,
        row TEXT NOT NULL,        -- Branch.to_json
        PRIMARY KEY (execution, id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE events (
        execution INTEGER NOT NULL,
        id INTEGER NOT NULL,
        previous_id INTEGER NOT NULL,
        timestamp REAL NOT NULL,
        type TEXT NOT NULL,
        name TEXT,
        payload,                  -- text; an integer is the id of the event that has the same text
        extra TEXT,               -- JSON
        PRIMARY KEY (execution, id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE timers (
        execution INTEGER NOT NULL,
        branch INTEGER NOT NULL,
        kind TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        due REAL NOT NULL,
        PRIMARY KEY (execution, branch, kind)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE tasks (
        execution INTEGER NOT NULL,
        branch INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        row TEXT NOT NULL,        -- rows.task_to_json
        submitted TEXT,           -- output of TaskSubmitted
        PRIMARY KEY (execution, branch, attempt)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE map_runs (
        id INTEGER PRIMARY KEY,
        arn TEXT NOT NULL UNIQUE,
        execution_arn TEXT NOT NULL,
        row TEXT NOT NULL,        -- rows.map_run_to_json
        status TEXT NOT NULL,
        stopped_at REAL,
        cursor INTEGER NOT NULL,
        exhausted INTEGER NOT NULL,
        total INTEGER,
        running INTEGER NOT NULL,
        succeeded INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        timed_out INTEGER NOT NULL,
        aborted INTEGER NOT NULL,
        max_concurrency INTEGER NOT NULL,
        tolerated_failure_count INTEGER,
        tolerated_failure_percentage REAL
    )
    """,
    "CREATE INDEX map_runs_of_execution ON map_runs (execution_arn, id)",
)

_VERSIONS_AND_ALIASES = (
    """
    CREATE TABLE versions (
        arn TEXT PRIMARY KEY,
        machine_arn TEXT NOT NULL,
        number INTEGER NOT NULL,
        revision_id TEXT NOT NULL,
        definition_id TEXT NOT NULL REFERENCES definitions (id),
        role_arn TEXT NOT NULL,
        settings TEXT,            -- JSON
        description TEXT,
        created_at REAL NOT NULL,
        deleted INTEGER NOT NULL  -- stays, so that its number is not used again
    ) WITHOUT ROWID
    """,
    "CREATE INDEX versions_of_machine ON versions (machine_arn, number)",
    """
    CREATE TABLE aliases (
        arn TEXT PRIMARY KEY,
        machine_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT,
        weights TEXT NOT NULL,    -- JSON: [[version ARN, percent], …]
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX aliases_of_machine ON aliases (machine_arn, name)",
    "ALTER TABLE executions ADD COLUMN version_arn TEXT",
    "ALTER TABLE executions ADD COLUMN alias_arn TEXT",
)

_ITEMS_OF_MAP_RUNS = (
    "ALTER TABLE map_runs ADD COLUMN written INTEGER NOT NULL DEFAULT 0",
    *(
        f"ALTER TABLE map_runs ADD COLUMN {name}_items INTEGER NOT NULL DEFAULT 0"
        for name in ("running", "succeeded", "failed", "timed_out", "aborted", "written")
    ),
    # every child had one item
    "UPDATE map_runs SET running_items = running, succeeded_items = succeeded, failed_items = failed,"
    " timed_out_items = timed_out, aborted_items = aborted",
)

_ACTIVITIES = (
    """
    CREATE TABLE activities (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at REAL NOT NULL,
        encryption TEXT NOT NULL, -- JSON
        tags TEXT NOT NULL        -- JSON
    ) WITHOUT ROWID
    """,
    "ALTER TABLE executions ADD COLUMN trace_header TEXT",
)

_REDRIVE = (
    "ALTER TABLE executions ADD COLUMN item_count INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE executions ADD COLUMN redriven_at REAL",
    "ALTER TABLE executions ADD COLUMN redrive_tokens TEXT NOT NULL DEFAULT '[]'",  # JSON: [[token, time], …]
    "ALTER TABLE map_runs ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0",
    "UPDATE map_runs SET attempt = json_extract(row, '$.attempt')",
    "ALTER TABLE map_runs ADD COLUMN redriven_at REAL",
    *(
        f"ALTER TABLE map_runs ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"
        for name in (
            "redrive_count",
            "redrive_from",
            "redrive_until",
            "pending_redrive",
            "pending_redrive_items",
            "not_redrivable",
            "not_redrivable_items",
        )
    ),
)

LISTED_AT = "COALESCE(stopped_at, redriven_at, started_at)"
"""The time by which an execution is listed."""

_ORDER_OF_LISTS = (
    "DROP INDEX executions_of_machine",
    f"CREATE INDEX executions_of_machine ON executions (machine_arn, {LISTED_AT}, id)",
)

_UNWRITTEN = ("ALTER TABLE map_runs ADD COLUMN unwritten INTEGER NOT NULL DEFAULT 0",)

_FAILED_READERS = ("ALTER TABLE map_runs ADD COLUMN error TEXT", "ALTER TABLE map_runs ADD COLUMN cause TEXT")

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _VERSIONS_AND_ALIASES,
    _ITEMS_OF_MAP_RUNS,
    _ACTIVITIES,
    _REDRIVE,
    _ORDER_OF_LISTS,
    _UNWRITTEN,
    _FAILED_READERS,
)


def migrate(connection: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Bring the database up to date, all or nothing.

    Raises LocalCloudError when it was made by a newer version of this package.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise LocalCloudError(
                f"The database is of schema {version}, this version of stepfunctions-sdk knows {len(migrations)}: "
                "upgrade the package, or use another data directory."
            )
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite may have rolled back itself, as on a full disk
            connection.execute("ROLLBACK")
        raise
