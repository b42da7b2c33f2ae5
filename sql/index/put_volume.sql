-- Write how far a volume is.
INSERT INTO volume (number, generation, filled, entries, spoilt, merged)
VALUES (:number, :generation, :filled, :entries, :spoilt, :merged)
ON CONFLICT (number, generation) DO UPDATE SET
    filled = excluded.filled,
    entries = excluded.entries,
    spoilt = excluded.spoilt,
    merged = excluded.merged;
