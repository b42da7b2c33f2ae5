-- Forget the entries of a full-text table; words_0 stands for its name.
INSERT INTO words_0 (words_0) VALUES ('delete-all');
