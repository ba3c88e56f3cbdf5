-- VIFs whose kill switch a person engaged, and when, Unix milliseconds: a hold outlives a restart and a power cut.
CREATE TABLE hold (
    vif TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT;
