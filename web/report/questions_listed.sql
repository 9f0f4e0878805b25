-- Visible questions with one of these states, most votes first, at most $limit.
SELECT
    id,
    ms AS "at",
    nick,
    text,
    votes,
    progress AS status,
    answer,
    CASE WHEN progress = 'answered' THEN moved_at END AS answered_at,
    CASE WHEN progress = 'answered' THEN (moved_at - ms) / 1000 END AS seconds_to_answer,
    simulated
FROM questions
WHERE status = 'shown' AND list_contains($progress, progress)
ORDER BY votes DESC, questions.ms, questions.seq
LIMIT $limit;
