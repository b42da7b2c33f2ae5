-- The latest entries below :before of a full-text table, words_0 being its name, that hold :words.
SELECT rowid FROM words_0 WHERE words_0 MATCH :words AND rowid < :before
ORDER BY rowid DESC
LIMIT :limit;
