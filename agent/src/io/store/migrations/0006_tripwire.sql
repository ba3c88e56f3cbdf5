-- What the tripwires of VIFs counted, by their marks: over boots of the router and starts of the agent.
CREATE TABLE tripwire (
    mark TEXT PRIMARY KEY,
    count TEXT NOT NULL
) STRICT;
