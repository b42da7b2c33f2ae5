-- How many steps have a revision from :first to :last.
SELECT
    (
        SELECT count(*) FROM step
        WHERE step.id BETWEEN :first AND :last AND step.revision = step.id
    )
    + (
        SELECT count(*) FROM step
        WHERE step.revision BETWEEN :first AND :last AND step.revision <> step.id
    );
