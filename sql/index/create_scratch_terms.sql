-- Make the table that shows the words into which a text was cut.
CREATE VIRTUAL TABLE IF NOT EXISTS temp.scratch_terms USING fts5vocab (scratch_text, instance);
