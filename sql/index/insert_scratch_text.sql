-- Cut a text into words.
INSERT INTO temp.scratch_text (rowid, words) VALUES (1, :text);
