-- Forget the text that was cut into words.
INSERT INTO temp.scratch_text (scratch_text) VALUES ('delete-all');
