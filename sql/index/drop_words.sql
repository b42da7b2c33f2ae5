-- Remove a full-text table; words_0 stands for its name.
DROP TABLE IF EXISTS words_0;
