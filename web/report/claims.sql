-- Known misconceptions: comments whose source card is in force (the machine's, unless a person decided otherwise),
-- per claim, the most common first, at most $limit. Words and source as they were on the latest card.
SELECT
    note.claim AS claim,
    count(*) AS comments,
    count(*) FILTER (status = 'shown') AS shown,
    count(*) FILTER (simulated) AS simulated,
    arg_max(note.claim_zh, (ms, seq)) AS claim_zh,
    arg_max(note.claim_en, (ms, seq)) AS claim_en,
    arg_max(note.fact_zh, (ms, seq)) AS fact_zh,
    arg_max(note.fact_en, (ms, seq)) AS fact_en,
    arg_max(note.source, (ms, seq)) AS source,
    arg_max(note.url, (ms, seq)) AS url
FROM comments
WHERE note IS NOT NULL
GROUP BY note.claim
ORDER BY comments DESC, note.claim
LIMIT $limit;
