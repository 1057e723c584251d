-- What the durable engine must remember. Everything else follows from it after a crash.

CREATE TABLE IF NOT EXISTS instances (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    execution_id  TEXT NOT NULL,
    status        TEXT NOT NULL,
    input         TEXT,
    output        TEXT,
    custom_status TEXT,
    created       TEXT NOT NULL,
    updated       TEXT NOT NULL,
    parent        TEXT,
    version       TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS instances_by_created ON instances (created, id);

-- The history of each instance's current execution, one event a row.
CREATE TABLE IF NOT EXISTS history (
    instance_id TEXT NOT NULL,
    position    INTEGER NOT NULL,
    event       TEXT NOT NULL,
    PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;

-- Inboxes: events on their way to an instance; a timer is an event that is due later. What a host
-- works on is leased to it: if it dies, another takes it up when the lease has run out.
CREATE TABLE IF NOT EXISTS messages (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id  TEXT NOT NULL,
    execution_id TEXT,
    due          REAL NOT NULL,
    event        TEXT NOT NULL,
    leased_until REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_by_due ON messages (due);
CREATE INDEX IF NOT EXISTS messages_by_instance ON messages (instance_id, due);

-- Activities to run; a row goes away in the transaction that stores the result.
CREATE TABLE IF NOT EXISTS activities (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id  TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    task_id      INTEGER NOT NULL,
    name         TEXT NOT NULL,
    input        TEXT,
    leased_until REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS activities_by_instance ON activities (instance_id);

-- The schedule monitor of timer triggers.
CREATE TABLE IF NOT EXISTS schedules (
    function TEXT PRIMARY KEY,
    status   TEXT NOT NULL
);
