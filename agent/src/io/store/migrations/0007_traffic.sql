-- The VIFs whose traffic is kept, each with the number that stands for it in the blobs. Numbers are never given twice:
-- what a VIF that is gone left in a blob is nobody's until it is overwritten.
CREATE TABLE traffic_vif (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL -- of the VIF, Unix milliseconds: another VIF of the same id is another
) STRICT;

-- A day of minutes, each row a quarter of an hour of all VIFs: as flow::history::cells writes it. A slot is written
-- again a day later, so that the table does not grow and nothing has to be removed.
CREATE TABLE traffic_minutes (
    slot INTEGER PRIMARY KEY,
    quarter INTEGER NOT NULL, -- since 1970
    cells BLOB NOT NULL
) STRICT;

-- 90 days of quarters of an hour, each row a day of all VIFs.
CREATE TABLE traffic_quarters (
    slot INTEGER PRIMARY KEY,
    day INTEGER NOT NULL, -- since 1970
    cells BLOB NOT NULL
) STRICT;

-- Totals, and what was last seen of the router's counters: flow::traffic::ledger. The minutes of the quarter of an hour
-- that is not over yet are with them, so that an agent that dies neither loses nor counts them twice.
CREATE TABLE traffic_ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    kept BLOB NOT NULL,
    quarter INTEGER NOT NULL,
    cells BLOB NOT NULL
) STRICT;
