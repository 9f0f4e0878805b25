-- People: different signed viewers who joined or spoke. One browser is one viewer, so somebody with a phone and a
-- laptop counts twice, and a family before one screen once.
-- Simulated: everything this viewer said was simulated, or it said nothing and joined from a replay.
WITH viewers AS (
    SELECT
        viewer,
        count(*) FILTER (type = 'comment_submitted') AS comments,
        count(*) FILTER (type = 'comment_submitted' AND simulated) AS made_up,
        bool_or(via = 'replay') FILTER (type = 'viewer_joined') AS replayed,
        count(*) FILTER (kind = 'question') AS asked
    FROM facts
    WHERE type IN ('viewer_joined', 'comment_submitted')
    GROUP BY viewer
),
marked AS (
    SELECT *, CASE WHEN comments > 0 THEN made_up = comments ELSE coalesce(replayed, false) END AS simulated
    FROM viewers
)
SELECT
    count(*) AS viewers,
    count(*) FILTER (comments > 0) AS spoke,
    count(*) FILTER (asked > 0) AS asked,
    count(*) FILTER (simulated) AS simulated,
    count(*) FILTER (simulated AND comments > 0) AS simulated_spoke
FROM marked;
