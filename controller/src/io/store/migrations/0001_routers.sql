-- Routers and what is known of them.
CREATE TABLE router (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,           -- Unix milliseconds
    agent_key   BLOB NOT NULL,              -- the Ed25519 key by which the agent signs
    mqtt_secret BLOB NOT NULL,              -- SHA-256 of the agent's MQTT password, 256 random bits
    settings    TEXT NOT NULL,              -- JSON: where the agent reaches router and broker
    last_seen   INTEGER                     -- Unix milliseconds of our clock
) STRICT;

-- How far each epoch of an agent has been taken. An agent makes a new epoch with a new database; the ones before are
-- then retired, and nothing signed in them is taken any more.
CREATE TABLE agent_mark (
    router  TEXT NOT NULL REFERENCES router (id) ON DELETE CASCADE,
    epoch   BLOB NOT NULL,                  -- 8 bytes, big endian: SQLite's integers have a sign
    event   BLOB NOT NULL,                  -- 8 bytes, big endian: highest sequence of the durable stream
    state   BLOB NOT NULL,                  -- 8 bytes, big endian: highest sequence of a retained state
    retired INTEGER NOT NULL,               -- 1: a newer epoch has been seen
    PRIMARY KEY (router, epoch)
) STRICT, WITHOUT ROWID;

-- The newest state of a router.
CREATE TABLE router_state (
    router TEXT PRIMARY KEY REFERENCES router (id) ON DELETE CASCADE,
    body   TEXT NOT NULL                    -- JSON of shared::router::RouterState
) STRICT;

CREATE TABLE change_set (
    number     INTEGER PRIMARY KEY,         -- the order in which they were made
    id         TEXT NOT NULL UNIQUE,
    router     TEXT NOT NULL REFERENCES router (id) ON DELETE CASCADE,
    state      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body       TEXT NOT NULL                -- JSON of flow::change_set::ChangeSet
) STRICT;
CREATE INDEX change_set_of_router ON change_set (router, number);

CREATE TABLE event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    router     TEXT NOT NULL REFERENCES router (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL,            -- Unix milliseconds of who saw it
    severity   TEXT NOT NULL,
    code       TEXT NOT NULL,
    message    TEXT NOT NULL,
    vif        TEXT,
    change_set TEXT
) STRICT;
CREATE INDEX event_of_router ON event (router, id);

-- The last sequence number that the controller has signed with; one row.
CREATE TABLE sequence (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO sequence (only, last) VALUES (1, 0);

-- Who may sign in at the embedded broker beside controller and agents.
CREATE TABLE mqtt_user (
    name       TEXT PRIMARY KEY,
    secret     BLOB NOT NULL,               -- SHA-256 of 256 random bits
    may_write  INTEGER NOT NULL,            -- 1: may send commands under `bulkhead/+/+/set`
    created_at INTEGER NOT NULL
) STRICT;
