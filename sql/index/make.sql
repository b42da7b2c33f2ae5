-- Make an empty companion: the words and tallies of a database, which can be rebuilt at any time.
-- Numbers are those of the database's sequence, from which ids and revisions come.
CREATE TABLE progress (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    marked INTEGER NOT NULL,        -- extents that steps up to this revision changed are taken out
    removal_id INTEGER NOT NULL,    -- the last removal of a session that is known here
    witness_id INTEGER NOT NULL,    -- a step of the database that this belongs to; 0 before one
    witness_created_at INTEGER NOT NULL
) STRICT;

-- What tallies there are: of 4^level blocks of 16,384 ids, from number * 4^level on.
CREATE TABLE extent (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    ran_from INTEGER,               -- the first and last time at which one ran; null: none is left
    ran_to INTEGER,
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE kind (
    pk INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    trace_type TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,           -- an MCP tool's server, else ''
    UNIQUE (agent, trace_type, name, source)
) STRICT;

-- Steps of one kind that took about as long; what stands here without an extent is void.
CREATE TABLE tally (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind_pk INTEGER NOT NULL REFERENCES kind (pk),
    about_us INTEGER NOT NULL,      -- within 5 %; -1: it is not known how long
    steps INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    total_ms REAL NOT NULL,
    PRIMARY KEY (level, number, kind_pk, about_us)
) STRICT, WITHOUT ROWID;

-- The words of the steps with 65,536 revisions, from number * 65,536 on, in a full-text table named
-- words_<number>_<generation>. Of several generations the lowest is in use, the next being made.
CREATE TABLE volume (
    number INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    filled INTEGER NOT NULL,        -- the last revision whose words are in
    entries INTEGER NOT NULL,
    spoilt INTEGER NOT NULL,        -- 1: holds words of sessions that have been removed
    merged INTEGER NOT NULL,        -- 1: full, and as quick to search as it can be made
    PRIMARY KEY (number, generation)
) STRICT, WITHOUT ROWID;

INSERT INTO progress (only, marked, removal_id, witness_id, witness_created_at)
VALUES (1, 0, 0, 0, 0);
