-- Every comment with what became of it, in the order of the log. No viewer ids: a nickname is what the author showed.
SELECT
    c.id,
    strftime(make_timestamp_ms(c.ms), '%Y-%m-%dT%H:%M:%S.%gZ') AS time_utc,
    c.nick,
    c.kind,
    c.text,
    c.status,
    c.machine,
    c.person,
    array_to_string(c.reasons, ' ') AS reasons,
    c.note.claim AS claim,
    q.votes,
    q.progress,
    q.answer,
    c.simulated,
    c.via
FROM comments c
LEFT JOIN questions q USING (id)
ORDER BY c.ms, c.seq;
