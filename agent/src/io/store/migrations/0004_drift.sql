-- Rows that are owned from changes that are no longer among the change sets, each as JSON of flow::drift::OwnedRow.
CREATE TABLE owned_row (
    number INTEGER PRIMARY KEY,
    row TEXT NOT NULL
) STRICT;

-- What is known of their menus, as JSON of shared::change_set::MenuWords.
CREATE TABLE owned_menu (
    path TEXT PRIMARY KEY,
    words TEXT NOT NULL
) STRICT;

-- The order in which an ordered menu was last found right, as JSON of flow::drift::Order.
CREATE TABLE menu_order (
    path TEXT PRIMARY KEY,
    slots TEXT NOT NULL
) STRICT;

-- The drifts that last, as they were told: JSON of shared::drift::Drift.
CREATE TABLE drift (
    id TEXT PRIMARY KEY,
    drift TEXT NOT NULL
) STRICT;

-- Rows that were put back, by what finds them, and how often: JSON of flow::drift::Fight.
CREATE TABLE fight (
    subject TEXT PRIMARY KEY,
    fight TEXT NOT NULL
) STRICT;
