-- How often an undo script of the change was armed on the router: 0 before the first time.
ALTER TABLE change_set ADD COLUMN armed INTEGER NOT NULL DEFAULT 0;
