-- Keep a new file's journal in memory until it has its log: whoever lists the folder meanwhile
-- finds no file that comes and goes, and what a kill leaves half made is rebuilt.
PRAGMA journal_mode = MEMORY;
