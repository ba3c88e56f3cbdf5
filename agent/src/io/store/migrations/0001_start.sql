-- Numbers that are one each: `epoch`, `sequence` (the end of the block handed out), `outbox_dropped`.
-- SQLite's integers are signed; unsigned ones are kept by their bits.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The highest sequence taken of each sender: nothing at or below it is taken again.
CREATE TABLE sender_mark (
    sender TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sealed envelopes that the broker has not acknowledged. Ids only rise: they are the order of delivery.
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sequence INTEGER NOT NULL,
    topic TEXT NOT NULL,
    -- 1 for what is dropped last when there is no room.
    essential INTEGER NOT NULL CHECK (essential IN (0, 1)),
    envelope BLOB NOT NULL,
    created_at INTEGER NOT NULL -- Unix milliseconds
) STRICT;

CREATE INDEX outbox_by_worth ON outbox (essential, id);

-- The certificate that the router showed at first use: SHA-256 of its DER.
CREATE TABLE pin (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32)
) STRICT;
