-- Make the table that cuts a text into words as the tables of words do.
CREATE VIRTUAL TABLE IF NOT EXISTS temp.scratch_text USING fts5 (
    words, content = '', tokenize = 'unicode61 remove_diacritics 2'
);
