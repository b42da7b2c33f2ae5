-- Count the steps with ids from :first to :last, block :number, by kind and by about how long.
-- Durations are told in bands: of two digits, at most 10 % wide, named by their middle. What took
-- longer than 10^13 microseconds, 115 days, is told as that.
INSERT INTO tally (level, number, kind_pk, about_us, steps, errors, total_ms)
WITH
    timed AS MATERIALIZED (
        SELECT
            kind.pk AS kind_pk,
            step.status = 'error' AS failed,
            coalesce(
                step.duration_ms,
                CASE
                    WHEN step.ended_at >= step.started_at
                    THEN CAST(step.ended_at - step.started_at AS REAL)
                END
            ) AS duration_ms
        FROM step
        JOIN session ON session.pk = step.session_pk
        CROSS JOIN kind
            ON kind.agent = session.agent
            AND kind.trace_type = step.trace_type
            AND kind.name = step.name
            AND kind.source = CASE
                WHEN step.trace_type = 'mcp' THEN coalesce(step.source, '') ELSE ''
            END
        WHERE step.id BETWEEN :first AND :last AND session.removed_at IS NULL
    ),
    -- Materialized, else each comparison below would work out the number again.
    measured AS MATERIALIZED (
        SELECT
            kind_pk, failed, duration_ms,
            CAST(min(duration_ms * 1000 + 0.5, 9999999999999) AS INTEGER) AS micros
        FROM timed
    ),
    banded AS MATERIALIZED (
        SELECT kind_pk, failed, duration_ms, micros, CASE
        WHEN micros < 100 THEN 1
        WHEN micros < 200 THEN 10
        WHEN micros < 500 THEN 20
        WHEN micros < 1000 THEN 50
        WHEN micros < 2000 THEN 100
        WHEN micros < 5000 THEN 200
        WHEN micros < 10000 THEN 500
        WHEN micros < 20000 THEN 1000
        WHEN micros < 50000 THEN 2000
        WHEN micros < 100000 THEN 5000
        WHEN micros < 200000 THEN 10000
        WHEN micros < 500000 THEN 20000
        WHEN micros < 1000000 THEN 50000
        WHEN micros < 2000000 THEN 100000
        WHEN micros < 5000000 THEN 200000
        WHEN micros < 10000000 THEN 500000
        WHEN micros < 20000000 THEN 1000000
        WHEN micros < 50000000 THEN 2000000
        WHEN micros < 100000000 THEN 5000000
        WHEN micros < 200000000 THEN 10000000
        WHEN micros < 500000000 THEN 20000000
        WHEN micros < 1000000000 THEN 50000000
        WHEN micros < 2000000000 THEN 100000000
        WHEN micros < 5000000000 THEN 200000000
        WHEN micros < 10000000000 THEN 500000000
        WHEN micros < 20000000000 THEN 1000000000
        WHEN micros < 50000000000 THEN 2000000000
        WHEN micros < 100000000000 THEN 5000000000
        WHEN micros < 200000000000 THEN 10000000000
        WHEN micros < 500000000000 THEN 20000000000
        WHEN micros < 1000000000000 THEN 50000000000
        WHEN micros < 2000000000000 THEN 100000000000
        WHEN micros < 5000000000000 THEN 200000000000
        WHEN micros < 10000000000000 THEN 500000000000
        WHEN micros < 20000000000000 THEN 1000000000000
        WHEN micros < 50000000000000 THEN 2000000000000
        WHEN micros < 100000000000000 THEN 5000000000000
        END AS width
        FROM measured
    )
SELECT
    0, :number, kind_pk, coalesce(micros - micros % width + width / 2, -1),
    count(*), sum(failed), total(duration_ms)
FROM banded
GROUP BY 3, 4;
