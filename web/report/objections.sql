-- What viewers and moderators did about single comments and people; same meaning as streamhub/state/comments.py.
--   reports     by viewers about somebody else's comment, each viewer once; reported: comments with one or more
--   agreed      reports after which a moderator rejected the comment or added a source card
--   appeals     by authors, once per comment; granted: a moderator then published it; kept: stayed as it was
--   erased      comments that were taken back for good: their words are in the log no more, so nothing else counts them
--   restrictions, restricted  how often somebody was muted, slowed or banned; how many people
WITH reports AS (
    SELECT c.id, f.viewer, min((f.ms, f.seq)) AS place
    FROM facts f
    JOIN comments c ON c.id = f.comment AND (f.ms, f.seq) > (c.ms, c.seq)
    WHERE f.type = 'comment_reported' AND f.viewer <> c.viewer
    GROUP BY c.id, f.viewer
),
appeals AS (
    SELECT c.id, min((f.ms, f.seq)) AS place
    FROM facts f
    JOIN comments c ON c.id = f.comment AND (f.ms, f.seq) > (c.ms, c.seq)
    WHERE f.type = 'appeal_made' AND f.viewer = c.viewer
    GROUP BY c.id
)
SELECT
    (SELECT count(*) FROM reports) AS reports,
    (SELECT count(DISTINCT id) FROM reports) AS reported,
    (
        SELECT count(*) FROM reports JOIN comments c USING (id)
        WHERE c.person IN ('reject', 'annotate') AND c.decided > reports.place
    ) AS agreed,
    (SELECT count(*) FROM appeals) AS appeals,
    (
        SELECT count(*) FROM appeals JOIN comments c USING (id)
        WHERE c.decided > appeals.place
            AND (c.person = 'publish' OR c.person = 'annotate' AND c.machine IS DISTINCT FROM 'annotate')
    ) AS granted,
    (
        SELECT count(*) FROM appeals JOIN comments c USING (id)
        WHERE c.decided > appeals.place AND (c.person = 'reject' OR c.person = 'annotate' AND c.machine = 'annotate')
    ) AS kept,
    (SELECT count(*) FROM facts WHERE type = 'viewer_restricted') AS restrictions,
    (SELECT count(DISTINCT viewer) FROM facts WHERE type = 'viewer_restricted') AS restricted,
    (SELECT count(DISTINCT comment) FROM facts WHERE type = 'comment_erased') AS erased;
