-- Make way for the tallies of a span.
DELETE FROM tally WHERE level = :level AND number = :number;
