-- How many steps of each kind took how long; MCP tools by server too.
-- Steps are taken as tallies from :extents, a JSON list of [level, number], and one by one from
-- :ranges, a JSON list of [first id, last id]; of one :agent, or (null) of all; of the latter only
-- those that ran at :since (Unix ms) or later.
WITH
    told AS (
        SELECT
            tally.kind_pk, tally.about_us,
            sum(tally.steps) AS steps, sum(tally.errors) AS errors, sum(tally.total_ms) AS total_ms
        FROM json_each(:extents) AS wanted
        CROSS JOIN tally
            ON tally.level = json_extract(wanted.value, '$[0]')
            AND tally.number = json_extract(wanted.value, '$[1]')
        GROUP BY tally.kind_pk, tally.about_us
    ),
    seen AS (
        SELECT
            step.session_pk, step.trace_type, step.name,
            CASE WHEN step.trace_type = 'mcp' THEN coalesce(step.source, '') ELSE '' END AS source,
            step.status,
            coalesce(
                step.duration_ms,
                CASE
                    WHEN step.ended_at >= step.started_at
                    THEN CAST(step.ended_at - step.started_at AS REAL)
                END
            ) AS duration_ms
        FROM json_each(:ranges) AS wanted
        CROSS JOIN step
            ON step.id BETWEEN json_extract(wanted.value, '$[0]')
            AND json_extract(wanted.value, '$[1]')
        WHERE
            coalesce(step.started_at, step.ended_at, step.created_at) >= :since
            AND step.session_pk NOT IN (SELECT pk FROM session WHERE removed_at IS NOT NULL)
    )
SELECT
    kind.trace_type, kind.name, kind.source,
    CASE WHEN told.about_us >= 0 THEN told.about_us / 1000.0 END AS duration_ms,
    told.steps, told.errors, told.total_ms
FROM told
JOIN kind ON kind.pk = told.kind_pk
WHERE :agent IS NULL OR kind.agent = :agent
UNION ALL
SELECT
    seen.trace_type, seen.name, seen.source, seen.duration_ms,
    count(*), sum(seen.status = 'error'), total(seen.duration_ms)
FROM seen
WHERE
    :agent IS NULL
    OR (SELECT session.agent FROM session WHERE session.pk = seen.session_pk) = :agent
GROUP BY seen.trace_type, seen.name, seen.source, seen.duration_ms;
