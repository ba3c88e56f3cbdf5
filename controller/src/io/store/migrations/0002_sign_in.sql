-- Who may sign in, and how. Only fingerprints of secrets are kept.
CREATE TABLE account (
    name       TEXT PRIMARY KEY,
    password   TEXT NOT NULL,               -- argon2id in PHC form
    created_at INTEGER NOT NULL             -- Unix milliseconds
) STRICT;

CREATE TABLE token (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    secret     BLOB NOT NULL,               -- SHA-256 of 256 random bits
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

CREATE TABLE session (
    id         TEXT PRIMARY KEY,
    secret     BLOB NOT NULL,               -- SHA-256 of 256 random bits
    account    TEXT REFERENCES account (name) ON DELETE CASCADE,
    token      TEXT REFERENCES token (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    CHECK ((account IS NULL) <> (token IS NULL))
) STRICT;

-- Answers to writes that carried an Idempotency-Key.
CREATE TABLE idempotency (
    who        TEXT NOT NULL,
    key        TEXT NOT NULL,
    route      TEXT NOT NULL,               -- method and path
    body       BLOB NOT NULL,               -- SHA-256
    created_at INTEGER NOT NULL,
    status     INTEGER,                     -- null while it is being done
    answer     BLOB,                        -- null where it held a secret
    PRIMARY KEY (who, key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
