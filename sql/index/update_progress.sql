-- Note that the changes up to :marked and all removals are known, and the newest step there is.
UPDATE progress SET
    marked = :marked,
    removal_id = (SELECT coalesce(max(removal.id), 0) FROM removal),
    (witness_id, witness_created_at) = (
        SELECT coalesce(max(step.id), 0), coalesce(max(step.created_at), 0)
        FROM step WHERE step.id = (SELECT max(newest.id) FROM step AS newest)
    );
