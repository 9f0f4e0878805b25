-- Trips of a travel campaign, from its facts alone. A trip counts unless its person withdrew it (final), a person's
-- latest review rejected it, or it was logged with doubts and nobody has accepted it yet. Distances are
-- added in whole metres. `people`: different persons with at least one trip that counts.
WITH trips AS (
    SELECT id, ms, seq, person, round_even(km * 1000, 0)::BIGINT AS metres, coalesce(len(review), 0) > 0 AS doubted
    FROM campaign_facts
    WHERE type = 'trip_logged'
),
withdrawn AS (
    SELECT DISTINCT t.id
    FROM campaign_facts f
    JOIN trips t ON t.id = f.trip AND f."by" = t.person AND (f.ms, f.seq) > (t.ms, t.seq)
    WHERE f.type = 'trip_withdrawn'
),
reviewed AS (
    SELECT t.id, arg_max(f.accepted, (f.ms, f.seq)) AS accepted
    FROM campaign_facts f
    JOIN trips t ON t.id = f.trip AND (f.ms, f.seq) > (t.ms, t.seq)
    WHERE f.type = 'trip_reviewed'
    GROUP BY t.id
),
settled AS (
    SELECT
        t.*,
        CASE
            WHEN w.id IS NOT NULL THEN 'withdrawn'
            WHEN r.accepted THEN 'counted'
            WHEN NOT r.accepted THEN 'rejected'
            WHEN t.doubted THEN 'review'
            ELSE 'counted'
        END AS status
    FROM trips t
    LEFT JOIN withdrawn w USING (id)
    LEFT JOIN reviewed r USING (id)
)
SELECT
    count(*) AS logged,
    count(*) FILTER (status = 'counted') AS trips,
    count(*) FILTER (status = 'review') AS review,
    count(*) FILTER (status = 'rejected') AS rejected,
    count(*) FILTER (status = 'withdrawn') AS withdrawn,
    coalesce(sum(metres) FILTER (status = 'counted'), 0)::BIGINT / 1000 AS km,
    count(DISTINCT person) FILTER (status = 'counted') AS people
FROM settled;
