-- Make way for the tallies of an extent.
DELETE FROM tally WHERE level = :level AND number = :number;
