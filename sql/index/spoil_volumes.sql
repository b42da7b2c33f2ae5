-- Note that the volumes from :first to :last hold words of steps that are gone.
UPDATE volume SET spoilt = 1 WHERE number BETWEEN :first AND :last;
