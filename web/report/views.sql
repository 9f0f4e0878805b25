-- The two tables that all figures of a broadcast are counted from; made once per report over `facts`.
-- Same meaning as streamhub/state/comments.py and questions.py (a test holds them equal):
-- the first verdict of the machine counts, or where that was provisional the first revision after it; a person's
-- decision beats it; the latest decision that was not undone counts; a report that hides holds a shown comment until the
-- next decision; whatever names a comment that was not there yet is ignored. Places are (ms, seq).

CREATE TEMP TABLE undone AS
SELECT d.id
FROM facts d
JOIN facts u ON u.type = 'decision_undone' AND u.decision = d.id AND (u.ms, u.seq) > (d.ms, d.seq)
WHERE d.type IN ('comment_decided', 'question_moved')
GROUP BY d.id;

-- comments: one row per submitted comment (questions too).
--   status            waiting | shown | held | rejected, as it is at the end of the log
--   machine, person   the action that each of them gave (null if none); decided: the place of the person's
--   reasons, why      codes in force now; the machine's own codes
--   note              the source card in force
CREATE TEMP TABLE comments AS
WITH submitted AS (
    SELECT id, ms, seq, viewer, nick, text, kind, simulated, via
    FROM facts
    WHERE type = 'comment_submitted'
),
first_judged AS (
    SELECT
        s.id,
        arg_min({action: f.action, reasons: f.reasons, note: f.note}, (f.ms, f.seq)) AS verdict,
        arg_min(coalesce(f.provisional, false), (f.ms, f.seq)) AS provisional,
        min((f.ms, f.seq)) AS place
    FROM facts f
    JOIN submitted s ON s.id = f.comment AND (f.ms, f.seq) > (s.ms, s.seq)
    WHERE f.type = 'comment_judged'
    GROUP BY s.id
),
revised AS (
    SELECT j.id, arg_min({action: f.action, reasons: f.reasons, note: f.note}, (f.ms, f.seq)) AS verdict
    FROM facts f
    JOIN first_judged j ON j.id = f.comment AND j.provisional AND (f.ms, f.seq) > j.place
    WHERE f.type = 'verdict_revised'
    GROUP BY j.id
),
judged AS (
    SELECT j.id, coalesce(r.verdict, j.verdict) AS verdict FROM first_judged j LEFT JOIN revised r USING (id)
),
decided AS (
    SELECT s.id, arg_max({action: f.action, note: f.note}, (f.ms, f.seq)) AS verdict, max((f.ms, f.seq)) AS place
    FROM facts f
    JOIN submitted s ON s.id = f.comment AND (f.ms, f.seq) > (s.ms, s.seq)
    WHERE f.type = 'comment_decided' AND f.id NOT IN (SELECT id FROM undone)
    GROUP BY s.id
),
reported AS (
    SELECT s.id, f.viewer, min((f.ms, f.seq)) AS place, arg_min(f.hides, (f.ms, f.seq)) AS hides
    FROM facts f
    JOIN submitted s ON s.id = f.comment AND (f.ms, f.seq) > (s.ms, s.seq)
    WHERE f.type = 'comment_reported' AND f.viewer <> s.viewer
    GROUP BY s.id, f.viewer
),
hidden AS (
    SELECT id, max(place) AS place FROM reported WHERE hides GROUP BY id
)
SELECT
    s.*,
    j.verdict.action AS machine,
    d.verdict.action AS person,
    d.place AS decided,
    CASE
        WHEN coalesce(d.verdict.action, j.verdict.action) IN ('publish', 'annotate')
            AND (h.place > d.place OR d.place IS NULL AND h.place IS NOT NULL) THEN 'held'
        ELSE CASE coalesce(d.verdict.action, j.verdict.action, '')
        WHEN 'publish' THEN 'shown'
        WHEN 'annotate' THEN 'shown'
        WHEN 'hold' THEN 'held'
        WHEN 'reject' THEN 'rejected'
        ELSE 'waiting'
        END
    END AS status,
    coalesce(j.verdict.reasons, []) AS why,
    CASE
        WHEN coalesce(d.verdict.action, j.verdict.action) IN ('publish', 'annotate')
            AND (h.place > d.place OR d.place IS NULL AND h.place IS NOT NULL) THEN ['reported']
        WHEN d.id IS NULL THEN coalesce(j.verdict.reasons, [])
        ELSE ['person']
    END AS reasons,
    CASE
        WHEN d.id IS NULL THEN j.verdict.note
        WHEN d.verdict.action = 'annotate' THEN d.verdict.note
    END AS note
FROM submitted s
LEFT JOIN judged j USING (id)
LEFT JOIN decided d USING (id)
LEFT JOIN hidden h USING (id);

-- questions: one row per comment of kind question.
--   votes     viewers whose latest vote is up; the asker's own does not count
--   progress  waiting | answering | answered | later | dismissed: the latest move that was not undone
--   moved_at  when that move was made (null while waiting)
CREATE TEMP TABLE questions AS
WITH votes AS (
    SELECT q.id, f.viewer, arg_max(f.up, (f.ms, f.seq)) AS up
    FROM facts f
    JOIN comments q ON q.id = f.question AND q.kind = 'question' AND (f.ms, f.seq) > (q.ms, q.seq)
    WHERE f.type = 'question_voted' AND f.viewer <> q.viewer
    GROUP BY q.id, f.viewer
),
counted AS (
    SELECT id, count(*) FILTER (up) AS votes FROM votes GROUP BY id
),
moved AS (
    SELECT q.id, arg_max({progress: f."to", answer: f.answer, moved_at: f.ms}, (f.ms, f.seq)) AS move
    FROM facts f
    JOIN comments q ON q.id = f.question AND q.kind = 'question' AND (f.ms, f.seq) > (q.ms, q.seq)
    WHERE f.type = 'question_moved' AND f.id NOT IN (SELECT id FROM undone)
    GROUP BY q.id
)
SELECT
    q.id, q.ms, q.seq, q.viewer, q.nick, q.text, q.simulated, q.status,
    coalesce(counted.votes, 0) AS votes,
    coalesce(moved.move.progress, 'waiting') AS progress,
    coalesce(moved.move.answer, '') AS answer,
    moved.move.moved_at AS moved_at
FROM comments q
LEFT JOIN counted USING (id)
LEFT JOIN moved USING (id)
WHERE q.kind = 'question';
