-- Give back some pages that nothing uses any more, 4 MiB at most.
PRAGMA incremental_vacuum(1024);
