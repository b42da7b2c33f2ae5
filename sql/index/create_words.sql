-- Make a full-text table of no step's words; it keeps them, not the texts, and not their places.
-- words_0 stands for its name.
CREATE VIRTUAL TABLE words_0 USING fts5 (
    words, content = '', columnsize = 0, detail = none, tokenize = 'unicode61 remove_diacritics 2'
);
