-- What of a router is not as a kept change left it, as its agent last told; what has ended stays for a while.
CREATE TABLE drift (
    number INTEGER PRIMARY KEY,             -- the order in which they were first told
    router TEXT NOT NULL REFERENCES router (id) ON DELETE CASCADE,
    id     TEXT NOT NULL,                   -- the agent's; the same difference may come back under it
    open   INTEGER NOT NULL,                -- 1: it lasts
    body   TEXT NOT NULL,                   -- JSON of shared::drift::Drift
    UNIQUE (router, id)
) STRICT;
