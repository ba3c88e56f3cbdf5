-- The VIFs that the agent keeps, each as JSON of flow::vif::Vif.
CREATE TABLE vif (
    id TEXT PRIMARY KEY,
    vif TEXT NOT NULL
) STRICT;

-- Change sets. `change` is JSON of flow::change_set::Change, both ends of it; `report` JSON of what is said of it.
-- At most one is open: before the first write goes out it is here, and it is closed together with the VIFs that stay.
CREATE TABLE change_set (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    change TEXT NOT NULL,
    direction TEXT NOT NULL,
    report TEXT NOT NULL,
    open INTEGER NOT NULL CHECK (open IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX one_open_change_set ON change_set (open) WHERE open = 1;
