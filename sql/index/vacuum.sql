-- Give back some pages that nothing uses any more, 4 MiB at most.
PRAGMA incremental_vacuum(1024);
-- All is done: what was read for it need not be kept in memory.
PRAGMA shrink_memory;
