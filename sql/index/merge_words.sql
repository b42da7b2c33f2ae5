-- Make a full-text table quicker to search, by some :pages of work (below 0 for the first time).
-- words_0 stands for its name.
INSERT INTO words_0 (words_0, rank) VALUES ('merge', :pages);
