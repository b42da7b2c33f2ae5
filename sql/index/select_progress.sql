-- Up to where changes and removals are known; whether (1 or 0) this is the companion of the database
-- beside it: no later one, none that missed removals, and its witness is a step there, or in a
-- session that was removed; and the last number given there.
SELECT
    progress.marked,
    progress.removal_id,
    progress.marked <= ledger.sequence
    AND progress.removal_id <= (SELECT coalesce(max(id), 0) FROM removal)
    AND progress.removal_id >= (SELECT coalesce(min(id), 1) FROM removal) - 1
    AND CASE
        WHEN progress.witness_id = 0 THEN 1
        WHEN step.id IS NOT NULL THEN step.created_at = progress.witness_created_at
        ELSE EXISTS (
            SELECT 1 FROM removal
            WHERE progress.witness_id BETWEEN removal.first_step_id AND removal.last_step_id
        )
    END AS belongs,
    ledger.sequence
FROM progress
CROSS JOIN ledger
LEFT JOIN step ON step.id = progress.witness_id;
