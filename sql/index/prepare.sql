-- Make the companion's file what its one writer needs; auto_vacuum holds only if set before WAL.
-- Nothing waits for its disk: what a power cut takes is rebuilt.
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 16777216;
